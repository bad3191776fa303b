"""What Pillow writes; and PPMs by hand."""

import io
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from tests.files.fuzz.file import File, turned
from tests.files.fuzz.parts import (
    exif_data,
    of_cmyk,
    packed,
    profile_of,
    shape_of,
    three,
    values_of,
)

try:
    import imagecodecs
except ImportError:
    imagecodecs = None


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, format_name, **options)
    return data.getvalue()


def _pillow(draw: Any, modes: list[str]) -> tuple[Image.Image, np.ndarray, np.ndarray | None]:
    """An image of one of the modes, its colours and its transparency."""
    mode = draw(st.sampled_from(modes))
    height, width = shape_of(draw)
    channels = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    values = np.round(values_of(draw, (height, width, channels)) * 255).astype(np.uint8)
    alpha = values[..., -1] / 255 if mode in ("LA", "RGBA") else None
    if mode == "1":
        bits = values[..., 0] > 127
        return Image.fromarray(bits), three(bits.astype(float)), None
    if channels == 1:
        image = Image.fromarray(values[..., 0])
        if mode == "L":
            return image, three(values[..., 0] / 255), None
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(256, 3))
        image.putpalette(colors.astype(np.uint8).tobytes())
        return image, colors[values[..., 0]] / 255, None
    image = Image.frombytes(mode, (width, height), values.tobytes())
    if mode == "CMYK":
        return image, of_cmyk(values / 255), None
    return image, values[..., :3] / 255 if mode[0] == "R" else three(values[..., 0] / 255), alpha


def _described(image: Image.Image, format_name: str, options: dict) -> str:
    said = {k: v for k, v in options.items() if k not in ("exif", "icc_profile")}
    return f"{format_name} of mode {image.mode}, {said}"


def jpeg(draw: Any) -> File:
    image, rgb, _ = _pillow(draw, ["L", "RGB", "RGB", "CMYK"])
    order = None
    exif, orientation = exif_data(draw)
    options: dict[str, Any] = {
        "quality": draw(st.sampled_from([30, 75, 95])),
        "progressive": draw(st.booleans()),
        "restart_marker_rows": draw(st.sampled_from([0, 0, 1])),
        "exif": exif,
    }
    if image.mode == "RGB":
        options["subsampling"] = draw(st.sampled_from([0, 1, 2]))
        options["icc_profile"], order = profile_of(draw)
        rgb = rgb[..., list(order)]
    data = encoded(image, "JPEG", **options)
    order = order if options.get("icc_profile") else None
    kind = _described(image, "JPEG", options)
    if image.mode == "CMYK" and imagecodecs and draw(st.booleans()):
        inverted = 255 - np.asarray(image)
        data = bytes(
            imagecodecs.jpeg8_encode(inverted, 90, colorspace="CMYK", outcolorspace="YCCK")
        )
        kind, orientation = "JPEG of YCCK", 1
    return File(kind, "JPEG", data, turned(rgb, orientation), lossy=True, order=order)


def webp(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["RGB", "RGBA"])
    lossless = draw(st.booleans())
    exif, orientation = exif_data(draw)
    profile, order = profile_of(draw)
    options = {"lossless": lossless, "quality": 90, "method": 0, "exif": exif}
    data = encoded(image, "WEBP", icc_profile=profile, **options)
    alpha = None if alpha is None else turned(alpha, orientation)
    kind = _described(image, "WEBP", options)
    return File(
        kind,
        "WEBP",
        data,
        turned(rgb[..., list(order)], orientation),
        alpha,
        lossy=not lossless,
        order=order if profile else None,
    )


def avif(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["RGB", "RGBA"])
    exif, orientation = exif_data(draw, broken=False)
    options = {"quality": 90, "speed": 10, "subsampling": "4:4:4", "max_threads": 1, "exif": exif}
    data = encoded(image, "AVIF", **options)
    alpha = None if alpha is None else turned(alpha, orientation)
    kind = _described(image, "AVIF", options)
    return File(kind, "AVIF", data, turned(rgb, orientation), alpha, lossy=True)


def jpeg2000(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["L", "LA", "RGB", "RGBA"])
    options = {"irreversible": False, "no_jp2": draw(st.booleans())}
    if options["no_jp2"] and image.mode in ("LA", "RGBA"):
        options["no_jp2"] = False  # a code stream does not say which channel is transparency
    if draw(st.booleans()):
        options["tile_size"] = (16, 16)
    data = encoded(image, "JPEG2000", **options)
    return File(_described(image, "JPEG2000", options), "JPEG2000", data, rgb, alpha)


def gif(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["1", "L", "P"])
    options: dict[str, Any] = {"interlace": draw(st.integers(0, 1))}
    if image.mode == "P" and draw(st.booleans()):
        index = image.getpixel((0, 0))
        options["transparency"] = index
        alpha = (np.asarray(image) != index).astype(float)
    if draw(st.integers(0, 3)) == 0:
        options |= {"save_all": True, "append_images": [image.rotate(180)]}
    data = encoded(image, "GIF", **options)
    options.pop("append_images", None)
    return File(_described(image, "GIF", options), "GIF", data, rgb, alpha)


def bmp(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["1", "L", "P", "RGB"])
    return File(_described(image, "BMP", {}), "BMP", encoded(image, "BMP"), rgb, alpha)


def tga(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["1", "L", "LA", "P", "RGB", "RGBA"])
    options = {"compression": draw(st.sampled_from([None, "tga_rle"]))}
    if image.mode == "1":
        options = {}
    options["orientation"] = draw(st.sampled_from([1, -1]))
    data = encoded(image, "TGA", **options)
    return File(_described(image, "TGA", options), "TGA", data, rgb, alpha)


def ppm(draw: Any) -> File:
    """By hand: as text or as bytes, of any greatest value."""
    form = draw(st.integers(1, 6))
    channels = 3 if form in (3, 6) else 1
    most = 1 if form in (1, 4) else draw(st.sampled_from([1, 3, 255, 1000, 65535]))
    height, width = shape_of(draw)
    samples = np.round(values_of(draw, (height, width, channels)) * most).astype(np.int64)
    note = "# a remark\n" if draw(st.booleans()) else ""
    head = f"P{form}\n{note}{width} {height}\n" + ("" if form in (1, 4) else f"{most}\n")
    if form <= 3:
        body = "\n".join(" ".join(map(str, row.ravel())) for row in samples).encode() + b"\n"
    elif form == 4:
        body = b"".join(packed(samples, 1))
    else:
        body = samples.astype(">u2" if most > 255 else "u1").tobytes()
    shown = samples / most
    if form in (1, 4):
        shown = 1 - shown
    rgb = shown if channels == 3 else three(shown[..., 0])
    return File(f"P{form} up to {most}", "PPM", head.encode() + body, rgb)
