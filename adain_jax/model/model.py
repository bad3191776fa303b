"""The model: encoder, AdaIN and decoder with their weights, as one pytree."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from adain_jax.model.arguments import check_alpha, check_image, check_masks
from adain_jax.model.buckets import cells, in_bucket
from adain_jax.model.style import Style
from adain_jax.model.transfer import STRIDE, Features, transfer
from adain_jax.networks import ARCHITECTURES
from adain_jax.networks.layers import Size
from adain_jax.networks.params import Params, check_params
from adain_jax.ops.convolution import prepare_kernel
from adain_jax.ops.statistics import ChannelStats, channel_stats
from adain_jax.weights import store


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params"],
    meta_fields=["architecture", "fingerprint"],
)
@dataclass(frozen=True)
class Model:
    """A style transfer network with its weights.

    A pytree whose leaves are the weights: pass it to `jit`, `pmap` or `vmap`, `tree_map` over it.

    Attributes:
        params: `{"encoder": ..., "decoder": ...}` as Flax has them, float32. A model without a
            decoder can be trained, not used.
        architecture: a name of `adain_jax.networks.ARCHITECTURES`.
        fingerprint: of the encoder's weights; says which styles fit.

    >>> import adain_jax, numpy as np
    >>> model = adain_jax.load("vgg16")
    >>> style = model.style(np.zeros((32, 32, 3), np.uint8))
    >>> model.stylize(np.zeros((20, 30, 3), np.uint8), style, alpha=0.5).shape
    (20, 30, 3)
    """

    params: Params
    architecture: str
    fingerprint: str

    @classmethod
    def create(cls, architecture: str, encoder: Params, decoder: Params | None = None) -> "Model":
        """A model from the parameters of its networks, which are checked.

        Raises:
            ValueError: if `architecture` is unknown, or naming every parameter that is missing,
                unexpected or of the wrong shape.
        """
        params = {"encoder": encoder} | ({} if decoder is None else {"decoder": decoder})
        check_params(params, architecture)
        params = jax.tree.map(partial(np.asarray, dtype=np.float32), params)
        fingerprint = store.fingerprint(params["encoder"])
        # Not traced even when called under jit, where the first `stylize` may load the weights.
        with jax.ensure_compile_time_eval():
            return cls(jax.device_put(params), architecture, fingerprint)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike = "vgg16") -> "Model":
        """Load a model that ships with the package, or one saved in a safetensors file.

        Raises:
            FileNotFoundError: if there is no such file, nor a shipped model of that name.
            ValueError: if the file is not a model's, or damaged.
        """
        path = store.find(name_or_path)
        params, metadata = store.read(path)
        try:
            return cls.create(
                metadata["architecture"], params.get("encoder", {}), params.get("decoder")
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @property
    def dtype(self) -> Any:
        """In which `style` and `stylize` run the networks: float32, unless prepared for another."""
        return self.params["encoder"]["conv1_1"]["bias"].dtype

    def prepare(self, *, backend: str | None = None, dtype: Any = jnp.float32) -> "Model":
        """The model made ready to run: nothing that depends on the weights alone is done again.

        On a CPU the kernels are transformed for Winograd's convolution, which takes six times the
        memory (about 100 MB for a VGG). The results are the same. The model prepared can be used,
        and given to transformations, like any other, but not saved.

        Args:
            backend: where it will run, such as "cpu" or "gpu"; by default JAX's own.
            dtype: of weights and networks; bfloat16 is for accelerators. Statistics stay in
                float32.

        Raises:
            ValueError: if the model was prepared before; prepare the one that was loaded.

        >>> import adain_jax, numpy as np
        >>> model = adain_jax.load("vgg16").prepare()
        >>> style = model.style(np.zeros((32, 32, 3), np.uint8))
        >>> model.stylize(np.zeros((20, 30, 3), np.uint8), style).shape
        (20, 30, 3)
        """
        backend = backend or jax.default_backend()
        upsampling = ARCHITECTURES[self.architecture].decoder.upsampling

        def ready(part: str, name: str, layer: Params) -> Params:
            if "kernel" not in layer:  # a normalisation's
                return layer
            kernel = prepare_kernel(
                np.asarray(layer["kernel"]),
                backend=backend,
                dtype=dtype,
                upsample=part == "decoder" and name in upsampling,
            )
            return {"kernel": kernel, "bias": np.asarray(layer["bias"]).astype(dtype)}

        params = {
            part: {name: ready(part, name, layer) for name, layer in layers.items()}
            for part, layers in self.params.items()
        }
        with jax.ensure_compile_time_eval():
            return replace(self, params=jax.device_put(params))

    def save(
        self,
        path: str | os.PathLike,
        *,
        metadata: Mapping[str, str] | None = None,
        dtype: Any = np.float16,
    ) -> None:
        """Save as one safetensors file, in float16 unless told otherwise, whole or not at all.

        `metadata` adds strings to the architecture and the checksums in the file's header.
        Raises `ValueError` for a model that `prepare` made.
        """
        check_params(self.params, self.architecture)
        store.write(path, self.params, self.architecture, metadata, dtype)

    def encode(self, images: jax.Array, size: Size = None) -> Features:
        """The maps on which AdaIN works, by name, of float images (N, H, W, 3) in [0, 1].

        For a VGG relu4_1 (N, ceil(H/8), ceil(W/8), 512); for `fast` conv1_2, conv2_2 and conv3_2,
        of 32, 64 and 128 channels at a half, a quarter and an eighth of the size. Sizes that are no
        multiples of 8 are extended by reflection. `size` is the height and width, multiples of 8,
        of a picture in the upper left of `images`, if it does not fill them; it may be traced.
        """
        taps = self.taps(images, size)
        return {name: taps[name] for name in ARCHITECTURES[self.architecture].levels}

    @jax.jit
    def taps(self, images: jax.Array, size: Size = None) -> dict[str, jax.Array]:
        """The encoder's feature maps by name, for a VGG the four of the losses."""
        encoder = ARCHITECTURES[self.architecture].encoder
        return encoder.apply({"params": self.params["encoder"]}, _pad_to_stride(images), size)  # type: ignore[return-value]

    def style_of(self, features: Features, where: Features | None = None) -> Style:
        """The styles (N, C) of what `encode` gives; `where`: booleans by name, cells that count.

        Raises `ValueError` if the decoder takes the style's features as they are.
        """
        if ARCHITECTURES[self.architecture].concatenates:
            raise ValueError(
                f"{self.architecture} has no styles but feature maps: decode the features of a "
                "content and a style, concatenated"
            )
        stats = [
            channel_stats(x, where=where[name] if where else None) for name, x in features.items()
        ]
        mean, std = (jnp.concatenate(parts, -1) for parts in zip(*stats, strict=True))
        return Style(mean, std, self.fingerprint)

    def transfer(self, features: Features, style: Style, alpha: ArrayLike = 1.0) -> Features:
        """AdaIN (equation 8), blended with the content's own features by `alpha` (equation 14).

        Takes what `encode` gives, and returns the like.
        """
        return transfer(features, ChannelStats(style.mean, style.std), alpha)

    @jax.jit
    def decode(self, features: Features, size: Size = None) -> jax.Array:
        """Images (N, H, W, 3), H and W multiples of 8, from features; not clipped.

        `size` is as for `encode`.
        """
        if "decoder" not in self.params:
            raise ValueError(
                "this model has no decoder: train one with scripts/train.py, starting from it"
            )
        decoder = ARCHITECTURES[self.architecture].decoder
        cells = size and (size[0] // STRIDE, size[1] // STRIDE)
        return decoder.apply({"params": self.params["decoder"]}, features, cells)  # type: ignore[return-value]

    def style(self, images: ArrayLike) -> Style:
        """The style of an image (H, W, 3), or of each in a batch (N, H, W, 3).

        Takes uint8, or floats in [0, 1]. Raises `ValueError` for anything else.
        """
        return _style(self, check_image("style", images))

    def style_of_any_size(self, image: ArrayLike) -> Style:
        """`style` of one image (H, W, 3), compiled once for all sizes of a bucket.

        The result is that of `style`, to rounding. Not for use under a transformation.
        """
        image = check_image("style", image)
        if image.ndim == 4:
            raise ValueError("style_of_any_size takes one image (H, W, 3), not a batch")
        image, size = in_bucket(image, STRIDE)
        return _style_in_bucket(self, image, size)

    def stylize_any_size(
        self,
        content: ArrayLike,
        style: Style,
        alpha: ArrayLike = 1.0,
        *,
        masks: ArrayLike | None = None,
        extrapolate: bool = False,
    ) -> np.ndarray:
        """`stylize` of one image (H, W, 3), compiled once for all sizes of a bucket.

        For folders of images of many sizes: of sides up to 2048 there are 16 buckets. The picture
        is computed in the upper left of an array of one of these sizes (`model.buckets`), with
        the reflection of its own edges in every layer and statistics of its own cells, and so is
        that of `stylize`, to rounding. The array's sides are up to a quarter longer than the
        picture's (from 256 pixels on), and so the work up to half as much again. Not for use under
        a transformation.

        >>> import adain_jax, numpy as np
        >>> model = adain_jax.load("vgg16")
        >>> style = model.style_of_any_size(np.zeros((33, 35, 3), np.uint8))
        >>> model.stylize_any_size(np.zeros((20, 30, 3), np.uint8), style).shape
        (20, 30, 3)
        """
        content = check_image("content", content)
        if content.ndim == 4:
            raise ValueError("stylize_any_size takes one image (H, W, 3), not a batch")
        masks = self.check_stylize(content, style, alpha, masks, extrapolate=extrapolate)
        height, width = content.shape[:2]
        padded, size = in_bucket(content, STRIDE)

        def fill(maps: ArrayLike) -> jax.Array:
            maps = np.asarray(maps)
            rest = [(0, a - b) for a, b in zip(padded.shape, maps.shape[-2:], strict=False)]
            return jnp.asarray(np.pad(maps, [(0, 0)] * (maps.ndim - 2) + rest, mode="edge"))

        alpha = np.asarray(alpha, np.float32)
        image = _stylize_in_bucket(
            self,
            padded,
            size,
            style,
            fill(alpha) if alpha.ndim > 1 else jnp.asarray(alpha),
            None if masks is None else fill(masks),
        )
        return np.asarray(image)[:height, :width]

    def stylize(
        self,
        content: ArrayLike,
        style: Style,
        alpha: ArrayLike = 1.0,
        *,
        masks: ArrayLike | None = None,
        extrapolate: bool = False,
    ) -> jax.Array:
        """Give images the style.

        Args:
            content: (H, W, 3) or (N, H, W, 3), uint8, or floating in [0, 1]; any size.
            style: one style, or one for each image of the batch; or, with `masks`, a batch of one
                for each region (`Style.stack`).
            alpha: 0 keeps the content (as the decoder renders it), 1 is the full style; a number,
                one for each image (N,), with masks for each region (K,), or a map of strengths
                (H, W) or (N, H, W). May be traced.
            masks: regions, each for a style of its own, of all images alike (`vmap` gives each its
                own): (K, H, W), booleans or floating in [0, 1], or labels (H, W), integers of which
                k is the region of style k - 1, and 0 is none. With one style more than there are
                masks, the last is for what they leave over; else the photograph stays there as it
                is. Hard edges, of booleans and labels, are those of cells of 8 pixels, as in the
                paper's own code; soft ones are as soft as they are drawn. Where masks overlap,
                styles are averaged. May be traced.
            extrapolate: allow strengths up to 2, which exaggerate the style.

        Returns:
            The shape and dtype of `content`.

        Raises:
            ValueError: if an argument is not as said, a mask is empty, or the style is another
                model's.
        """
        content = check_image("content", content)
        masks = self.check_stylize(content, style, alpha, masks, extrapolate=extrapolate)
        return _stylize(self, content, style, jnp.asarray(alpha, jnp.float32), masks)

    def check_stylize(
        self,
        content: jax.Array,
        style: Style,
        alpha: ArrayLike,
        masks: ArrayLike | None,
        *,
        extrapolate: bool,
    ) -> jax.Array | None:
        """Raise what `stylize` does for bad arguments; else the masks, one for each style."""
        if not isinstance(style, Style):
            raise ValueError("style is a Style: make it by model.style(image)")
        if style.fingerprint != self.fingerprint:
            raise ValueError(
                f"the style was made by another model (its encoder is {style.fingerprint!r}, this "
                f"one's {self.fingerprint!r}): make it again with this model"
            )
        if masks is not None:
            if style.mean.ndim != 2:
                raise ValueError(
                    "with masks, style is a batch, one for each region: make it by Style.stack"
                )
            check_alpha(alpha, content, extrapolate=extrapolate, regions=len(style.mean))
            return check_masks(masks, content, len(style.mean))
        check_alpha(alpha, content, extrapolate=extrapolate)
        batch = content.shape[0] if content.ndim == 4 else None
        if style.mean.ndim > 1 and style.mean.shape[0] not in (1, batch):
            raise ValueError(
                f"{style.mean.shape[0]} styles for "
                f"{'one image' if batch is None else f'{batch} images'}: give one, or one for each"
            )
        return None


@jax.jit
def _style_in_bucket(model: Model, image: jax.Array, size: tuple) -> Style:
    features = model.encode(to_float(image[None]).astype(model.dtype), size)
    style = model.style_of(features, cells(size, image, features))
    return jax.tree.map(lambda x: x[0], style)


@jax.jit
def _stylize_in_bucket(
    model: Model,
    content: jax.Array,
    size: tuple,
    style: Style,
    alpha: jax.Array,
    masks: jax.Array | None,
) -> jax.Array:
    batch = to_float(content[None])
    features = model.encode(batch.astype(model.dtype), size)
    where = cells(size, content, features)
    stats = ChannelStats(style.mean, style.std)
    features = transfer(features, stats, alpha, masks=masks, where=where)
    images = finish(model.decode(features, size), batch, masks)
    return from_float(images, content.dtype)[0]


@jax.jit
def _style(model: Model, images: jax.Array) -> Style:
    batch = to_float(images if images.ndim == 4 else images[None]).astype(model.dtype)
    style = model.style_of(model.encode(batch))
    return style if images.ndim == 4 else jax.tree.map(lambda x: x[0], style)


@jax.jit
def _stylize(
    model: Model, content: jax.Array, style: Style, alpha: jax.Array, masks: jax.Array | None
) -> jax.Array:
    batch = to_float(content if content.ndim == 4 else content[None])
    features = model.encode(batch.astype(model.dtype))
    features = transfer(features, ChannelStats(style.mean, style.std), alpha, masks=masks)
    images = model.decode(features)[:, : batch.shape[1], : batch.shape[2]]
    images = from_float(finish(images, batch, masks), content.dtype)
    return images if content.ndim == 4 else images[0]


def finish(images: jax.Array, contents: jax.Array, masks: jax.Array | None) -> jax.Array:
    """What the decoder makes, clipped, and the photograph where no mask is; all floating."""
    images = jnp.clip(images, 0, 1).astype(contents.dtype)
    if masks is None:
        return images
    covered = jnp.minimum(masks.astype(images.dtype).sum(0), 1)[..., None]
    return jnp.where(covered > 0, contents + covered * (images - contents), contents)


def _pad_to_stride(images: jax.Array) -> jax.Array:
    """Extend H and W of (N, H, W, 3) to multiples of 8 by reflection, at the bottom and right."""
    for axis in (1, 2):
        size = images.shape[axis]
        index = np.pad(np.arange(size), (0, -size % STRIDE), mode="reflect")[size:]
        if index.size:
            images = jnp.concatenate([images, jnp.take(images, index, axis)], axis)
    return images


def to_float(images: jax.Array) -> jax.Array:
    """Images of uint8, or floating in [0, 1], as float32 in [0, 1]."""
    if images.dtype == jnp.uint8:
        return images.astype(jnp.float32) / 255
    return images.astype(jnp.float32)


def from_float(images: jax.Array, dtype: Any) -> jax.Array:
    """Images in [0, 1] as `dtype`, uint8 or floating."""
    if dtype == jnp.uint8:
        return jnp.round(images * 255).astype(jnp.uint8)
    return images.astype(dtype)
