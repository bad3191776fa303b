"""Converts the colours of images of any kind to sRGB."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from adain_jax.ops.pixels import from_float


def convert(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image of any mode, in the colours of `profile`, to RGB, RGBA, or F in [0, 1].

    F is for greyscale of more than 8 bits without a profile. The given image may be changed, to
    avoid copies.

    Raises:
        ValueError: if greyscale has values out of its range.
    """
    if image.mode == "La":  # Pillow converts this mode only to LA
        image = image.convert("LA")
    if image.mode.startswith("I") or image.mode == "F":
        image = _deep_gray(image)
        if not profile:
            return image
        eighth = from_float(np.asarray(image), np.uint8, xp=np)  # profiles need 8 bits
        image = Image.fromarray(eighth)
    if image.mode == "RGBA" or (image.mode == "RGB" and not image.has_transparency_data):
        return _apply_profile(image, profile) if profile else image  # without a copy
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode in ("1", "LA"):
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


@cache
def profile() -> bytes:
    """The ICC profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
