"""Reads masks, labels and maps of strength from grey images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from adain_jax.files import image
from adain_jax.ops.pixels import to_float

_DARK = 16  # the grey, of 255, that a mask has to reach somewhere
_PROPORTIONS = 0.02  # by this share a mask's aspect ratio may differ from the photograph's


def load_masks(paths: Sequence[Path], styles: int, size: tuple[int, int]) -> np.ndarray:
    """Read regions of a photograph of `size` (H, W), as `adain_jax.stylize` takes them: (K, H, W).

    Each region has a file that is white inside and black outside. If all files have only black and
    white, the masks have hard edges and become booleans; if one has greys, all are soft and become
    float32 in [0, 1]. Masks are scaled to the photograph.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if a mask is coloured, transparent, of another aspect ratio than the photograph,
            or (almost) black, or has no region left at this size, or there are too many or too few
            masks for the styles.
    """
    check_number(len(paths), styles)
    named = [(path, _region(path, size)) for path in paths]
    if all(np.isin(grey, (0, 255)).all() for _, grey in named):
        how = Image.Resampling.NEAREST
        return np.stack([_scaled(path, grey, size, how) for path, grey in named]) > 0
    how = Image.Resampling.BILINEAR
    return to_float(np.stack([_scaled(path, grey, size, how) for path, grey in named]), xp=np)


def load_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read one region, with soft edges: float32 (H, W) in [0, 1]. Errors as of `load_masks`."""
    how = Image.Resampling.BILINEAR
    return to_float(_scaled(path, _region(path, size), size, how), xp=np)


def check_number(masks: int, styles: int) -> None:
    """Raise `ValueError` if there are too many or too few masks for the styles."""
    if masks not in (styles, styles - 1):
        raise ValueError(
            f"{styles} styles for {masks} masks: give one for each, or one fewer, the last "
            "style being for what they leave over; an image of labels is given by --labels"
        )


def moving_mask(rgb: np.ndarray, size: tuple[int, int], name: str) -> np.ndarray:
    """Make a mask of a frame of a video, (H', W', 3) uint8: float32 (H, W) in [0, 1].

    It is the mean of the channels, since compression leaves a little colour. A frame may be black,
    without any region. `name` is the name of the video in errors.

    Raises:
        ValueError: if the frame has another aspect ratio than `size`.
    """
    grey = rgb.mean(-1).round().astype(np.uint8)
    _check_proportions(name, grey.shape, size)
    return to_float(_scale(grey, size, Image.Resampling.BILINEAR), xp=np)


def load_labels(path: Path, styles: int, size: tuple[int, int]) -> np.ndarray:
    """Read regions of a photograph of `size` (H, W) from one image: booleans (K, H, W).

    Each grey above black is a region; the darkest belongs to the first style. Black is no region.
    The image is scaled to the photograph.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the image is coloured, transparent, or of another aspect ratio than the
            photograph, if its greys above black are not as many as the styles, or one fewer, or if
            one has no region left at this size.
    """
    grey = _grey(path, size)
    labels = np.unique(grey[grey > 0])
    if not len(labels) or len(labels) not in (styles, styles - 1):
        raise ValueError(
            f"{path} has {len(labels)} greys above black for {styles} styles: labels need one for "
            "each, or one fewer, the last style being for black; smooth edges have greys of their "
            "own"
        )
    regions = _scale(grey, size, Image.Resampling.NEAREST) == labels[:, None, None]
    for label, region in zip(labels, regions, strict=True):
        if not region.any():
            raise ValueError(_lost(f"the region of grey {label} in {path}", size))
    return regions


def load_map(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read a grey image, scaled to `size` (H, W), as float32 in [0, 1].

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the image is coloured, transparent, or of another aspect ratio.
    """
    grey = _scale(_grey(path, size), size, Image.Resampling.BILINEAR)
    return to_float(grey, xp=np)


def _region(path: Path, size: tuple[int, int]) -> np.ndarray:
    grey = _grey(path, size)
    if not grey.any():
        raise ValueError(f"{path} is black everywhere: a region is white")
    if grey.max() < _DARK:  # as a soft mask it would have almost no effect
        raise ValueError(
            f"{path} is all but black, its brightest grey {grey.max()} of 255: a region is white; "
            "an image of labels is given by --labels"
        )
    return grey


def _grey(path: Path, size: tuple[int, int]) -> np.ndarray:
    loaded = image.load(path, as_bytes=True)
    rgb = loaded.rgb
    if loaded.alpha is not None and (loaded.alpha < 255).any():
        raise ValueError(f"{path} is transparent: masks, maps and labels are grey")
    if (rgb != rgb[..., :1]).any():
        raise ValueError(f"{path} is coloured: masks, maps and labels are grey")
    _check_proportions(path, rgb.shape[:2], size)
    return rgb[..., 0]


def _check_proportions(name: Path | str, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    height, width = shape
    if abs(width * size[0] / (height * size[1]) - 1) > _PROPORTIONS:
        raise ValueError(
            f"{name}, {width}x{height}, has other proportions than the photograph, "
            f"{size[1]}x{size[0]}"
        )


def _scaled(
    path: Path, grey: np.ndarray, size: tuple[int, int], how: Image.Resampling
) -> np.ndarray:
    """Scale a mask that is not black; raise `ValueError` if it is black then."""
    scaled = _scale(grey, size, how)
    if not scaled.any():
        raise ValueError(_lost(f"the region in {path}", size))
    return scaled


def _lost(what: str, size: tuple[int, int]) -> str:
    return f"{what} is too thin for a photograph of {size[1]}x{size[0]}: make it wider"


def _scale(grey: np.ndarray, size: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    if grey.shape == size:
        return grey
    return np.asarray(Image.fromarray(grey).resize((size[1], size[0]), how))
