"""What EXIF says of a photograph, as its picture says it too."""

from PIL import ExifTags, Image

DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)  # within the outer one
_ORIENTATION = 0x0112
_SIDES = (0xA002, 0xA003)  # in pixels, in the first of `DIRECTORIES`
# Makers' notes point into the file that they were written to, and hold previews.
_LEFT_OUT = (0x927C, ExifTags.IFD.Interop)
# The others of the outer directory tell how a TIFF is laid out, or are private.
_KEPT = {
    *(0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C),
    *(0x4746, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
}


def of(image: Image.Image) -> Image.Exif | None:
    """An opened image's EXIF data with an orientation of 1, or None if there are none to read.

    Without thumbnails, which would show the photograph, and without makers' notes. Call it when the
    pixels are loaded, for this may load a PNG's, and passes over what is wrong with them; but
    before a TIFF's are, with which its file is closed.
    """
    kept = Image.Exif()
    try:
        exif = image.getexif()
        for tag, value in exif.items():
            if tag in _KEPT:
                text = isinstance(value, str)  # as Pillow decodes it, but it encodes only ASCII
                kept[tag] = value.encode("latin-1") if text and not value.isascii() else value
        for tag in DIRECTORIES:
            inner = {k: v for k, v in exif.get_ifd(tag).items() if k not in _LEFT_OUT}
            if inner:
                kept[tag] = inner
        if not len(kept):
            return None
        kept[_ORIENTATION] = 1
        kept.tobytes()
    except Exception:  # broken EXIF data say nothing of the picture
        return None
    return kept


def orientation(image: Image.Image) -> int:
    """How a loaded image has to be turned, 1 to 8 as EXIF has it: 1 is not at all."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # as above
        return 1


def fitted(exif: Image.Exif, width: int, height: int) -> Image.Exif:
    """EXIF data from `of`, for a picture of that many pixels."""
    result = Image.Exif()
    for tag, value in exif.items():
        result[tag] = value
    inner = exif.get(ExifTags.IFD.Exif, {})
    sides = dict(zip(_SIDES, (width, height), strict=True))
    if inner:
        result[ExifTags.IFD.Exif] = {k: sides.get(k, v) for k, v in inner.items()}
    return result
