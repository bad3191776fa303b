"""Style augmentation: images in random styles, inside a training step."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from adain_jax.inference.plan import Whole
from adain_jax.model import Model
from adain_jax.model.arguments import as_array, check_image
from adain_jax.model.style import Style
from adain_jax.ops.shapes import ArrayLike, Num
from adain_jax.stylize import load, model_or, stylize


def random_style(
    key: jax.Array,
    images: Num[ArrayLike, "n h w 3"],
    bank: Style,
    *,
    alpha_range: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
    probability: ArrayLike = 0.5,
    model: Model | None = None,
) -> Num[jax.Array, "n h w 3"]:
    """Give each image, with some probability, a random style of a bank at a random strength.

    Networks trained on such images rely more on shapes and less on textures. Geirhos et al. (2019)
    stylize every image at full strength (`alpha_range=(1, 1)`) and train on the original images as
    well. Jackson et al. (2019) mix the two, image by image, as this function does.

    This is a pure function, for use inside `jit`, `vmap`, `pmap` or `scan`; nothing leaves the
    device. Because shapes are static, all images are stylized, whatever the probability, and the
    original ones are selected afterwards. The small model, `adain_jax.load("fast")`, is made for
    this. Pass the model to a jitted step as an argument, like the parameters of a network; values
    that a step closes over are compiled into it.

    Args:
        key: a key of `jax.random`; it decides the styles, the strengths, and which images are
            stylized. With several devices, each needs its own key.
        images: a batch (N, H, W, 3), uint8, or floating in [0, 1].
        bank: a batch of styles (S, C), made by `model.style(paintings)` from paintings
            (S, H, W, 3), or by `Style.stack` from styles of one painting each, such as `Style.load`
            gives.
        alpha_range: the lowest and highest strength, within [0, 1]; strengths are uniform between
            them; may be traced.
        probability: the probability that an image is stylized; may be traced.
        model: the model that made the styles; by default "vgg16".

    Returns:
        Images with the shape and dtype of `images`, where float64 becomes float32 unless JAX has 64
        bits enabled; those that are not stylized are unchanged to the bit.

    Raises:
        ValueError: if an argument does not fit its description.

    A classifier of dark and light, trained on photographs, half of which get a random style:

    >>> import adain_jax, flax.linen as nn, numpy as np
    >>> class Classifier(nn.Module):
    ...     @nn.compact
    ...     def __call__(self, images):
    ...         x = nn.relu(nn.Conv(8, (3, 3), strides=2)(images.astype(jnp.float32) / 255))
    ...         return nn.Dense(2)(x.mean((1, 2)))
    >>> model = adain_jax.load("fast")
    >>> noise = lambda *shape: np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    >>> labels = np.arange(8) % 2
    >>> photos = noise(8, 16, 16, 3) // 2 + (127 * labels).astype(np.uint8)[:, None, None, None]
    >>> bank = model.style(noise(5, 16, 16, 3))
    >>> classifier = Classifier()
    >>> params = classifier.init(jax.random.key(0), photos)
    >>> @jax.jit
    ... def step(params, model, bank, key, photos, labels):
    ...     photos = random_style(key, photos, bank, model=model)
    ...     def loss(params):
    ...         logits = jax.nn.log_softmax(classifier.apply(params, photos))
    ...         return -jnp.mean(jnp.take_along_axis(logits, labels[:, None], 1))
    ...     value, gradients = jax.value_and_grad(loss)(params)
    ...     return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradients), value
    >>> losses = []
    >>> for key in jax.random.split(jax.random.key(1), 10):
    ...     params, value = step(params, model, bank, key, photos, labels)
    ...     losses.append(float(value))
    >>> sum(losses[-5:]) < sum(losses[:5])
    True
    """
    model = model_or(load, model)
    images = check_image("images", images)
    if images.ndim != 4:
        raise ValueError(f"images are a batch (N, H, W, 3), not {images.shape}")
    if not isinstance(bank, Style) or bank.mean.ndim != 2:
        raise ValueError("bank is a batch of styles (S, C): model.style(paintings) makes one")
    if not len(bank.mean):
        raise ValueError("bank has no style: give at least one")
    limits = as_array("alpha_range", alpha_range)
    if limits.shape != (2,) or not _rise(limits):
        raise ValueError(f"alpha_range is two numbers, 0 <= low <= high <= 1, not {alpha_range}")
    low, high = alpha_range
    chance = as_array("probability", probability)
    if chance.shape or not _rise(chance):
        raise ValueError(f"probability is between 0 and 1, one number, not {probability}")
    count, styles = images.shape[0], bank.mean.shape[0]
    try:
        which, how_much, whether = jax.random.split(key, 3)
    except (TypeError, ValueError):  # JAX's message is about the internals of keys
        raise ValueError(f"key is one of jax.random.key(seed), not {key!r:.40}") from None
    pick = jax.random.randint(which, (count,), 0, styles)
    alpha = jax.random.uniform(how_much, (count,), minval=low, maxval=high)
    probability = jnp.asarray(probability, jnp.float32)
    chosen = jax.random.bernoulli(whether, probability, (count,))
    styles = jax.tree.map(lambda x: jnp.asarray(x)[pick], bank)
    pictures = stylize(images, styles, alpha=alpha, model=model, plan=Whole())
    return jnp.where(chosen[:, None, None, None], pictures, images)


def _rise(values: ArrayLike) -> bool:
    """Whether numbers are in [0, 1], none below the one before it; traced ones are trusted."""
    if isinstance(values, Tracer):
        return True
    known = np.ravel(values)
    return not np.iscomplexobj(known) and all(
        low <= high for low, high in pairwise((0, *known.tolist(), 1))
    )
