"""A style: what AdaIN takes from a picture."""

from dataclasses import dataclass, field
from functools import partial

import jax


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["mean", "std"],
    meta_fields=["fingerprint"],
)
@dataclass(frozen=True)
class Style:
    """The channel statistics of one style, or of a batch, on the maps on which AdaIN works.

    A pytree: it passes through `jit`, `vmap` and `grad`. `Model.style` makes it; encoding a style
    once and keeping this (4 KB) is cheaper than keeping the picture.

    Attributes:
        mean: channel means, (C,) or (N, C), float32; C is 512 for a VGG, and for `fast` the sum
            over its three maps, 224.
        std: channel standard deviations, the same shape.
        fingerprint: that of the model whose encoder made it; other models refuse it.
    """

    mean: jax.Array
    std: jax.Array
    fingerprint: str = field(default="")
