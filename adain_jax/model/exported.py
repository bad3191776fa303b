"""Pytrees that `jax.export` can write into a file."""

import json
from typing import TypeVar

from jax import export

Kind = TypeVar("Kind", bound=type)


def exportable(kind: Kind) -> Kind:
    """Register a pytree dataclass, whose static fields JSON can represent, with `jax.export`."""
    export.register_pytree_node_serialization(
        kind,
        serialized_name=f"adain_jax.{kind.__name__}",
        serialize_auxdata=lambda fields: json.dumps(fields).encode(),
        deserialize_auxdata=lambda data: tuple(json.loads(data)),
    )
    return kind
