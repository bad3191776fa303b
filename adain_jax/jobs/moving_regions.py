"""The regions of styles in the frames of a clip."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from adain_jax.files import masks, moving
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
        self._still, self._moving = None, list[_Mask]()
        if not any(moving.is_clip(path) for path in controls.masks):
            self._still = picture.regions_of(style, controls, size)
            return
        masks.check_number(len(controls.masks), len(style.parts))
        for path in controls.masks:
            if moving.is_clip(path):
                self._moving.append(_held(moving.open_clip(path, rate), size))
            else:
                self._moving.append(_always(masks.load_mask(path, size)))

    def at(self, second: Fraction) -> np.ndarray | None:
        """The masks (K, H, W) at a second, or None without masks. Seconds must not decrease."""
        if not self._moving:
            return self._still
        regions = []
        for held in self._moving:
            mask = held(second)
            if not mask.any():  # an empty region is not allowed: give it almost nothing
                mask[0, 0] = 1e-6
            regions.append(mask)
        return np.stack(regions)


_Mask = Callable[[Fraction], np.ndarray]  # (H, W) at a second


def _held(clip: Clip, size: tuple[int, int]) -> _Mask:
    """The mask of the frame of a clip at a second; after the end, that of its last frame."""
    base = clip.look.time_base
    frames = clip.frames()
    shown, following = next(frames), next(frames, None)

    def at(second: Fraction) -> np.ndarray:
        nonlocal shown, following
        while following is not None and following.pts * base <= second:
            shown, following = following, next(frames, None)
        return masks.moving_mask(shown.rgb, size, str(clip.path))

    return at


def _always(mask: np.ndarray) -> _Mask:
    return lambda second: mask
