"""Compares exported programs with their model."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from adain_jax.export.options import Options
from adain_jax.model import Model
from adain_jax.ops.pixels import to_float
from adain_jax.stylize import encode_style, stylize

# The height and width, and the strength, of each case. In JAX all sizes are in the same bucket, so
# that the model is compiled only once.
CASES = (((50, 61), 1.0), ((64, 40), 0.6), ((9, 33), 1.0))
# The largest allowed difference in levels of 255, by the less exact of the dtypes.
_LIMIT = {"float32": 1.0, "float16": 8.0}

# The functions of the programs: from images (N, H, W, 3) to means and deviations (N, C); and from
# images, these, and strengths (N,) to pictures.
StyleOf = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Stylize = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def largest_difference(
    model: Model, options: Options, style_of: StyleOf, stylized: Stylize
) -> float:
    """The largest difference between pictures of programs and of the model, in levels of 255.

    Pictures of three sizes are compared, each with a style of its own, that of one image.

    Raises:
        ValueError: if the difference is larger than rounding explains.
    """
    rng, largest = np.random.default_rng(0), 0.0
    for sides, strength in CASES:
        photo, painting = (_image(rng, *sides, options) for _ in range(2))
        stats = style_of(painting[None])
        given = np.array([strength], np.float32)
        picture = np.asarray(stylized(photo[None], *stats, given)[0])
        style = encode_style(painting, model=model)
        expected = np.asarray(stylize(photo, style, alpha=strength, model=model))
        difference = np.abs(picture.astype(np.float64) - expected).max()
        levels = difference if options.images == "uint8" else 255 * difference
        largest = float(np.maximum(largest, levels))  # unlike max(), this keeps NaN
    limit = _LIMIT[min(options.dtype, options.compute)]
    if not largest <= limit:
        ways = [name for name in ("compute", "dtype") if getattr(options, name) == "float16"]
        advice = "; take float32 as " + " and ".join(ways) if ways else ""
        raise ValueError(
            f"the program's pictures differ from the model's by up to {largest:.3g} levels of 255, "
            f"more than {limit:g}{advice}"
        )
    return largest


def _image(rng: np.random.Generator, height: int, width: int, options: Options) -> np.ndarray:
    """Draw an image of patches of colour with soft edges, and a little noise."""
    coarse = Image.fromarray(rng.integers(256, size=(6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    noisy = np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)
    return noisy if options.images == "uint8" else to_float(noisy, xp=np)
