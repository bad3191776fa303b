"""Networks for one style or a few: one pass, no encoder of styles (section 3 of the paper).

They use batch normalisation (Ulyanov et al. 2016, Johnson et al. 2016), instance normalisation
(Ulyanov et al. 2017), or conditional instance normalisation (Dumoulin et al. 2017), in which k
styles share all weights except the scales and shifts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.model.arguments import as_array
from adain_jax.networks import TAPS
from adain_jax.networks.layers import Conv3x3
from adain_jax.networks.normalization import POPULATION, Kind, Normalization
from adain_jax.networks.params import Params
from adain_jax.ops.convolution import Method, Upsampling
from adain_jax.ops.losses import TapStats, content_loss, style_loss, total_variation
from adain_jax.ops.pixels import to_float
from adain_jax.ops.resampling import max_pool
from adain_jax.training.loss import Batch
from adain_jax.training.step import Metrics, TrainState, lenient_promotion

_TARGET = TAPS[-1]
STRIDE = 4  # the side of a cell of the smallest map, in pixels


class FeedForward(nn.Module):
    """Two halvings, residual blocks, two doublings, with a normalisation after each convolution.

    Takes RGB images (N, H, W, 3) in [0, 1], H and W multiples of 4, and returns pictures of the
    same shape, not clipped.

    Attributes:
        normalization: "batch", "instance" or "conditional".
        styles: the number of styles, if conditional.
        widths: the numbers of channels at the full size, at a half and at a quarter of it.
        blocks: the number of residual blocks, of two convolutions each.
        method: the method of every convolution (`adain_jax.ops.convolution`).

    >>> import jax, jax.numpy as jnp
    >>> network = FeedForward("conditional", styles=2, widths=(8, 8, 8), blocks=1)
    >>> images = jnp.zeros((1, 16, 24, 3))
    >>> variables = network.init(jax.random.key(0), images, jnp.zeros(1, jnp.int32))
    >>> network.apply(variables, images, jnp.array([[0.3, 0.7]])).shape  # a blend of the two
    (1, 16, 24, 3)
    """

    normalization: Kind = "instance"
    styles: int = 1
    widths: tuple[int, int, int] = (32, 64, 128)
    blocks: int = 3
    method: Method = "auto"

    @nn.compact
    def __call__(self, images: jax.Array, style: jax.Array | None = None) -> jax.Array:
        """Make pictures; if conditional, `style` is indices (N,), or weights (N, styles)."""
        if images.shape[1] % STRIDE or images.shape[2] % STRIDE:
            raise ValueError(
                f"images have sides that are multiples of {STRIDE}, not {images.shape}"
            )

        def layer(
            x: jax.Array, width: int, name: str, *, relu: bool = True, up: Upsampling | None = None
        ):
            x = Conv3x3(width, self.method, relu=False, upsample=up, name=name)(x)
            norm = Normalization(self.normalization, self.styles, name=f"{name}_norm")
            x = norm(x, style=style)
            return nn.relu(x) if relu else x

        wide, middle, deep = self.widths
        x = layer(images, wide, "down1")
        x = layer(max_pool(x), middle, "down2")
        x = layer(max_pool(x), deep, "down3")
        for block in range(1, self.blocks + 1):
            y = layer(x, deep, f"residual{block}_1")
            x += layer(y, deep, f"residual{block}_2", relu=False)
        x = layer(x, middle, "up1", up="nearest")
        x = layer(x, wide, "up2", up="nearest")
        # Small weights and mid-grey, for the reasons given at `Decoder`.
        last = Conv3x3(
            3, self.method, relu=False, initial_scale=0.1, initial_bias=0.5, name="picture"
        )
        return last(x)


def initialize(network: FeedForward, key: jax.Array) -> Params:
    """The initial, random weights of a network."""
    style = jnp.zeros(1, jnp.int32) if network.normalization == "conditional" else None
    images = jnp.zeros((1, 2 * STRIDE, 2 * STRIDE, 3), jnp.float32)
    variables = network.clone(method="xla").init(key, images, style)
    return cast(Params, variables["params"])


def stylize(
    network: FeedForward,
    variables: Mapping[str, Params],
    images: jax.Array,
    style: ArrayLike | Sequence[float] | None = None,
) -> jax.Array:
    """Stylize images of any size: pictures (N, H, W, 3) in [0, 1].

    Args:
        network: the network.
        variables: `{"params": ...}`, and the `population` if there is one.
        images: images (N, H, W, 3), uint8 or floating in [0, 1].
        style: for conditional normalisation, an index or weights (S,) for all images, or one for
            each image, (N,) integers or (N, S) floats.

    Raises:
        ValueError: if an index is that of no style.
    """
    if style is not None:
        style = as_array("style", style)
        _check_style(network, style)
        style = jnp.asarray(style)
        shares = jnp.issubdtype(style.dtype, jnp.floating)
        if style.ndim == int(shares):
            style = jnp.broadcast_to(style, (len(images), *style.shape))
    return _stylize(network, variables, images, style)


def _check_style(network: FeedForward, style: np.ndarray | jax.Array) -> None:
    if isinstance(style, Tracer) or not jnp.issubdtype(style.dtype, jnp.integer):
        return
    indices = np.asarray(style)
    if not ((indices >= 0) & (indices < network.styles)).all():
        raise ValueError(f"style {style} is none of the {network.styles} styles, counted from 0")


@jax.jit(static_argnames="network")
def _stylize(
    network: FeedForward,
    variables: Mapping[str, Params],
    images: jax.Array,
    style: jax.Array | None,
) -> jax.Array:
    height, width = images.shape[1:3]
    rest = ((0, 0), (0, -height % STRIDE), (0, -width % STRIDE), (0, 0))
    padded = jnp.pad(to_float(images), rest, mode="edge")
    pictures = cast(jax.Array, network.apply(variables, padded, style))
    return jnp.clip(pictures[:, :height, :width], 0, 1)


def population(network: FeedForward, params: Params, images: jax.Array) -> dict[str, Params]:
    """Compute the statistics of a batch, for batch normalisation of single images.

    Returns `{"population": ...}`, to be merged with `{"params": params}`.
    """
    _, kept = network.apply({"params": params}, to_float(images), mutable=[POPULATION])
    return dict(kept)


LossFunction = Callable[[Params, Model, TapStats, Batch], tuple[jax.Array, Metrics]]
StepFunction = Callable[[TrainState, Model, TapStats, Batch], tuple[TrainState, Metrics]]


def make_loss(
    network: FeedForward, *, style_weight: float = 10.0, tv_weight: float = 0.0
) -> LossFunction:
    """The loss, a function `(params, vgg, stats, batch) -> (loss, metrics)`.

    `stats` are the `tap_stats` of k styles, each (k, C). A batch holds `content`, images
    (N, H, W, 3), and `style`, the index of a style for each of them. As in these methods, the
    content loss is the distance from the photograph's own relu4_1.
    """
    conditional = network.normalization == "conditional"

    def loss(
        params: Params, vgg: Model, stats: TapStats, batch: Batch
    ) -> tuple[jax.Array, Metrics]:
        images, style = to_float(jnp.asarray(batch["content"])), jnp.asarray(batch["style"])
        given = style if conditional else None
        pictures = cast(jax.Array, network.apply({"params": params}, images, given))
        output = vgg.taps(pictures)
        content = content_loss(output[_TARGET], vgg.encode(images)[_TARGET])
        styled = style_loss(output, jax.tree.map(lambda x: x[style], stats))
        metrics = {"content_loss": content, "style_loss": styled}
        total = content + style_weight * styled
        if tv_weight:
            total += tv_weight * total_variation(pictures)
        return total, {"loss": total, **metrics}

    return loss


def make_step(
    loss: LossFunction, optimizer: optax.GradientTransformation, trained: Params | None = None
) -> StepFunction:
    """An optimizer step, `(state, vgg, stats, batch) -> (state, metrics)`, not compiled.

    `trained` has ones where weights are trained and zeros where they are frozen (`newest_style`).
    """

    def step(
        state: TrainState, vgg: Model, stats: TapStats, batch: Batch
    ) -> tuple[TrainState, Metrics]:
        gradients, metrics = jax.grad(loss, has_aux=True)(state.params, vgg, stats, batch)
        with lenient_promotion():
            updates, opt_state = optimizer.update(gradients, state.optimizer, state.params)
        if trained is not None:  # updates, not gradients, as some optimizers shrink all weights
            updates = jax.tree.map(jnp.multiply, updates, trained)
        params = cast(Params, optax.apply_updates(state.params, updates))
        return TrainState(state.step + 1, params, opt_state, state.average), metrics

    return step


def create_state(params: Params, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step."""
    return TrainState(jnp.zeros((), jnp.int32), params, optimizer.init(params), {})


def add_style(params: Params) -> Params:
    """Add a style to the weights of a conditional network; it starts as the mean of the others.

    The result fits a `FeedForward` with one more style. Pictures of the others stay the same.
    """
    return {
        name: {
            key: jnp.concatenate([x, x.mean(0, keepdims=True)]) if _of_styles(key) else x
            for key, x in layer.items()
        }
        for name, layer in params.items()
    }


def newest_style(params: Params) -> Params:
    """The argument `trained` of `make_step` that trains the scales and shifts of the last style."""
    return {
        name: {
            key: jnp.zeros_like(x).at[-1].set(1) if _of_styles(key) else jnp.zeros_like(x)
            for key, x in layer.items()
        }
        for name, layer in params.items()
    }


def _of_styles(key: str) -> bool:
    return key in ("gamma", "beta")
