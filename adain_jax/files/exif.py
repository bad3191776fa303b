"""The EXIF data of a photograph, which are passed on to its pictures."""

from PIL import ExifTags, Image

DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)  # the directories within the outer one
_ORIENTATION = 0x0112
_SIDES = (0xA002, 0xA003)  # width and height in pixels, in the first of `DIRECTORIES`
# Makers' notes contain offsets into their original file, and previews.
_LEFT_OUT = (0x927C, ExifTags.IFD.Interop)
# The other tags of the outer directory describe the layout of a TIFF, or are private.
_KEPT = {
    *(0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C),
    *(0x4746, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
}


def of(image: Image.Image) -> Image.Exif | None:
    """The EXIF data of an opened image with an orientation of 1, or None if there are none.

    They are without thumbnails, which would show the photograph, and without makers' notes. Call
    this after the pixels are loaded: for a PNG it may load them, and ignores errors in them. Only
    for a TIFF call it before, since loading closes the file.
    """
    kept = Image.Exif()
    try:
        exif = image.getexif()
        for tag, value in exif.items():
            if tag in _KEPT:
                text = isinstance(value, str)  # Pillow decodes Latin-1, but encodes only ASCII
                kept[tag] = value.encode("latin-1") if text and not value.isascii() else value
        for tag in DIRECTORIES:
            inner = {k: v for k, v in exif.get_ifd(tag).items() if k not in _LEFT_OUT}
            if inner:
                kept[tag] = inner
        if not len(kept):
            return None
        kept[_ORIENTATION] = 1
        kept.tobytes()
    except Exception:  # broken EXIF data do not mean that the picture is broken
        return None
    return kept


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded image, 1 to 8; 1 is upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF data, as above
        return 1


def fitted(exif: Image.Exif, width: int, height: int) -> Image.Exif:
    """Copy EXIF data from `of`, with the sizes of a picture of `width` × `height` pixels."""
    result = Image.Exif()
    for tag, value in exif.items():
        result[tag] = value
    inner = exif.get(ExifTags.IFD.Exif, {})
    sides = dict(zip(_SIDES, (width, height), strict=True))
    if inner:
        result[ExifTags.IFD.Exif] = {k: sides.get(k, v) for k, v in inner.items()}
    return result
