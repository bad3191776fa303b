"""TIFFs by tifffile."""

import io
from typing import Any

import numpy as np
import tifffile
from hypothesis import strategies as st
from PIL import TiffImagePlugin

from tests.files.fuzz.file import File, turned
from tests.files.fuzz.parts import of_cmyk, profile_of, shape_of, three, values_of

try:
    import imagecodecs
except ImportError:
    imagecodecs = None

# Whether Pillow reads it: older ones refuse it.
PREMULTIPLIED_GREY = (b"II", 1, (1,), 1, (8, 8), (1,)) in TiffImagePlugin.OPEN_INFO

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


def tiff(draw: Any) -> File:
    color = draw(st.sampled_from(list(_TIFF_COLORS)))
    channels, extra = _TIFF_COLORS[color]
    kinds = ["u1", "u1", "u2", "bool"] if color == "minisblack" else ["u1", "u2"]
    if color in ("minisblack", "miniswhite"):
        kinds.append("f4")
    if color in ("palette", "grey and alpha", "grey and associated alpha"):
        kinds = ["u1"]
    dtype = draw(st.sampled_from(kinds))
    height, width = shape_of(draw)
    values = values_of(draw, (height, width, channels))
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
    rgb = shown[..., :3] if color.startswith("rgb") else three(shown[..., 0])
    options: dict[str, Any] = {}
    if color == "miniswhite":
        rgb = 1 - rgb
    elif color == "separated":
        rgb = of_cmyk(shown)
    elif color == "palette":
        colors = np.random.default_rng(draw(st.integers(0, 99))).integers(256, size=(3, 256))
        options["colormap"] = (colors * 257).astype(np.uint16)
        rgb = colors.T[stored[..., 0].astype(int)] / 255
    orientation = draw(st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 8]))
    profile, order = profile_of(draw)
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


def unsupported_tiff(draw: Any) -> File:
    photometric, dtype = draw(st.sampled_from(_UNSUPPORTED))
    shape = (*shape_of(draw), 3) if photometric == "rgb" else shape_of(draw)
    data, pixels = io.BytesIO(), np.zeros(shape, dtype)
    tifffile.imwrite(data, pixels, photometric=photometric, metadata=None, byteorder="<")
    kind = f"TIFF of {dtype} {photometric}"
    return File(
        kind, "TIFF", data.getvalue(), np.zeros((*shape[:2], 3)), supported=False, checked=False
    )
