"""Images of every kind, whole and damaged, and what they show; and how libvips reads them."""

import io
import logging
import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tifffile
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from adain_jax.files.image import decode

try:
    import pyvips
except (ImportError, OSError):
    pyvips = None
try:
    import imagecodecs
except ImportError:
    imagecodecs = None

logging.getLogger("pyvips").setLevel(logging.ERROR)  # warnings are of damage, which is meant

TOLERANCE = 0.02
# Whether Pillow reads it: older ones refuse it.
PREMULTIPLIED_GREY = (b"II", 1, (1,), 1, (8, 8), (1,)) in TiffImagePlugin.OPEN_INFO
LOSSY = ("JPEG", "WEBP", "AVIF")  # only another decoder knows what these show
# Without checksums, and read by nothing else here, or by what gives no damaged ones.
UNJUDGED = ("AVIF", "BMP", "GIF", "JPEG2000", "PPM", "TGA")


@dataclass(frozen=True)
class File:
    """An image file: `rgb` (H, W, 3) and `alpha` (H, W) in [0, 1] are what it shows."""

    kind: str
    format: str
    data: bytes
    rgb: np.ndarray
    alpha: np.ndarray | None = None
    lossy: bool = False
    supported: bool = True
    checked: bool = True  # whether damage to its pixels can be seen
    foreign: bool = True  # whether libvips reads it right
    order: tuple[int, ...] | None = None  # of red, green and blue, if it has a profile
    damage: str = ""
    whole: bytes = b""  # before it was damaged

    def __repr__(self) -> str:
        return f"<{self.damage or 'whole'} {self.kind}, {self.rgb.shape[:2]}: {self.data!r}>"


def files() -> st.SearchStrategy[File]:
    """All kinds, half of them damaged."""
    return st.builds(damaged, whole_files(), st.just(()) | damages())


@st.composite
def whole_files(draw: Any) -> File:
    return draw(st.sampled_from(KINDS))(draw)


def damages() -> st.SearchStrategy[tuple]:
    """A name, and shares of the file's length and bytes."""
    share = st.floats(0, 1, exclude_max=True)
    changes = st.lists(st.tuples(share, st.integers(1, 255)), min_size=1, max_size=4)
    return st.one_of(
        st.tuples(st.just("truncated"), share),
        st.tuples(st.just("changed"), changes),
        st.tuples(st.just("zeroed"), share, st.integers(1, 200)),
        st.tuples(st.just("lost"), share, st.integers(1, 50)),
        st.tuples(st.just("overwritten"), share, st.binary(min_size=1, max_size=99)),
    )


def damaged(file: File, how: tuple) -> File:
    """A file changed as one of `damages` says."""
    data = changed(file.data, how) if how else file.data
    return file if data == file.data else replace(file, data=data, damage=how[0], whole=file.data)


def changed(whole: bytes, how: tuple) -> bytes:
    """Data changed as one of `damages` says."""
    data = bytearray(whole)
    start = int(how[1] * len(data)) if isinstance(how[1], float) else 0
    match how:
        case ("truncated", _):
            del data[start:]
        case ("changed", changes):
            for share, value in changes:
                data[int(share * len(data))] ^= value
        case ("zeroed", _, length):
            data[start : start + length] = bytes(len(data[start : start + length]))
        case ("lost", _, length):
            del data[start : start + length]
        case ("overwritten", _, other):
            data[start : start + len(other)] = other
    return bytes(data)


# Pixels


