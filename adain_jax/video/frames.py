"""Frames in, pictures out, one after another."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import jax
import numpy as np
from jax.typing import ArrayLike

from adain_jax.inference.plan import Plan, Tiled, choose
from adain_jax.inference.recolor import check_color, recolors
from adain_jax.inference.render import render_in_windows
from adain_jax.inference.request import Request, Source, as_style, ask
from adain_jax.inference.stream import asking
from adain_jax.model import Model
from adain_jax.model.arguments import check_sliceable
from adain_jax.ops.pixels import from_float, to_float
from adain_jax.ops.statistics import ChannelStats
from adain_jax.stylize import model_or, prepared
from adain_jax.video import cuts, flow, steady
from adain_jax.video.carry import carry

CALM = 0.85
"""The calm of a clip, from 0 to 1, unless the caller gives another."""


def stylize_frames(
    frames: Iterable[ArrayLike],
    style: Source | Sequence[Source],
    *,
    alpha: ArrayLike = 1.0,
    weights: Sequence[float] | ArrayLike | None = None,
    masks: ArrayLike | None = None,
    color: str = "style",
    extrapolate: bool = False,
    model: Model | None = None,
    plan: Plan | Literal["auto"] = "auto",
    calm: float = CALM,
) -> Iterator[np.ndarray]:
    """Stylize the frames of a clip, as they come, so that pictures do not flicker.

    It is causal: a picture depends on its frame and the previous ones. Frames may come from
    anywhere, in any number. All arguments but `calm` are as for `adain_jax.stylize`. With
    `adain_jax.video.step`, a whole clip can be one program on an accelerator, without optical flow.

    Args:
        frames: each (H, W, 3), uint8 or floating in [0, 1].
        style: as for `stylize`. "coral" and "histogram" take the colours of each scene's first
            frame.
        alpha: as for `stylize`.
        weights: as for `stylize`.
        masks: as for `stylize`, for all frames.
        color: as for `stylize`.
        extrapolate: as for `stylize`.
        model: from `adain_jax.load`, best made ready by `Model.prepare`; by default "vgg16",
            prepared.
        plan: as for `stylize`. "auto": at once, above 4 megapixels in windows.
        calm: from 0 (each frame by itself) to 1 (the known parts of the last picture hardly
            change).

    Yields:
        Pictures, (H, W, 3), with the dtype of their frames.

    Raises:
        ValueError: if an argument does not fit its description, or `calm` is above 0 and OpenCV is
            not installed.

    >>> import adain_jax.video, numpy as np
    >>> clip = np.zeros((3, 20, 30, 3), np.uint8)
    >>> model = adain_jax.load("fast")
    >>> pictures = adain_jax.video.stylize_frames(clip, clip[0], model=model)
    >>> [picture.shape for picture in pictures]
    [(20, 30, 3), (20, 30, 3), (20, 30, 3)]
    """
    model = model_or(prepared, model)
    artist = Artist(model, calm, plan)
    fixed = not recolors(check_color(color))
    if fixed:  # else it is encoded for each scene anew
        style = as_style(style, model, weights, regions=masks is not None, plan=plan)
        model.check_style(style)
        weights = None
    with_style = partial(ask, model, alpha=alpha, masks=masks, extrapolate=extrapolate, plan=plan)
    request_of = partial(with_style, style=style, weights=weights, color=color)
    given = asking(model, plan, request_of, one_style=fixed)

    def pictures() -> Iterator[np.ndarray]:
        ask_for = given
        for frame in frames:
            cut = artist.look(frame)
            if fixed or not cut:
                request = ask_for(frame)
            else:  # the style in the colours of the scene's first frame
                request = given(frame)
                ask_for = asking(
                    model, plan, partial(with_style, style=request.style), one_style=True
                )
            yield artist.paint(request)

    return pictures()


class Begun(NamedTuple):
    """A picture that is being computed; `Artist.begin` makes it."""

    request: Request
    picture: jax.Array | np.ndarray
    anew: bool


class Artist:
    """Makes the pictures of one clip: `look` at a frame, then `paint` its request, in order.

    Args:
        model: makes the pictures.
        calm: as in `stylize_frames`.
        plan: likewise.
        quick: carry the last picture along less exactly, in less than half the time.

    Raises:
        ValueError: if `calm` is out of range, a package that it needs is not installed, or the plan
            has an `out`.
    """

    def __init__(
        self,
        model: Model,
        calm: float = CALM,
        plan: Plan | Literal["auto"] = "auto",
        *,
        quick: bool = False,
    ) -> None:
        if not 0 <= calm <= 1:
            raise ValueError(f"calm is between 0 and 1, not {calm:g}")
        if isinstance(plan, Tiled) and plan.out is not None:
            raise ValueError("out is for one content: each frame has a picture of its own")
        if calm:
            flow.require()
        self._model, self._calm, self._quick = model, calm, quick
        self._plan: Plan | Literal["auto"] = plan
        self._seen, self._cut = cuts.nothing(), True
        self._stats: ChannelStats | None = None
        self._frame: np.ndarray | None = None  # the last, uint8
        self._picture: np.ndarray | None = None  # its picture, float32 in [0, 255]

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """The state that previous frames left, as arrays by name; `recall` takes it."""
        arrays = {
            "small": self._seen.small,
            "usual": self._seen.usual,
            **({"mean": self._stats.mean, "std": self._stats.std} if self._stats else {}),
            "frame": self._frame,
            "picture": self._picture,
        }
        return {name: np.asarray(array) for name, array in arrays.items() if array is not None}

    def recall(self, memory: Mapping[str, np.ndarray]) -> None:
        """Continue as the artist with this `memory`."""
        small, usual = jax.device_put((memory["small"], memory["usual"]))
        self._seen = cuts.Seen(small, usual)
        if "mean" in memory:
            self._stats = ChannelStats(*jax.device_put((memory["mean"], memory["std"])))
        self._frame, self._picture = memory.get("frame"), memory.get("picture")

    def look(self, frame: ArrayLike) -> bool:
        """Whether the next frame is the first of a scene."""
        frame = np.asarray(check_sliceable("a frame", frame))
        if frame.ndim != 3:
            raise ValueError(f"a frame is one RGB image (H, W, 3), not {frame.shape}")
        self._seen, cut = cuts.look(self._seen, jax.device_put(frame))
        self._cut = bool(cut)
        return self._cut

    def paint(self, request: Request) -> np.ndarray:
        """The picture of the frame that `look` saw, with the shape and dtype of its content."""
        return self.finish(self.begin(request))

    def begin(self, request: Request, *, anew: bool = False) -> Begun:
        """Begin the picture of the frame that `look` saw; `finish` takes them in order.

        In between, the next frame can be looked at and begun. With `anew`, nothing of the last
        picture is carried along, for example because the style has changed.
        """
        picture = self._rendered(request, np.float32(steady.share(self._cut, self._calm)))
        return Begun(request, picture, self._cut or anew)

    def finish(self, begun: Begun, meanwhile: Callable[[], object] = lambda: None) -> np.ndarray:
        """The picture, with the shape and dtype of its content.

        `meanwhile` is called after the picture is computed and before the last one is carried
        along.
        """
        request, picture, anew = begun
        if not self._calm:
            made = np.asarray(picture)
            meanwhile()
            return made
        frame = _as_bytes(np.asarray(request.content))
        motion = None
        if not anew and self._frame is not None and self._frame.shape == frame.shape:
            # While the picture is being computed.
            motion = flow.motion(self._frame, frame, quick=self._quick)
        made = np.asarray(picture)
        meanwhile()
        new = np.asarray(to_float(made, xp=np), np.float32) * np.float32(255)
        if motion is not None and self._picture is not None:
            new = carry(self._picture, new, motion, self._calm, quick=self._quick)
        # A copy, because the caller may put the next frame into the same array.
        self._frame, self._picture = frame.copy(), new
        return from_float(new / np.float32(255), made.dtype, xp=np)

    def _rendered(self, request: Request, share: np.float32) -> jax.Array | np.ndarray:
        plan = choose(self._plan, request.content.shape, self._model)
        before = self._stats
        if isinstance(plan, Tiled):

            def statistics(own: ChannelStats) -> ChannelStats:
                self._stats = steady.mixed(own, before, share)
                return self._stats

            return render_in_windows(self._model, request, plan, statistics)
        request = jax.device_put(request)
        if before is None:
            before = steady.begin(self._model, request).stats
        picture, self._stats = steady.render_after(self._model, request, before, share)
        return picture


def _as_bytes(frame: np.ndarray) -> np.ndarray:
    return frame if frame.dtype == np.uint8 else from_float(frame, np.uint8, xp=np)
