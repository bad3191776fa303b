"""Image files to arrays in sRGB and back; nothing else in the package opens one."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageCms, ImageOps

from adain_jax.atomic import atomic_path
from adain_jax.files import exif as exif_data
from adain_jax.files import tiff

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
    ".tif": ("TIFF", True, {}),
    ".tiff": ("TIFF", True, {}),
    ".webp": ("WEBP", True, {"quality": 95}),
}
DEEP = (".tif", ".tiff")  # what can be written with 16 bits
_STRIP = 128  # rows that are converted at a time
_JPEG_EXIF = 65_533  # bytes that fit


@dataclass(frozen=True)
class LoadedImage:
    """What a file holds.

    Attributes:
        rgb: (H, W, 3) float32 in [0, 1], or uint8 if asked for; sRGB, the right way up.
        alpha: (H, W) of the same type, or None if the file has no transparency.
        original_size: (H, W) before any reduction.
        exif: what EXIF says of the photograph, with an orientation of 1.
        has_profile: whether the file had a colour profile.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None
    original_size: tuple[int, int]
    exif: Image.Exif | None = None
    has_profile: bool = False


def load(
    path: str | os.PathLike,
    *,
    size: int = 0,
    square: bool = False,
    as_bytes: bool = False,
) -> LoadedImage:
    """Read an image of any kind: EXIF rotation applied, any colour profile converted to sRGB.

    Greyscale (8 and 16 bits), palette, CMYK and transparent images come out as RGB; of an
    animation the first frame, of colours of 16 bits the upper 8. At its peak this holds the pixels
    once as Pillow has them, 4 bytes each, beside the result, and twice while they are turned or
    scaled.

    Args:
        path: the file.
        size: scale the shorter side to this many pixels, keeping the aspect; 0 leaves it.
        square: then cut out the square in the middle.
        as_bytes: give uint8, a quarter of the memory.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not an image, or a damaged one.
        OSError: if it may not be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/gray.png", np.full((20, 30, 3), 128, np.uint8))
    ...     load(f"{folder}/gray.png", size=10, as_bytes=True).rgb[0, 0]
    array([128, 128, 128], dtype=uint8)
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not an image")
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    options = {"size": size, "square": square, "as_bytes": as_bytes}
    if not path.is_file():  # a pipe, in which nobody can go back
        return decode(path.read_bytes(), path, **options)
    with path.open("rb") as file:
        return _read(file, path, **options)


def decode(
    data: bytes,
    name: str | os.PathLike,
    *,
    size: int = 0,
    square: bool = False,
    as_bytes: bool = False,
) -> LoadedImage:
    """`load` for a file's content; `name` is what errors call it."""
    return _read(io.BytesIO(data), name, size, square, as_bytes)


def _read(
    file: IO[bytes],
    name: str | os.PathLike,
    size: int,
    square: bool,
    as_bytes: bool,
) -> LoadedImage:
    if not file.read(1):
        raise ValueError(f"{name} is empty (0 bytes)")
    file.seek(0)
    try:
        image = Image.open(file)
    except Image.UnidentifiedImageError:
        raise ValueError(f"{name} is not an image, or of an unknown format") from None
    except Exception as error:  # Pillow's decoders raise whatever they stumble upon
        raise ValueError(f"{name} cannot be read as an image: {error}") from None
    try:
        exif = exif_data.of(image)
        image.load()
        profile = image.info.get("icc_profile")
        _turn_upright(image)
        image = _to_srgb(image, profile)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"{name} is a damaged or truncated image: {error}") from None
    original = (image.height, image.width)
    image = _scale(image, size)
    if square:
        image = _center_square(image)
    return LoadedImage(*_to_arrays(image, as_bytes), original, exif, bool(profile))


