"""How a request runs: at once, in a bucket, or in windows. All plans support all controls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np
from jax.core import Tracer

from adain_jax.model import Model
from adain_jax.model.transfer import STRIDE
from adain_jax.networks import ARCHITECTURES

TILE = 768  # the default side of a window, in pixels
TILE_ABOVE = 2048 * 2048  # images with more pixels are computed in windows

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Whole:
    """Compute the image at once, compiled for each size; the only plan inside a transformation."""


@dataclass(frozen=True)
class Bucketed:
    """Compute the image in the upper left of an array of one of a few sizes: few programs.

    The result equals that of `Whole` to rounding. Sides up to 2048 have 16 buckets. From 256 pixels
    on, the sides of the array are up to a quarter longer than those of the image, so the work grows
    by up to a half; an image that fills its bucket (512 x 768, for example) costs nothing extra.
    """


@dataclass(frozen=True)
class Tiled:
    """Compute the image window by window, in the memory of one window; compiled once.

    The result equals that of `Whole` to rounding. Because of the overlaps, and because everything
    is encoded twice, it takes about twice the time. The picture is assembled on the host, as a
    NumPy array.

    Attributes:
        tile: side of a window in pixels, a multiple of 8. The memory grows with its square: about
            0.8 GB for 768 and `vgg16`.
        out: an array like the content, such as a `numpy.memmap`, into which the picture is written
            and which is returned. It must not be the content itself, which is read to the end. It
            is used for contents only, not for the image of a style.
        progress: a function that is called with the number of finished windows and the number of
            all windows.

    Raises:
        ValueError: if an attribute does not fit its description.
    """

    tile: int = TILE
    out: np.ndarray | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.tile, int | np.integer):
            raise ValueError(f"tile is a number of pixels, not {self.tile!r}")
        if self.out is not None and not isinstance(self.out, np.ndarray):
            raise ValueError(f"out is a NumPy array, not {type(self.out).__name__}")
        if self.out is not None and not self.out.flags.writeable:
            raise ValueError("out is read-only: nothing can be written into it")
        if self.progress is not None and not callable(self.progress):
            raise ValueError(f"progress is a function, not {self.progress!r}")


Plan = Whole | Bucketed | Tiled


def choose(
    plan: Plan | Literal["auto"], shape: tuple[int, ...], model: Model, *inputs: object
) -> Plan:
    """The plan for images of this shape, (H, W, 3) or (N, H, W, 3).

    Inside a transformation it is `Whole`. "auto" is `Whole` for a batch. For one image it is
    `Tiled` above 4 megapixels, if the model has a reach, and otherwise `Bucketed`.

    Args:
        plan: the requested plan.
        shape: shape of the content, or of the image of a style.
        model: the model that will run.
        inputs: all other values that may be traced.

    Raises:
        ValueError: if `plan` is not a plan, or its tile does not fit the model.

    >>> import adain_jax
    >>> choose("auto", (300, 200, 3), adain_jax.load("fast"))
    Bucketed()
    """
    if not isinstance(plan, Plan) and not (isinstance(plan, str) and plan == "auto"):
        raise ValueError(f'plan is "auto", Whole(), Bucketed() or Tiled(), not {plan!r}')
    if is_traced(model, *inputs):
        return Whole()
    if isinstance(plan, Tiled):
        check_tile(plan.tile, model)
    if isinstance(plan, Plan):
        return plan
    if len(shape) != 3:
        return Whole()
    reaches = ARCHITECTURES[model.architecture].reach is not None
    large = shape[0] * shape[1] > TILE_ABOVE
    return Tiled() if large and reaches else Bucketed()


def is_traced(*values: object) -> bool:
    """Whether this runs inside a JAX transformation, or one of the values is traced."""
    # Inside `jit`, even a new array is traced.
    return any(isinstance(x, Tracer) for x in jax.tree.leaves((values, jax.device_put(0.0))))


def check_tile(tile: int, model: Model) -> tuple[int, int]:
    """Return the model's reach if it can be computed in windows of `tile` pixels.

    Raises:
        ValueError: if the model has no reach, or the tile does not fit it.
    """
    sees = ARCHITECTURES[model.architecture].reach
    if sees is None:
        raise ValueError(
            f"{model.architecture} normalises in its decoder, where a pixel sees the whole image, "
            "and so has no windows: compute it at once (tile 0)"
        )
    _, reach = sees
    if tile % STRIDE or tile <= 2 * reach:
        raise ValueError(
            f"tile is a multiple of {STRIDE}, and at least {2 * reach + STRIDE} for "
            f"{model.architecture}, whose pixels see {reach} pixels to each side, not {tile}"
        )
    return sees
