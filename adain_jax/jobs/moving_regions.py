"""The regions of styles in the frames of a clip."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from adain_jax.files import image, masks, moving
from adain_jax.files.clip import Clip
from adain_jax.jobs import picture
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture


class MovingRegions:
    """The regions at each moment, from masks that may be videos."""

    def __init__(
        self, style: Mixture, controls: Controls, size: tuple[int, int], rate: Fraction
    ) -> None:
        """Open the masks of `controls`, for frames of a size (H, W).

        `rate` is the number of frames in a second of masks that are folders.
        """
        self._size, self._still, self._moving = size, None, []
        if not any(moving.is_clip(path) for path in controls.masks):
            self._still = picture.regions_of(style, controls, size)
            return
        masks.check_number(len(controls.masks), len(style.parts))
        for path in controls.masks:
            if moving.is_clip(path):
                self._moving.append(_held(moving.open_clip(path, rate)))
            else:
                grey = image.load(path, as_bytes=True).rgb
                self._moving.append(_always(path, grey))

    def at(self, second: Fraction) -> np.ndarray | None:
        """The masks (K, H, W) at a second, or None without masks. Seconds must not decrease."""
        if not self._moving:
            return self._still
        regions = []
        for held in self._moving:
            name, rgb = held(second)
            mask = masks.moving_mask(rgb, self._size, name)
            if not mask.any():  # an empty region is not allowed: give it almost nothing
                mask[0, 0] = 1e-6
            regions.append(mask)
        return np.stack(regions)


_Held = Callable[[Fraction], tuple[str, np.ndarray]]


def _held(clip: Clip) -> _Held:
    """A function that returns the frame of a clip at a second; after the end, its last frame."""
    base = clip.look.time_base
    frames = clip.frames()
    shown, following = next(frames), next(frames, None)

    def at(second: Fraction) -> tuple[str, np.ndarray]:
        nonlocal shown, following
        while following is not None and following.pts * base <= second:
            shown, following = following, next(frames, None)
        return str(clip.path), shown.rgb

    return at


def _always(path: Path, rgb: np.ndarray) -> _Held:
    return lambda second: (str(path), rgb)
