"""The model: encoder and decoder with their weights, as one pytree."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from adain_jax.model.arguments import check_image
from adain_jax.model.exported import exportable
from adain_jax.model.prepared import prepare_params
from adain_jax.model.style import Style
from adain_jax.model.transfer import STRIDE, Features, statistics
from adain_jax.networks import ARCHITECTURES, PIXELS, TAPS, TOLD
from adain_jax.networks.layers import Size
from adain_jax.networks.params import Params, check_params
from adain_jax.ops.pixels import to_float
from adain_jax.ops.resampling import fill_up
from adain_jax.ops.statistics import ChannelStats
from adain_jax.weights import store


@exportable
@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params"],
    meta_fields=["architecture", "fingerprint", "prepared"],
)
@dataclass(frozen=True)
class Model:
    """A style transfer network with its weights.

    It is a pytree whose leaves are the weights, for `jit`, `pmap`, `vmap` and `tree_map`.
    `adain_jax.stylize` makes pictures with it.

    Attributes:
        params: Flax parameters `{"encoder": ..., "decoder": ...}`, float32. `fast`, whose encoder
            is for styles alone, also has "content" and "projection". A model without a decoder can
            be trained, but makes no pictures.
        architecture: a name of `adain_jax.networks.ARCHITECTURES`.
        fingerprint: a hash of the encoder's weights, which says which styles fit.
        prepared: whether `prepare` made it; a prepared model makes pictures, but cannot be saved.

    >>> import adain_jax, numpy as np
    >>> model = adain_jax.load("vgg16")
    >>> style = model.style(np.zeros((32, 32, 3), np.uint8))
    >>> adain_jax.stylize(np.zeros((20, 30, 3), np.uint8), style, model=model).shape
    (20, 30, 3)
    """

    params: Params
    architecture: str
    fingerprint: str
    prepared: bool = False

    @classmethod
    def create(
        cls, architecture: str, encoder: Params, decoder: Params | None = None, **others: Params
    ) -> "Model":
        """Make a model from the parameters of its networks, and check them.

        `others` are the parameters of further parts: "content" and "projection".

        Raises:
            ValueError: if `architecture` is unknown, or if a parameter is missing, unexpected or
                has the wrong shape; the message names every such parameter.
        """
        decoders = {} if decoder is None else {"decoder": decoder}
        return cls._of(architecture, {"encoder": encoder, **decoders, **others})

    @classmethod
    def _of(cls, architecture: str, params: Params) -> "Model":
        check_params(params, architecture)
        params = jax.tree.map(partial(np.asarray, dtype=np.float32), params)
        fingerprint = store.fingerprint(params["encoder"])
        # The arrays must not be traced under `jit`, where the first `stylize` may load the weights.
        with jax.ensure_compile_time_eval():
            return cls(jax.device_put(params), architecture, fingerprint)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike = "vgg16") -> "Model":
        """Load a model that ships with the package, or one saved in a safetensors file.

        Raises:
            FileNotFoundError: if there is no such file, nor a shipped model of that name.
            ValueError: if the file is not the file of a model, or is damaged.
        """
        path = store.find(name_or_path)
        params, metadata = store.read(path)
        try:
            return cls._of(metadata["architecture"], {"encoder": {}, **params})
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @property
    def dtype(self) -> np.dtype:
        """The dtype in which the networks run: float32, unless `prepare` was given another."""
        encoder = self.params.get("content") or self.params["encoder"]
        return encoder["conv1_1"]["bias"].dtype

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of each map of a style's statistics: the pixels and four maps of the VGG."""
        layers = [self.params["encoder"][tap.replace("relu", "conv")] for tap in TAPS]
        return (3, *(layer["bias"].shape[-1] for layer in layers))

    def prepare(self, *, backend: str | None = None, dtype: DTypeLike = jnp.float32) -> "Model":
        """Prepare the model for many calls: work that depends only on the weights is done once.

        On a CPU the kernels are transformed for Winograd's convolution, which takes five times the
        memory (about 130 MB for a VGG). The results are the same. A prepared model can be used and
        passed to transformations like any other, but not saved.

        Args:
            backend: the backend that it will run on, such as "cpu" or "gpu"; by default that of
                JAX.
            dtype: dtype of weights and networks; bfloat16 is for accelerators. Statistics stay in
                float32.

        Raises:
            ValueError: if the model was prepared before, or `dtype` is not floating.

        >>> import adain_jax, numpy as np
        >>> model = adain_jax.load("vgg16").prepare()
        >>> style = model.style(np.zeros((32, 32, 3), np.uint8))
        >>> adain_jax.stylize(np.zeros((20, 30, 3), np.uint8), style, model=model).shape
        (20, 30, 3)
        """
        if self.prepared:
            raise ValueError("the model was prepared before: prepare the one that was loaded")
        _check_floating(dtype)
        params = prepare_params(
            self.params, self.architecture, backend or jax.default_backend(), dtype
        )
        with jax.ensure_compile_time_eval():
            return replace(self, params=jax.device_put(params), prepared=True)

    def save(
        self,
        path: str | os.PathLike,
        *,
        metadata: Mapping[str, str] | None = None,
        dtype: DTypeLike = np.float16,
        encoder: bool = True,
    ) -> None:
        """Save as one safetensors file, whole or not at all, by default in float16.

        `metadata` adds strings to the header of the file, beside the architecture and the
        checksums. With `encoder=False` the file has no encoder, and loading takes it from a shipped
        model that has the same one.

        Raises:
            ValueError: if `prepare` made the model, if an argument does not fit its description, or
                if no shipped model has the encoder that is left out.
        """
        if self.prepared:
            raise ValueError("a prepared model cannot be saved: save the one that was loaded")
        check_params(self.params, self.architecture)
        _check_floating(dtype)
        store.write(path, self.params, self.architecture, metadata, dtype, encoder=encoder)

    @jax.jit
    def encode(self, images: jax.Array, size: Size = None) -> Features:
        """Encode contents (N, H, W, 3) in [0, 1] to the maps, by name, that `transfer` takes.

        For a VGG these are the maps of `style_maps`; for `fast` they are conv1_2, conv2_2 and
        conv3_2, with 32, 64 and 128 channels at half, a quarter and an eighth of the size. Sizes
        that are not multiples of 8 are extended by reflection. If a picture fills only the upper
        left of `images`, `size` is its height and width, multiples of 8, which may be traced.

        Raises:
            ValueError: if `images` is anything else.
        """
        encoder = ARCHITECTURES[self.architecture].content
        if encoder is None:
            return self.style_maps(images, size)
        params = self.params.get("content")
        if params is None:
            raise _no_decoder()
        return encoder.apply({"params": params}, _fill_up(images), size)  # type: ignore[return-value]

    @jax.jit
    def style_maps(self, images: jax.Array, size: Size = None) -> Features:
        """The maps, by name, whose statistics are a style; arguments are those of `encode`.

        They are the pixels and relu1_1 to relu4_1, with 3, 64, 128, 256 and 512 channels, from full
        size down to an eighth.
        """
        return {PIXELS: _fill_up(images), **self.taps(images, size)}

    def targets(self, style: Style | ChannelStats) -> Style | ChannelStats:
        """The statistics of a style in the maps of `encode`; for a VGG, the style's own.

        It maps statistics (..., 963) to (..., C), with the maps one after the other.
        """
        projection = ARCHITECTURES[self.architecture].projection
        if projection is None:
            return style
        params = self.params["projection"]
        return projection.apply({"params": params}, style.mean, style.std)  # type: ignore[return-value]

    @jax.jit
    def taps(self, images: jax.Array, size: Size = None) -> dict[str, jax.Array]:
        """The four feature maps of the VGG that the losses use, by name."""
        encoder, params = ARCHITECTURES[self.architecture].encoder, self.params["encoder"]
        return encoder.apply({"params": params}, _fill_up(images), size)  # type: ignore[return-value]

    @jax.jit
    def decode(self, features: Features, size: Size = None) -> jax.Array:
        """Decode the result of `transfer` to images (N, H, W, 3), not clipped.

        H and W are multiples of 8. `size` is as for `encode`.

        Raises:
            ValueError: if a map is missing, or the model has no decoder.
        """
        if "decoder" not in self.params:
            raise _no_decoder()
        architecture = ARCHITECTURES[self.architecture]
        names = [*architecture.levels, *([TOLD] if architecture.told else [])]
        if missing := ", ".join(name for name in names if name not in features):
            raise ValueError(f"the decoder takes what transfer gives: {missing} is not there")
        decoder = architecture.decoder
        cells = None if size is None else (size[0] // STRIDE, size[1] // STRIDE)
        return decoder.apply({"params": self.params["decoder"]}, features, cells)  # type: ignore[return-value]

    def style(self, images: ArrayLike) -> Style:
        """The style of an image (H, W, 3), or of each in a batch (N, H, W, 3).

        Images are uint8, or floating in [0, 1]. The method is compiled for each size
        (`adain_jax.encode_style` is not). The result is a `Style` of statistics (C,), or (N, C).

        Raises:
            ValueError: if `images` is anything else, or the decoder takes maps, not styles.
        """
        self.check_takes_styles()
        images = check_image("style", images)
        stats = _statistics(self, images if images.ndim == 4 else images[None])
        style = Style(stats.mean, stats.std, self.fingerprint)
        return style if images.ndim == 4 else jax.tree.map(lambda x: x[0], style)

    def check_takes_styles(self) -> None:
        """Raise `ValueError` if the decoder takes the maps of a style, not its statistics."""
        if ARCHITECTURES[self.architecture].concatenates:
            raise ValueError(
                f"{self.architecture} has no styles but feature maps: decode the features of a "
                "content and a style, concatenated"
            )

    def check_style(self, style: Style, name: str = "the style") -> None:
        """Raise `ValueError` if a style is not one of this model; `name` is for the message."""
        if not isinstance(style, Style):
            raise ValueError(f"{name} is a Style, made by model.style(image), not {style!r:.40}")
        if style.fingerprint != self.fingerprint:
            raise ValueError(
                f"{name} was made by another model (its encoder is {style.fingerprint!r}, that of "
                f"this {self.architecture} {self.fingerprint!r}): make it again with this model"
            )
        channels = sum(self.channels)
        if style.mean.shape[-1] != channels:
            raise ValueError(
                f"{name} has statistics of {style.mean.shape[-1]} channels, where this "
                f"{self.architecture} takes {channels}: make it again, from the picture"
            )


def _check_floating(dtype: DTypeLike) -> None:
    try:
        floating = jnp.issubdtype(jnp.dtype(dtype), jnp.floating)
    except TypeError:  # `dtype` is not a dtype
        floating = False
    if not floating:
        raise ValueError(f"dtype is a floating one, such as bfloat16, not {dtype!r}")


def _no_decoder() -> ValueError:
    return ValueError(
        "this model has no decoder: train one with `adain-jax train`, starting from it"
    )


def _fill_up(images: jax.Array) -> jax.Array:
    shape, dtype = jnp.shape(images), jnp.result_type(images)
    if len(shape) != 4 or shape[-1] != 3 or not jnp.issubdtype(dtype, jnp.floating):
        raise ValueError(f"images are floating (N, H, W, 3) in [0, 1], not {dtype} {shape}")
    return fill_up(fill_up(images, STRIDE, 1), STRIDE, 2)


@jax.jit
def _statistics(model: Model, images: jax.Array) -> ChannelStats:
    return statistics(model.style_maps(to_float(images).astype(model.dtype)))
