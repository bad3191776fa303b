"""Model files: safetensors with a header of metadata and checksums."""

import hashlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
from flax.traverse_util import unflatten_dict
from jax.typing import DTypeLike

from adain_jax.networks.params import Params, flatten
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.paths import as_path
from adain_jax.runtime.tensors import opened, to_bytes
from adain_jax.runtime.text import check_metadata, one_line

SHIPPED = Path(__file__).parent
DTYPES = ("float16", "bfloat16", "float32", "float64")  # of the weights in a file


class Description(NamedTuple):
    """The header of the file of a model or a style, read without its arrays.

    Attributes:
        path: the file.
        size: the size of the file in bytes.
        parameters: the number of parameters.
        metadata: the strings of the header: `architecture`, `fingerprint`, and further notes.
    """

    path: Path
    size: int
    parameters: int
    metadata: dict[str, str]


def shipped() -> list[str]:
    """The names of the models in the package.

    >>> "vgg16" in shipped()
    True
    """
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors"))


def find(name_or_path: str | os.PathLike) -> Path:
    """The file of a shipped model, by name, or of any model, by path.

    Raises:
        FileNotFoundError: if there is no such model or file.
        ValueError: if the argument is neither a name nor a path.
    """
    given = as_path(name_or_path)
    path = SHIPPED / f"{name_or_path}.safetensors"
    if os.sep in str(name_or_path) or not path.exists():
        path = given
    if not path.is_file():
        raise FileNotFoundError(
            f"no model {str(name_or_path)!r}: neither a file nor one that ships "
            f"({', '.join(shipped())})"
        )
    return path


def describe(name_or_path: str | os.PathLike) -> Description:
    """Read the header of the file of a model or a style.

    Raises:
        FileNotFoundError: if there is no such file, nor a shipped model of that name.
        ValueError: if the file is neither that of a model nor that of a style.

    >>> describe("vgg16").metadata["architecture"]
    'vgg16_film'
    """
    path = find(name_or_path)
    try:
        with opened(path) as file:
            shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} is no safetensors file, or truncated: {one_line(error)}"
        ) from None
    if metadata.get("kind") != "style":
        _check_named(path, metadata)
    parameters = sum(int(np.prod(shape)) for shape in shapes)
    return Description(path, path.stat().st_size, parameters, metadata)


def read(path: Path) -> tuple[Params, dict[str, str]]:
    """Read the parameters in a model file, as float32, and the strings in its header.

    If the file was saved without its encoder, the encoder of a shipped model is used.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if it is not the file of a model, its weights have changed since it was saved,
            or its encoder is in no shipped model.
    """
    try:
        with opened(path) as file:
            metadata = dict(file.metadata() or {})
            flat = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, TypeError, AttributeError) as error:  # such as float8
        raise ValueError(
            f"{path} is no safetensors file, or truncated: {one_line(error)}"
        ) from None
    _check_named(path, metadata)
    _check_tree(path, flat)
    params = unflatten_dict({k: np.asarray(v, np.float32) for k, v in flat.items()}, sep=".")
    whole = dict(params)
    if "encoder" not in params and "fingerprint" in metadata:
        whole["encoder"] = _shipped_encoder(metadata["fingerprint"], str(path))
    for name, part in (("checksum", params), ("fingerprint", whole.get("encoder", {}))):
        if name in metadata and metadata[name] != fingerprint(part):
            raise ValueError(
                f"{path} is damaged: its weights are not those it was saved with, by its {name}"
            )
    return whole, metadata


def write(
    path: str | os.PathLike,
    params: Params,
    architecture: str,
    metadata: Mapping[str, str] | None = None,
    dtype: DTypeLike = np.float16,
    *,
    encoder: bool = True,
) -> None:
    """Write a model file, whole or not at all; with `encoder=False`, without its encoder.

    Raises:
        ValueError: if `dtype` is not one that files have, a weight is finite but not in this dtype,
            a value of `metadata` is no string, or the encoder is left out and no shipped model has
            it.
    """
    path = as_path(path)
    if (kind := jnp.dtype(dtype)).name not in DTYPES:
        raise ValueError(f"the dtype of a file is one of {', '.join(DTYPES)}, not {kind}")
    check_metadata(metadata or {})
    with np.errstate(over="ignore"):  # checked just below
        stored = jax.tree.map(partial(np.asarray, dtype=kind), params)
    full = jax.tree.map(partial(np.asarray, dtype=np.float32), stored)
    kept = flatten(full)
    for name, given in flatten(params).items():
        if not np.array_equal(np.isfinite(given), np.isfinite(kept[name])):
            raise ValueError(f"{path}: {name} has weights that {kind} cannot hold: take float32")
    made_by = fingerprint(full["encoder"])
    if not encoder:
        _shipped_encoder(made_by, "the model")
        stored, full = ({k: v for k, v in x.items() if k != "encoder"} for x in (stored, full))
    header = {
        **(metadata or {}),
        "architecture": architecture,
        "fingerprint": made_by,
        "checksum": fingerprint(full),
    }
    data = to_bytes(flatten(stored), header)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def fingerprint(params: Params) -> str:
    """The first 16 digits of a SHA-256 over names and float32 values."""
    digest = hashlib.sha256()
    for key, value in sorted(flatten(params).items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()[:16]


def _shipped_encoder(made_by: str, name: str) -> Params:
    """Read the encoder with this fingerprint from a shipped model; `name` is for the error."""
    for model in shipped():
        with opened(find(model)) as file:
            keys = [key for key in file.keys() if key.startswith("encoder.")]  # noqa: SIM118
            if keys and (file.metadata() or {}).get("fingerprint") == made_by:
                flat = {key: np.asarray(file.get_tensor(key), np.float32) for key in keys}
                return unflatten_dict(flat, sep=".")["encoder"]
    raise ValueError(
        f"{name} is without its encoder, {made_by!r}, and no model that ships has it: save it whole"
    )


def _check_tree(path: Path, flat: Mapping[str, np.ndarray]) -> None:
    """Raise `ValueError` if arrays are not floating, or their dotted names do not form a tree."""
    for name, array in flat.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise ValueError(f"{path} is no model: {name} is of {array.dtype}, not of numbers")
        parts = name.split(".")
        if len(parts) < 2 or any(".".join(parts[:i]) in flat for i in range(1, len(parts))):
            raise ValueError(f"{path} is no model: {name} is no part of a network")


def _check_named(path: Path, metadata: Mapping[str, str]) -> None:
    if metadata.get("kind") == "style":
        raise ValueError(f"{path} is a style, not a model: give it in place of a painting")
    if "architecture" not in metadata:
        raise ValueError(
            f"{path} does not name its architecture: convert it with `adain-jax convert`"
        )
