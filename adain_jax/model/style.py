"""A style: the statistics that AdaIN takes from an image."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
from jax.core import Tracer
from jax.typing import ArrayLike

from adain_jax.model.arguments import as_array
from adain_jax.model.exported import exportable
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.paths import as_path
from adain_jax.runtime.tensors import opened, to_bytes
from adain_jax.runtime.text import check_metadata

SUFFIX = ".safetensors"  # the suffix of files of styles


@exportable
@partial(
    jax.tree_util.register_dataclass,
    data_fields=["mean", "std"],
    meta_fields=["fingerprint"],
)
@dataclass(frozen=True)
class Style:
    """The channel statistics of one style, or of a batch of styles, in the maps of an encoder.

    It is a pytree, and passes through `jit`, `vmap` and `grad`. `Model.style` makes it; encoding a
    style once and keeping this (8 KB) is cheaper than keeping the picture.

    Attributes:
        mean: the channel means, (C,) or (N, C), float32. C is 963, the number of channels of the
            pixels and of four maps of a VGG.
        std: the channel standard deviations, of the same shape, float32.
        fingerprint: the fingerprint of the encoder that made it; models with another encoder refuse
            the style.
    """

    mean: jax.Array
    std: jax.Array
    fingerprint: str = field(default="")

    @classmethod
    def mix(
        cls, styles: "Sequence[Style]", weights: Sequence[float] | ArrayLike | None = None
    ) -> "Style":
        """Mix several styles: the weighted means of their statistics.

        The statistics enter AdaIN linearly. So one AdaIN with their mixture gives the mixture of
        the feature maps of the single styles (section 7.3 of the paper), in the time of one style.

        Args:
            styles: any number of styles, all made by one model.
            weights: a weight for each style, finite, at least 0, not all 0; they are divided by
                their sum. They may be traced. By default they are equal.

        Raises:
            ValueError: if there is no style, the styles differ in model or shape, or the weights do
                not fit their description.

        >>> import jax.numpy as jnp
        >>> low, high = Style(jnp.zeros(2), jnp.ones(2)), Style(jnp.ones(2), jnp.ones(2))
        >>> print(Style.mix([low, high], [1, 3]).mean)
        [0.75 0.75]
        """
        _check_styles("mix", styles)
        shares = _shares([1.0] * len(styles) if weights is None else weights)
        if shares.shape != (len(styles),):
            raise ValueError(
                f"weights are one number for each of the {len(styles)} styles, not of shape "
                f"{shares.shape}"
            )

        def mean_of(parts: list[jax.Array]) -> jax.Array:
            return jnp.tensordot(shares, jnp.stack(parts), axes=1, precision="highest")

        return cls(
            mean_of([style.mean for style in styles]),
            mean_of([style.std for style in styles]),
            styles[0].fingerprint,
        )

    @classmethod
    def stack(cls, styles: "Sequence[Style]") -> "Style":
        """Stack single styles into a batch, with mean and std (N, C).

        Use it for one style per image of a batch, one per region of masks, or a bank of styles.

        Raises:
            ValueError: if there is no style, or the styles differ in model or shape.

        >>> import jax.numpy as jnp
        >>> Style.stack([Style(jnp.zeros(2), jnp.ones(2))] * 3).mean.shape
        (3, 2)
        """
        _check_styles("stack", styles)
        return jax.tree.map(lambda *parts: jnp.stack(parts), *styles)

    def save(
        self,
        path: str | os.PathLike,
        *,
        metadata: Mapping[str, str] | None = None,
        thumbnail: np.ndarray | None = None,
    ) -> None:
        """Save as a safetensors file of a few KB, whole or not at all.

        `thumbnail`, a small uint8 image (H, W, 3), and `metadata` are stored for people who look at
        the file.

        Raises:
            ValueError: if the name does not end in .safetensors, or `metadata` has a value that is
                no string.

        >>> import tempfile, jax.numpy as jnp
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Style(jnp.zeros(2), jnp.ones(2), "model").save(f"{folder}/calm.safetensors")
        ...     print(Style.load(f"{folder}/calm.safetensors").std)
        [1. 1.]
        """
        path = as_path(path)
        if path.suffix != SUFFIX:
            raise ValueError(f"{path}: a file of a style ends in {SUFFIX}")
        check_metadata(metadata or {})
        arrays = {"mean": np.asarray(self.mean), "std": np.asarray(self.std)}
        if thumbnail is not None:
            arrays["thumbnail"] = thumbnail
        header = {**(metadata or {}), "kind": "style", "fingerprint": self.fingerprint}
        data = to_bytes(arrays, header)
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Style":
        """Load a style from its file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is not the file of a style, or is damaged.
        """
        path = as_path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
        try:
            with opened(path) as file:
                metadata = file.metadata() or {}
                if metadata.get("kind") != "style":
                    raise ValueError(f"{path} is no file of a style: make one by adain-jax style")
                mean, std = (file.get_tensor(name) for name in ("mean", "std"))
        except (safetensors.SafetensorError, TypeError, AttributeError) as error:  # such as float8
            raise ValueError(f"{path} is no safetensors file, or truncated: {error}") from None
        if mean.shape != std.shape or mean.ndim not in (1, 2):
            raise ValueError(f"{path} is no file of a style: mean and std are of no fitting shapes")
        if not (np.isfinite(mean).all() and np.isfinite(std).all()):
            raise ValueError(f"{path} is damaged: not all of its statistics are finite")
        mean, std = jax.device_put((mean.astype(np.float32), std.astype(np.float32)))
        return cls(mean, std, metadata.get("fingerprint", ""))


def check_weights(weights: ArrayLike | Sequence[float]) -> np.ndarray:
    """Divide weights by their sum.

    Raises:
        ValueError: if weights are not finite, are negative, or are all 0.
    """
    given = np.asarray(as_array("weights", weights))
    if np.iscomplexobj(given):
        raise ValueError(f"weights of styles are numbers, not {given.dtype}")
    values = given.astype(np.float64)
    if not (np.isfinite(values.sum()) and (values >= 0).all() and values.sum() > 0):
        raise ValueError(
            f"weights of styles are finite, at least 0 and not all 0, not {values.tolist()}"
        )
    return values / values.sum()


def _check_styles(what: str, styles: Sequence[Style]) -> None:
    if not isinstance(styles, list | tuple) or not all(isinstance(x, Style) for x in styles):
        raise ValueError(f"{what}: give a list of styles, each made by model.style(image)")
    if not styles:
        raise ValueError(f"{what}: give at least one style")
    if len({style.fingerprint for style in styles}) > 1:
        raise ValueError(f"{what}: the styles were made by different models")
    if len({style.mean.shape for style in styles}) > 1:
        raise ValueError(f"{what}: some styles are single, and some are batches of them")


def _shares(weights: ArrayLike | Sequence[float]) -> jax.Array:
    if any(isinstance(weight, Tracer) for weight in jax.tree.leaves(weights)):
        traced = jnp.asarray(weights, jnp.float32)  # their values are not known yet
        return traced / traced.sum()
    return jax.device_put(check_weights(weights).astype(np.float32))
