"""Preparation of parameters for many calls."""

import numpy as np
from jax.typing import DTypeLike

from adain_jax.networks import ARCHITECTURES
from adain_jax.networks.params import Params
from adain_jax.ops.convolution import prepare_kernel


def prepare_params(params: Params, architecture: str, backend: str, dtype: DTypeLike) -> Params:
    """Transform kernels for the convolutions of a backend, and cast weights of maps to `dtype`.

    Weights that work on statistics stay in float32.

    >>> import adain_jax
    >>> model = adain_jax.load("fast")
    >>> ready = prepare_params(model.params, model.architecture, "gpu", "bfloat16")
    >>> ready["decoder"]["conv1_2"]["kernel"].dtype.name
    'bfloat16'
    """
    upsampling = ARCHITECTURES[architecture].decoder.upsampling

    def ready(part: str, name: str, layer: Params) -> Params:
        if "matrix" in layer:  # a bridge
            return {"matrix": np.asarray(layer["matrix"]).astype(dtype)}
        if "kernel" not in layer:  # a normalisation or a film, which works on statistics
            return dict(layer)
        kernel = prepare_kernel(
            np.asarray(layer["kernel"]),
            backend=backend,
            dtype=dtype,
            upsample=upsampling.get(name) if part == "decoder" else None,
        )
        return {"kernel": kernel, "bias": np.asarray(layer["bias"]).astype(dtype)}

    prepared = {
        part: {name: ready(part, name, layer) for name, layer in layers.items()}
        for part, layers in params.items()
        if part != "projection"  # it works on statistics, too
    }
    return {**params, **prepared}
