"""An image file, what it shows, and damage of every kind."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st


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


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """As EXIF's orientation has it shown."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array