def _values(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Smooth or noisy, in [0, 1]."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    height, width = shape[:2]
    if draw(st.booleans()):
        return rng.random(shape)
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    slopes = rng.random((3, int(np.prod(shape[2:]))))
    smooth = slopes[0] * rows[..., None] + slopes[1] * columns[..., None] + slopes[2]
    return (smooth / 3).reshape(shape)


def _shape(draw: Any) -> tuple[int, int]:
    side = st.integers(1, 40)
    return draw(side), draw(side)


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """As EXIF's orientation has it shown."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=-1)


def _of_cmyk(cmyk: np.ndarray) -> np.ndarray:
    return (1 - cmyk[..., :3]) * (1 - cmyk[..., 3:])


# What is around the pixels


def _profile(draw: Any) -> tuple[bytes | None, tuple[int, ...]]:
    """A colour profile, and the order into which it puts red, green and blue."""
    whole = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = (
        whole.replace(b"rXYZ\0", b"tXYZ\0")
        .replace(b"gXYZ\0", b"rXYZ\0")
        .replace(b"tXYZ\0", b"gXYZ\0")
    )
    plain = (0, 1, 2)
    return draw(
        st.sampled_from(
            [
                *[(None, plain)] * 6,
                (whole, plain),
                (swapped, (1, 0, 2)),
                (b"no profile", plain),
                (whole[:100], plain),
                (whole[:300] + bytes(100), plain),
            ]
        )
    )


def _exif(draw: Any, *, broken: bool = True) -> tuple[bytes, int]:
    """EXIF data, some of them broken, and the orientation that they give."""
    orientation = draw(st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a picture"
    if draw(st.booleans()):
        exif[0x8769] = {0x829A: 0.01}
    data = exif.tobytes()
    if broken and draw(st.integers(0, 9)) == 0:
        return b"Exif\0\0no such thing", 1
    return data, orientation if 1 <= orientation <= 8 else 1


# PNG, by hand: Pillow writes few of its kinds


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
_ADAM7 += [(1, 0, 2, 1)]  # row, column, and the distances of rows and columns


def _png(draw: Any) -> File:
    color, depth = draw(
        st.sampled_from(
            [*((0, d) for d in (1, 2, 4, 8, 16)), *((3, d) for d in (1, 2, 4, 8))]
            + [(c, d) for c in (2, 4, 6) for d in (8, 16)]
        )
    )
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    most = (1 << depth) - 1
    height, width = _shape(draw)
    samples = np.round(_values(draw, (height, width, channels)) * most).astype(np.int64)
    before, alpha = [], None
    scaled = samples / most
    if color == 3:
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(most + 1, 3))
        before.append(_chunk(b"PLTE", colors.astype(np.uint8).tobytes()))
        rgb = colors[samples[..., 0]] / 255
        if draw(st.booleans()):
            some = np.array(draw(st.lists(st.integers(0, 255), min_size=1, max_size=most + 1)))
            before.append(_chunk(b"tRNS", some.astype(np.uint8).tobytes()))
            alpha = np.append(some, [255] * (most + 1 - len(some)))[samples[..., 0]] / 255
    else:
        rgb = scaled[..., :3] if color in (2, 6) else _three(scaled[..., 0])
        if color in (4, 6):
            alpha = scaled[..., -1]
        elif draw(st.booleans()):
            key = samples[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))]
            before.append(_chunk(b"tRNS", key.astype(">u2").tobytes()))
            alpha = (samples != key).any(-1).astype(float)
    profile, order = _profile(draw)
    profile = profile if color in (2, 3, 6) else None  # it is one of colours
    if profile:
        before.insert(0, _chunk(b"iCCP", b"name\0\0" + zlib.compress(profile)))
        rgb = rgb[..., list(order)]
    exif, orientation = _exif(draw)
    after = []
    if draw(st.booleans()):
        (before if draw(st.booleans()) else after).append(_chunk(b"eXIf", exif[6:]))
        rgb = turned(rgb, orientation)
        alpha = None if alpha is None else turned(alpha, orientation)
    if draw(st.booleans()):
        after.append(_chunk(b"tEXt", b"Title\0a picture"))
    interlaced = draw(st.booleans())
    passes = _ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [samples[r::down, c::right] for r, c, down, right in passes]
    rows = b"".join(b"\0" + row for part in parts if part.size for row in _packed(part, depth))
    data = zlib.compress(rows, draw(st.sampled_from([0, 6])))
    cut = draw(st.integers(1, len(data)))
    idat = [_chunk(b"IDAT", x) for x in (data[:cut], data[cut:])]
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    whole = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), *before, *idat, *after]
    kind = f"PNG of colour type {color}, {depth} bits{', interlaced' * interlaced}"
    return File(
        kind,
        "PNG",
        b"".join([*whole, _chunk(b"IEND", b"")]),
        rgb,
        alpha,
        order=order if profile else None,
    )


def _packed(samples: np.ndarray, depth: int) -> list[bytes]:
    height = len(samples)
    if depth == 16:
        return [row.tobytes() for row in samples.reshape(height, -1).astype(">u2")]
    bits = samples.reshape(height, -1, 1) >> np.arange(depth)[::-1] & 1
    return [row.tobytes() for row in np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)]


# TIFF, by tifffile


_DTYPES = {"u1": np.uint8, "u2": np.uint16, "f4": np.float32}
_TIFF_COLORS = {
    "minisblack": (1, ()),
    "miniswhite": (1, ()),
    "palette": (1, ()),
    "rgb": (3, ()),
    "separated": (4, ()),
    "grey and alpha": (2, ("unassalpha",)),
    "grey and associated alpha": (2, ("assocalpha",)),
    "rgb and alpha": (4, ("unassalpha",)),
    "rgb and associated alpha": (4, ("assocalpha",)),
    "rgb and more": (4, ("unspecified",)),
}


def _tiff(draw: Any) -> File:
    color = draw(st.sampled_from(list(_TIFF_COLORS)))
    channels, extra = _TIFF_COLORS[color]
    kinds = ["u1", "u1", "u2", "bool"] if color == "minisblack" else ["u1", "u2"]
    if color in ("minisblack", "miniswhite"):
        kinds.append("f4")
    if color in ("palette", "grey and alpha", "grey and associated alpha"):
        kinds = ["u1"]
    dtype = draw(st.sampled_from(kinds))
    height, width = _shape(draw)
    values = _values(draw, (height, width, channels))
    most = 1 if dtype in ("f4", "bool") else np.iinfo(_DTYPES[dtype]).max
    alpha = None
    if extra and extra[0] != "unspecified":
        alpha = np.round(values[..., -1] * most) / most
        if extra[0] == "assocalpha":
            values[..., :-1] *= alpha[..., None]
    if dtype == "bool":
        stored = values > 0.5
    elif dtype == "f4":
        stored = values.astype(np.float32)
    else:
        stored = np.round(values * most).astype(_DTYPES[dtype])
    shown = stored.astype(float) / most
    if extra and extra[0] == "assocalpha" and alpha is not None:
        shown[..., :-1] = np.clip(shown[..., :-1] / np.maximum(alpha, 1e-9)[..., None], 0, 1)
    rgb = shown[..., :3] if color.startswith("rgb") else _three(shown[..., 0])
    options: dict[str, Any] = {}
    if color == "miniswhite":
        rgb = 1 - rgb
    elif color == "separated":
        rgb = _of_cmyk(shown)
    elif color == "palette":
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(3, 256))
        options["colormap"] = (colors * 257).astype(np.uint16)
        rgb = colors.T[stored[..., 0].astype(int)] / 255
    orientation = draw(st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 8]))
    profile, order = _profile(draw)
    profile = profile if color.startswith("rgb") else None
    if profile:
        options["iccprofile"] = profile
        rgb = rgb[..., list(order)]
    planes = channels > 1 and draw(st.booleans())
    if channels == 1:
        stored = stored[..., 0]
    else:
        options["planarconfig"] = "separate" if planes else "contig"
        stored = stored.transpose(2, 0, 1) if planes else stored
    compressions = [None, None, "zlib"] + (["lzw", "packbits"] if imagecodecs else [])
    compression = draw(st.sampled_from(compressions)) if dtype != "bool" else None
    options["compression"] = compression
    if compression in ("zlib", "lzw") and dtype in ("u1", "u2") and draw(st.booleans()):
        options["predictor"] = bool(imagecodecs)
    if dtype != "bool" and draw(st.booleans()):
        options["tile"] = (16, 16)
    elif draw(st.booleans()):
        options["rowsperstrip"] = draw(st.integers(1, 16))
    byteorder = draw(st.sampled_from("<>"))
    bigtiff = draw(st.integers(0, 3)) == 0
    data = io.BytesIO()
    tifffile.imwrite(
        data,
        stored,
        photometric=color.split()[0].replace("grey", "minisblack"),
        extrasamples=extra or None,
        byteorder=byteorder,
        bigtiff=bigtiff,
        extratags=[(274, 3, 1, orientation, True)],
        metadata=None,
        **options,
    )
    kind = f"TIFF of {dtype} {color}{' in planes' * planes}, {compression}, {sorted(options)}"
    alpha = None if alpha is None else turned(alpha, orientation)
    refused = [
        bigtiff and byteorder == ">",
        planes and channels == 2,
        color == "grey and associated alpha" and not PREMULTIPLIED_GREY,
        color == "miniswhite" and dtype == "u2" and byteorder == ">",
    ]
    return File(
        kind,
        "TIFF",
        data.getvalue(),
        turned(rgb, orientation),
        alpha,
        supported=not any(refused),
        checked=compression is not None,
        foreign=color != "miniswhite" or dtype != "f4",
        order=order if profile else None,
    )


_UNSUPPORTED = [
    *(("minisblack", x) for x in ("i1", "i2", "u8", "i8", "f2", "f8", "c8")),
    *(("rgb", x) for x in ("i1", "i2", "u4", "i4", "f2", "f4", "f8")),
]


def _unsupported_tiff(draw: Any) -> File:
    photometric, dtype = draw(st.sampled_from(_UNSUPPORTED))
    shape = (*_shape(draw), 3) if photometric == "rgb" else _shape(draw)
    data, pixels = io.BytesIO(), np.zeros(shape, dtype)
    tifffile.imwrite(data, pixels, photometric=photometric, metadata=None, byteorder="<")
    kind = f"TIFF of {dtype} {photometric}"
    return File(
        kind, "TIFF", data.getvalue(), np.zeros((*shape[:2], 3)), supported=False, checked=False
    )


# What Pillow writes


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, format_name, **options)
    return data.getvalue()


def _pillow(draw: Any, modes: list[str]) -> tuple[Image.Image, np.ndarray, np.ndarray | None]:
    """An image of one of the modes, its colours and its transparency."""
    mode = draw(st.sampled_from(modes))
    height, width = _shape(draw)
    channels = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    values = np.round(_values(draw, (height, width, channels)) * 255).astype(np.uint8)
    alpha = values[..., -1] / 255 if mode in ("LA", "RGBA") else None
    if mode == "1":
        bits = values[..., 0] > 127
        return Image.fromarray(bits), _three(bits.astype(float)), None
    if channels == 1:
        image = Image.fromarray(values[..., 0])
        if mode == "L":
            return image, _three(values[..., 0] / 255), None
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(256, 3))
        image.putpalette(colors.astype(np.uint8).tobytes())
        return image, colors[values[..., 0]] / 255, None
    image = Image.frombytes(mode, (width, height), values.tobytes())
    if mode == "CMYK":
        return image, _of_cmyk(values / 255), None
    return image, values[..., :3] / 255 if mode[0] == "R" else _three(values[..., 0] / 255), alpha


def _described(image: Image.Image, format_name: str, options: dict) -> str:
    said = {k: v for k, v in options.items() if k not in ("exif", "icc_profile")}
    return f"{format_name} of mode {image.mode}, {said}"


def _jpeg(draw: Any) -> File:
    image, rgb, _ = _pillow(draw, ["L", "RGB", "RGB", "CMYK"])
    order = None
    exif, orientation = _exif(draw)
    options: dict[str, Any] = {
        "quality": draw(st.sampled_from([30, 75, 95])),
        "progressive": draw(st.booleans()),
        "restart_marker_rows": draw(st.sampled_from([0, 0, 1])),
        "exif": exif,
    }
    if image.mode == "RGB":
        options["subsampling"] = draw(st.sampled_from([0, 1, 2]))
        options["icc_profile"], order = _profile(draw)
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


def _webp(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["RGB", "RGBA"])
    lossless = draw(st.booleans())
    exif, orientation = _exif(draw)
    profile, order = _profile(draw)
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


def _avif(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["RGB", "RGBA"])
    exif, orientation = _exif(draw, broken=False)
    options = {"quality": 90, "speed": 10, "subsampling": "4:4:4", "max_threads": 1, "exif": exif}
    data = encoded(image, "AVIF", **options)
    alpha = None if alpha is None else turned(alpha, orientation)
    kind = _described(image, "AVIF", options)
    return File(kind, "AVIF", data, turned(rgb, orientation), alpha, lossy=True)


def _jpeg2000(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["L", "LA", "RGB", "RGBA"])
    options = {"irreversible": False, "no_jp2": draw(st.booleans())}
    if options["no_jp2"] and image.mode in ("LA", "RGBA"):
        options["no_jp2"] = False  # a code stream does not say which channel is transparency
    if draw(st.booleans()):
        options["tile_size"] = (16, 16)
    data = encoded(image, "JPEG2000", **options)
    return File(_described(image, "JPEG2000", options), "JPEG2000", data, rgb, alpha)


def _gif(draw: Any) -> File:
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


def _bmp(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["1", "L", "P", "RGB"])
    return File(_described(image, "BMP", {}), "BMP", encoded(image, "BMP"), rgb, alpha)


def _tga(draw: Any) -> File:
    image, rgb, alpha = _pillow(draw, ["1", "L", "LA", "P", "RGB", "RGBA"])
    options = {"compression": draw(st.sampled_from([None, "tga_rle"]))}
    if image.mode == "1":
        options = {}
    options["orientation"] = draw(st.sampled_from([1, -1]))
    data = encoded(image, "TGA", **options)
    return File(_described(image, "TGA", options), "TGA", data, rgb, alpha)


def _ppm(draw: Any) -> File:
    """By hand: as text or as bytes, of any greatest value."""
    form = draw(st.integers(1, 6))
    channels = 3 if form in (3, 6) else 1
    most = 1 if form in (1, 4) else draw(st.sampled_from([1, 3, 255, 1000, 65535]))
    height, width = _shape(draw)
    samples = np.round(_values(draw, (height, width, channels)) * most).astype(np.int64)
    note = "# a remark\n" if draw(st.booleans()) else ""
    head = f"P{form}\n{note}{width} {height}\n" + ("" if form in (1, 4) else f"{most}\n")
    if form <= 3:
        body = "\n".join(" ".join(map(str, row.ravel())) for row in samples).encode() + b"\n"
    elif form == 4:
        body = b"".join(_packed(samples, 1))
    else:
        body = samples.astype(">u2" if most > 255 else "u1").tobytes()
    shown = samples / most
    if form in (1, 4):
        shown = 1 - shown
    rgb = shown if channels == 3 else _three(shown[..., 0])
    return File(f"P{form} up to {most}", "PPM", head.encode() + body, rgb)


KINDS = [
    *(_png, _png, _png, _tiff, _tiff, _tiff, _tiff, _unsupported_tiff),
    *(_jpeg, _jpeg, _webp, _avif, _jpeg2000, _gif, _bmp, _tga, _ppm),
]


# The other reading


def _by_vips(file: File, *, strict: bool) -> tuple[np.ndarray, np.ndarray | None] | None:
    """With the colours that its profile gives, and transparency if there should be one."""
    found = read_by_vips(file.data, strict=strict)
    if found is None:
        return None
    rgb, alpha = found
    return rgb[..., list(file.order or (0, 1, 2))], None if file.alpha is None else alpha


_VIPS_DTYPES = {
    **{"uchar": "u1", "char": "i1", "ushort": "u2", "short": "i2", "uint": "u4", "int": "i4"},
    **{"float": "f4", "double": "f8", "complex": "c8", "dpcomplex": "c16"},
}


def read_by_vips(data: bytes, *, strict: bool) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Colours and transparency as libvips reads them; None if it reads nothing.

    Strictly, it takes no file of which its decoder says that pixels are wrong.
    """
    assert pyvips is not None
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error" if strict else "none")
        image = image.autorot()
        array = np.ndarray(
            buffer=image.write_to_memory(),
            dtype=_VIPS_DTYPES[str(image.format)],
            shape=(image.height, image.width, image.bands),
        )
    except pyvips.Error:
        return None
    deep = image.interpretation in ("rgb16", "grey16") or image.format == "ushort"
    array = array.astype(float)
    if image.format not in ("float", "double"):
        array = array / (65535 if deep else 255)
    if image.interpretation == "cmyk":
        return _of_cmyk(array[..., :4]), None
    channels = array.shape[-1]
    rgb = array[..., :3] if channels >= 3 else _three(array[..., 0])
    return rgb, array[..., -1] if channels in (2, 4) else None


def judge(file: File) -> str:
    """Decode it: "read" if right, "refused" if in one line, "unjudged" if nobody knows.

    Raises:
        AssertionError: if it is read wrong, or whole and refused, or not in one line.
    """
    loaded, refusal = None, ""
    try:
        loaded = decode(file.data, "a file")
    except ValueError as error:
        refusal = str(error)
    if loaded is None:
        assert refusal.startswith("a file ")
        assert "\n" not in refusal
        assert file.damage or not file.supported, refusal
        return "refused"
    assert file.supported or file.damage, "read, though of a kind that is not"
    shown = loaded.rgb, loaded.alpha
    if not file.lossy and same(*shown, (file.rgb, file.alpha), turn=bool(file.damage)):
        return "read"
    if file.damage == "truncated" and file.data[:2] in (b"P1", b"P2", b"P3"):
        return "unjudged"  # a number that is cut short is one too
    if file.damage == "truncated":  # what is left is all, or it is none
        all_ = decode(file.whole, "a file")
        assert same(*shown, (all_.rgb, all_.alpha)), "a part is read as the whole"
        return "read"
    unknown = file.order or file.format in UNJUDGED or not file.foreign or pyvips is None
    if file.damage and unknown:
        return "unjudged"
    assert file.damage or file.lossy, "it shows something else"
    if pyvips is None:
        assert loaded.rgb.shape == file.rgb.shape
        return "unjudged"
    strict, any_ = (_by_vips(file, strict=strict) for strict in (True, False))
    if strict is None and any_ is None and file.damage:
        return "unjudged"
    other = any_ if strict is None and not file.checked else strict
    assert other is not None, "libvips finds it damaged"
    right = same(*shown, other, turn=bool(file.damage))
    if file.damage:  # which may be in the word for what the fourth channel is
        right = right or same(loaded.rgb, None, (other[0], None), turn=True)
    assert right, "libvips reads something else"
    return "read"


def same(
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    other: tuple[np.ndarray, np.ndarray | None],
    *,
    turn: bool = False,
) -> bool:
    """Whether two pictures are the same where they are to be seen.

    They may be turned where it is the word for how to turn them that may be damaged.
    """
    ours = np.dstack([rgb, np.ones(rgb.shape[:2]) if alpha is None else alpha])
    others = np.dstack([other[0], np.ones(other[0].shape[:2]) if other[1] is None else other[1]])
    for part in (ours, others):
        part[..., :3] *= part[..., 3:]
    for orientation in range(1, 9 if turn else 2):
        candidate = turned(others, orientation)
        if candidate.shape == ours.shape and (np.abs(ours - candidate) <= TOLERANCE).all():
            return True
    return False
