"""Colour statistics of whole images."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from adain_jax.ops.statistics import channel_stats


def coral(source: ArrayLike, target: ArrayLike) -> jax.Array:
    """Give `source` the colours of `target`: CORAL (Sun et al. 2016), as the paper's code has it.

    The colours of `source`, standardised, are whitened by the symmetric root of their correlation
    (the sum over pixels, plus the identity), coloured by that of the target's, and given the
    target's means and standard deviations (n - 1). Not clipped. The gradient is not finite where
    two eigenvalues of a correlation are equal, as they are for a grey image.

    Args:
        source: (H, W, 3), floating.
        target: (H', W', 3), floating, in the same range.

    Returns:
        (H, W, 3), the dtype of `source`.

    Raises:
        ValueError: if either is not floating (H, W, 3).

    >>> import jax
    >>> style, content = jax.random.uniform(jax.random.key(0), (2, 8, 8, 3))
    >>> coral(style, content).shape
    (8, 8, 3)
    """
    source, target = jnp.asarray(source), jnp.asarray(target)
    for name, image in (("source", source), ("target", target)):
        if image.ndim != 3 or image.shape[-1] != 3:
            raise ValueError(f"coral: {name} is (H, W, 3), not {image.shape}")
    colors, _, _ = _standardize(source)
    target_colors, mean, std = _standardize(target)
    # Accelerators would round the operands of a product to bfloat16 or tf32.
    with jax.default_matmul_precision("highest"):
        recolored = colors @ _root(colors, -0.5) @ _root(target_colors, 0.5)
    return (recolored * std + mean).reshape(source.shape).astype(source.dtype)


def _standardize(image: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    mean, std = channel_stats(image, ddof=1, eps=1e-12)
    return ((image.astype(jnp.float32) - mean) / std).reshape(-1, 3), mean, std


def _root(colors: jax.Array, power: float) -> jax.Array:
    """The symmetric matrix power of X^T X + I, for (pixels, 3)."""
    correlation = colors.T @ colors
    values, vectors = jnp.linalg.eigh(correlation + jnp.eye(3, dtype=colors.dtype))
    return (vectors * values**power) @ vectors.T