def save(
    path: str | os.PathLike,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    *,
    quality: int | None = None,
    depth: int = 8,
    exif: Image.Exif | None = None,
    profile: bool = False,
) -> None:
    """Write an image, whole or not at all, in the format of the path's suffix.

    At its peak this holds the pixels once more, 4 bytes each, or in TIFF only a few rows of them;
    and what the encoders of AVIF and WebP need.

    Args:
        path: ends in .png, .jpg, .webp, .avif, .tif or .bmp.
        rgb: (H, W, 3), uint8, or floating in [0, 1].
        alpha: (H, W) of the same kind; left out where the format has no transparency.
        quality: of JPEG, WebP and AVIF, 1 to 100; by default 95, and 90 for AVIF.
        depth: bits of a channel, 8, or, in TIFF only, 16.
        exif: from `load`; sizes in it become the image's. Left out in BMP, and in JPEG if too long.
        profile: embed the profile of sRGB.

    Raises:
        ValueError: if the suffix is none of these, or another argument not as said.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    check_writable(path, depth)
    _check(rgb, quality)
    with atomic_path(path) as temporary:
        _write(temporary, path.suffix, rgb, alpha, quality, depth, exif, profile)


def encode(
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    *,
    quality: int | None = None,
    depth: int = 8,
    exif: Image.Exif | None = None,
    profile: bool = False,
) -> bytes:
    """The content of the file that `save` would write.

    >>> encode(".bmp", np.zeros((4, 4, 3), np.uint8))[:2]
    b'BM'
    """
    check_writable(f"image{suffix}", depth)
    _check(rgb, quality)
    buffer = io.BytesIO()
    _write(buffer, suffix, rgb, alpha, quality, depth, exif, profile)
    return buffer.getvalue()


def check_writable(path: str | os.PathLike, depth: int = 8) -> None:
    """Raise `ValueError` if no image format of that many bits has the suffix of `path`."""
    if depth not in (8, 16):
        raise ValueError(f"a channel has 8 or 16 bits, not {depth}")
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        known = " ".join(sorted(WRITABLE))
        raise ValueError(f"cannot write {path}: its suffix is none of {known}")
    if depth == 16 and suffix not in DEEP:
        raise ValueError(f"cannot write {path} with 16 bits: only {' and '.join(DEEP)} have them")


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


def _check(rgb: np.ndarray, quality: int | None) -> None:
    if np.ndim(rgb) != 3 or np.shape(rgb)[-1] != 3:
        raise ValueError(f"an image is (H, W, 3), not {np.shape(rgb)}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality is between 1 and 100, not {quality}")


def _write(
    file: Path | IO[bytes],
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    quality: int | None,
    depth: int,
    exif: Image.Exif | None,
    profile: bool,
) -> None:
    rgb = np.asarray(rgb)
    format_name, has_alpha, options = WRITABLE[suffix.lower()]
    alpha = np.asarray(alpha) if alpha is not None and has_alpha else None
    tags = exif_data.fitted(exif, rgb.shape[1], rgb.shape[0]) if exif else None
    icc = _srgb_profile() if profile else None
    if format_name == "TIFF":
        _write_tiff(file, rgb, alpha, depth, tags, icc)
        return
    options = {**options, "icc_profile": icc}
    if quality is not None and "quality" in options:
        options["quality"] = quality
    if tags and not (format_name == "JPEG" and len(tags.tobytes()) > _JPEG_EXIF):
        options["exif"] = tags
    _to_image(rgb, alpha).save(file, format_name, **options)


def _write_tiff(
    file: Path | IO[bytes],
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    depth: int,
    exif: Image.Exif | None,
    profile: bytes | None,
) -> None:
    convert = _to_words if depth == 16 else _to_bytes
    parts = [rgb] if alpha is None else [rgb, alpha[..., None]]
    tiff.write(
        file,
        (np.dstack([convert(part[rows]) for part in parts]) for rows in _strips(len(rgb))),
        width=rgb.shape[1],
        height=rgb.shape[0],
        channels=3 if alpha is None else 4,
        bits=depth,
        rows=_STRIP,
        exif=exif,
        profile=profile,
    )


@cache
def _srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An image of any mode as RGB, RGBA, or F in [0, 1] (greyscale of more than 8 bits)."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _deep_gray(image)
        if not profile:
            return image
        eighth = np.round(np.asarray(image) * 255).astype(np.uint8)  # what profiles are applied to
        image = Image.fromarray(eighth)
    if image.mode == "RGBA" or (image.mode == "RGB" and not image.has_transparency_data):
        return _apply_profile(image, profile) if profile else image  # without a copy
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode in ("1", "LA", "La"):
        image = image.convert("L")
    elif image.mode in ("P", "PA", "RGBa", "RGBX"):
        image = image.convert("RGBA").convert("RGB")
    if profile:
        image = _apply_profile(image, profile)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _turn_upright(image: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # broken EXIF data say nothing of the picture
        return


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
        srgb = ImageCms.createProfile("sRGB")
        if image.mode in ("RGB", "RGBA"):
            ImageCms.profileToProfile(image, source, srgb, inPlace=True)
            return image
        converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile, or one for another mode: viewers ignore it too
    return image if converted is None else converted


def _scale(image: Image.Image, size: int) -> Image.Image:
    factor = size / min(image.size) if size else 1.0
    if factor == 1:
        return image
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _center_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _to_arrays(image: Image.Image, as_bytes: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """A strip of rows at a time: Pillow hands out pixels as copies, and floats take their room."""
    kind = np.uint8 if as_bytes else np.float32
    if image.mode == "F":
        gray = np.asarray(image).clip(0, 1)
        return np.repeat((_to_bytes(gray) if as_bytes else gray)[..., None], 3, axis=-1), None
    width, height = image.size
    rgb = np.empty((height, width, 3), kind)
    alpha = np.empty((height, width), kind) if image.mode == "RGBA" else None
    for rows in _strips(height):
        strip = np.asarray(image.crop((0, rows.start, width, rows.stop)))
        if not as_bytes:
            strip = strip.astype(np.float32) / np.float32(255)
        rgb[rows] = strip[..., :3]
        if alpha is not None:
            alpha[rows] = strip[..., 3]
    return rgb, alpha


def _to_image(rgb: np.ndarray, alpha: np.ndarray | None) -> Image.Image:
    image = _fill("RGB", rgb)
    if alpha is not None:
        image.putalpha(_fill("L", alpha))
    return image


def _fill(mode: str, array: np.ndarray) -> Image.Image:
    image = Image.new(mode, (array.shape[1], array.shape[0]))
    for rows in _strips(len(array)):
        image.paste(Image.fromarray(_to_bytes(array[rows])), (0, rows.start))
    return image


def _strips(height: int) -> Iterator[slice]:
    for start in range(0, height, _STRIP):
        yield slice(start, min(start + _STRIP, height))


def _to_bytes(array: np.ndarray) -> np.ndarray:
    """An array of uint8, or floating in [0, 1], as uint8."""
    if array.dtype == np.uint8:
        return array
    return np.round(np.clip(np.asarray(array, np.float32), 0, 1) * 255).astype(np.uint8)


def _to_words(array: np.ndarray) -> np.ndarray:
    """The same as uint16."""
    if array.dtype == np.uint8:
        return array.astype(np.uint16) * np.uint16(257)
    return np.round(np.clip(np.asarray(array, np.float32), 0, 1) * 65535).astype(np.uint16)
