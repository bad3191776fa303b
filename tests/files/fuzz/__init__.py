"""Images of every kind, whole and damaged, with what they show; and a judge of readers."""

from typing import Any

from hypothesis import strategies as st

from tests.files.fuzz.file import File, changed, damaged, damages, turned
from tests.files.fuzz.judge import judge
from tests.files.fuzz.pillow import avif, bmp, encoded, gif, jpeg, jpeg2000, ppm, tga, webp
from tests.files.fuzz.png import png
from tests.files.fuzz.tiff import PREMULTIPLIED_GREY, tiff, unsupported_tiff

__all__ = [
    "PREMULTIPLIED_GREY",
    "File",
    "changed",
    "damaged",
    "damages",
    "encoded",
    "files",
    "judge",
    "turned",
    "whole_files",
]

KINDS = [
    *(png, png, png, tiff, tiff, tiff, tiff, unsupported_tiff),
    *(jpeg, jpeg, webp, avif, jpeg2000, gif, bmp, tga, ppm),
]


def files() -> st.SearchStrategy[File]:
    """All kinds, half of them damaged."""
    return st.builds(damaged, whole_files(), st.just(()) | damages())


@st.composite
def whole_files(draw: Any) -> File:
    return draw(st.sampled_from(KINDS))(draw)
