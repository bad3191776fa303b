"""Whether a file is read right: by what it shows, and by how libvips reads it."""

import logging

import numpy as np

from adain_jax.files.image import decode
from tests.files.fuzz.file import File, turned
from tests.files.fuzz.parts import of_cmyk, three

try:
    import pyvips
except (ImportError, OSError):
    pyvips = None

logging.getLogger("pyvips").setLevel(logging.ERROR)  # warnings are of damage, which is meant

TOLERANCE = 0.02
# Without checksums, and read by nothing else here, or by what gives no damaged ones.
UNJUDGED = ("AVIF", "BMP", "GIF", "JPEG2000", "PPM", "TGA")
_VIPS_DTYPES = {
    **{"uchar": "u1", "char": "i1", "ushort": "u2", "short": "i2", "uint": "u4", "int": "i4"},
    **{"float": "f4", "double": "f8", "complex": "c8", "dpcomplex": "c16"},
}


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


def _by_vips(file: File, *, strict: bool) -> tuple[np.ndarray, np.ndarray | None] | None:
    """With the colours that its profile gives, and transparency if there should be one."""
    found = read_by_vips(file.data, strict=strict)
    if found is None:
        return None
    rgb, alpha = found
    return rgb[..., list(file.order or (0, 1, 2))], None if file.alpha is None else alpha


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
        return of_cmyk(array[..., :4]), None
    channels = array.shape[-1]
    rgb = array[..., :3] if channels >= 3 else three(array[..., 0])
    return rgb, array[..., -1] if channels in (2, 4) else None
