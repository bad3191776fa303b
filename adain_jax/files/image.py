"""Image files to arrays in sRGB and back; nothing else in the package opens one."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from adain_jax.atomic import atomic_path

READABLE = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png"),
    *(".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
# Suffix to Pillow's format, whether it keeps an alpha channel, and how it is written.
WRITABLE = {
    ".avif": ("AVIF", True, {"quality": 90}),
    ".bmp": ("BMP", False, {}),
    ".jpeg": ("JPEG", False, {"quality": 95, "subsampling": 0}),
    ".jpg": ("JPEG", False, {"quality": 95, "subsampling": 0}),
    ".png": ("PNG", True, {}),
    ".tif": ("TIFF", True, {"compression": "tiff_adobe_deflate"}),
    ".tiff": ("TIFF", True, {"compression": "tiff_adobe_deflate"}),
    ".webp": ("WEBP", True, {"quality": 95}),
}


@dataclass(frozen=True)
class LoadedImage:
    """What a file holds.

    Attributes:
        rgb: (H, W, 3) float32 in [0, 1], sRGB, the right way up.
        alpha: (H, W) float32 in [0, 1], or None if the file has no transparency.
        original_size: (H, W) before any reduction.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None
    original_size: tuple[int, int]


def load(
    path: str | os.PathLike, *, size: int = 0, longest: int = 0, square: bool = False
) -> LoadedImage:
    """Read an image of any kind: EXIF rotation applied, any colour profile converted to sRGB.

    Greyscale (8 and 16 bits), palette, CMYK and transparent images come out as RGB; of an
    animation the first frame, of colours of 16 bits the upper 8.

    Args:
        path: the file.
        size: scale the shorter side to this many pixels, keeping the aspect; 0 leaves it.
        longest: then reduce the longer side to at most this; 0 sets no limit.
        square: then cut out the square in the middle.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not an image, or a damaged one.
        OSError: if it may not be read.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not an image")
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    return decode(path.read_bytes(), path, size=size, longest=longest, square=square)


def decode(
    data: bytes,
    name: str | os.PathLike,
    *,
    size: int = 0,
    longest: int = 0,
    square: bool = False,
) -> LoadedImage:
    """`load` for a file's content; `name` is what errors call it."""
    if not data:
        raise ValueError(f"{name} is empty (0 bytes)")
    try:
        image = Image.open(io.BytesIO(data))
    except Image.UnidentifiedImageError:
        raise ValueError(f"{name} is not an image, or of an unknown format") from None
    except Exception as error:  # Pillow's decoders raise whatever they stumble upon
        raise ValueError(f"{name} cannot be read as an image: {error}") from None
    try:
        image.load()
        image = _to_srgb(_turn_upright(image))
    except Exception as error:
        raise ValueError(f"{name} is a damaged or truncated image: {error}") from None
    original = (image.height, image.width)
    image = _scale(image, size, longest)
    if square:
        image = _center_square(image)
    return LoadedImage(*_to_arrays(image), original)


def save(path: str | os.PathLike, rgb: np.ndarray, alpha: np.ndarray | None = None) -> None:
    """Write an image, whole or not at all, in the format of the path's suffix.

    Args:
        path: ends in .png, .jpg, .webp, .avif, .tif or .bmp.
        rgb: (H, W, 3), uint8, or floating in [0, 1].
        alpha: (H, W) floating in [0, 1]; left out where the format has no transparency.

    Raises:
        ValueError: if the suffix is none of these, or `rgb` is not (H, W, 3).
        OSError: if the file cannot be written.
    """
    path = Path(path)
    format_name, has_alpha, options = _format(path)
    rgb = np.asarray(rgb)
    if rgb.ndim != 3 or rgb.shape[-1] != 3:
        raise ValueError(f"an image is (H, W, 3), not {rgb.shape}")
    image = Image.fromarray(_to_bytes(rgb))
    if alpha is not None and has_alpha:
        image.putalpha(Image.fromarray(_to_bytes(np.asarray(alpha))))
    with atomic_path(path) as temporary:
        image.save(temporary, format_name, **options)


def check_writable(path: str | os.PathLike) -> None:
    """Raise `ValueError` if no image format has the suffix of `path`."""
    _format(Path(path))


def find(folder: str | os.PathLike) -> list[Path]:
    """The image files in a folder and its subfolders, by suffix, sorted; hidden ones are left out.

    Raises:
        FileNotFoundError: if there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"no such folder: {folder}")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in READABLE
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise FileNotFoundError(f"no image in {folder}")
    return paths


def _format(path: Path) -> tuple[str, bool, dict]:
    if path.suffix.lower() not in WRITABLE:
        known = " ".join(sorted(WRITABLE))
        raise ValueError(f"cannot write {path}: its suffix is none of {known}")
    return WRITABLE[path.suffix.lower()]


def _to_srgb(image: Image.Image) -> Image.Image:
    """An image of any mode as RGB, RGBA, or F in [0, 1] (greyscale of more than 8 bits)."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = _deep_gray(image)
        if not profile:
            return image
        eighth = np.round(np.asarray(image) * 255).astype(np.uint8)  # what profiles are applied to
        image = Image.fromarray(eighth)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode in ("1", "LA", "La"):
        image = image.convert("L")
    elif image.mode in ("P", "PA", "RGBA", "RGBa", "RGBX"):
        image = image.convert("RGBA").convert("RGB")
    if profile:
        image = _apply_profile(image, profile)
    image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _turn_upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF data say nothing of the picture
        return image


def _deep_gray(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float32)
    if image.mode != "F":
        values = values / 65535
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError("values outside the range of 16 bits (or of [0, 1], if floating)")
    return Image.fromarray(values)


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile, or one for another mode: viewers ignore it too
    return image if converted is None else converted


def _scale(image: Image.Image, size: int, longest: int) -> Image.Image:
    factor = size / min(image.size) if size else 1.0
    if longest:
        factor = min(factor, longest / max(image.size))
    if factor == 1:
        return image
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _center_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _to_arrays(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    array = np.asarray(image)
    if image.mode == "F":
        return np.repeat(array.clip(0, 1)[..., None], 3, axis=-1), None
    array = array.astype(np.float32) / np.float32(255)
    return array[..., :3], array[..., 3] if image.mode == "RGBA" else None


def _to_bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    return np.round(np.clip(np.asarray(array, np.float32), 0, 1) * 255).astype(np.uint8)
