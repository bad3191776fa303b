"""Files of safetensors."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy


def to_bytes(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """Make the content of a safetensors file.

    The package `safetensors` writes the memory of an array as it lies there, so that parts and
    transposed ones would become other values. Here they are copied first.

    >>> data = to_bytes({"even": np.arange(6)[::2]}, {"kind": "numbers"})
    >>> safetensors.numpy.load(data)["even"]
    array([0, 2, 4])
    """
    dense = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return safetensors.numpy.save(dense, metadata=dict(metadata))


def opened(path: Path) -> safetensors.safe_open:
    """Open a file, for a `with` block.

    Raises:
        OSError: if it cannot be opened; it says why.
        SafetensorError: if it is no such file, or truncated.
    """
    check_readable(path)
    return safetensors.safe_open(path, framework="numpy")


def check_readable(path: Path) -> None:
    """Raise an `OSError` that says why a file cannot be opened, which safetensors does not.

    >>> check_readable(Path("none.safetensors"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'none.safetensors'
    """
    with path.open("rb"):
        pass
