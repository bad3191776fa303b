"""Checks of a network's parameters."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict

from adain_jax.networks import ARCHITECTURES, initialize

Params = dict[str, Any]


def check_params(params: Params, architecture: str) -> None:
    """Raise one `ValueError` naming all parameters missing, unexpected or of the wrong shape.

    The encoder may be the only part that is there, or the only part that is missing. An unknown
    architecture is a `ValueError`, too.
    """
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"unknown architecture {architecture!r}; known: {known}")
    shapes = jax.eval_shape(lambda: initialize(architecture, jax.random.key(0)))
    complete = "decoder" in params
    expected = {x: shapes[x] for x in shapes if x in params or (complete and x != "encoder")}
    found = {key: np.shape(value) for key, value in flatten(params).items()}
    wanted = {key: value.shape for key, value in flatten(expected).items()}
    check_shapes(found, wanted, f"{architecture} weights")


def check_vgg(architecture: str) -> None:
    """Raise `ValueError` if an architecture is not a VGG, whose maps the losses use."""
    if "relu4_1" not in ARCHITECTURES[architecture].levels:
        raise ValueError(f"{architecture} is no VGG, of which the losses are: take vgg16")


def flatten(tree: Params) -> Params:
    """The leaves of nested dictionaries, by their keys joined by dots."""
    return dict(flatten_dict(tree, sep="."))


def check_shapes(found: Mapping[str, tuple], wanted: Mapping[str, tuple], what: str) -> None:
    """Raise one `ValueError` for `what` that lists every difference between two sets of shapes."""
    problems = [f"missing {key}" for key in wanted if key not in found]
    problems += [f"unexpected {key}" for key in found if key not in wanted]
    problems += [
        f"{key} is {tuple(found[key])}, not {tuple(wanted[key])}"
        for key in wanted
        if key in found and tuple(found[key]) != tuple(wanted[key])
    ]
    if problems:
        raise ValueError(f"these are not {what}: {'; '.join(problems)}")
