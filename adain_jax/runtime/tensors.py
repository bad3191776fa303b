"""The bytes of safetensors files."""

from collections.abc import Mapping

import numpy as np
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
