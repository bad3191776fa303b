"""The random choices for an image of a data set: its styles, strengths and crops."""

import hashlib
from dataclasses import dataclass

import numpy as np

_BITS = 64


@dataclass(frozen=True)
class Choice:
    """The choices for one copy of an image.

    Attributes:
        style: the number of the style in its bank.
        alpha: the strength, a number that float32 holds exactly.
        place: the position of a crop, vertical and horizontal, as shares of its range, in [0, 1).
    """

    style: int
    alpha: float
    place: tuple[float, float]

    def corner(self, height: int, width: int, crop: int) -> tuple[int, int]:
        """The top and left of a square of `crop` pixels in an image of this size.

        >>> Choice(0, 1.0, (0.5, 0.99)).corner(10, 20, 10)
        (0, 10)
        """
        down, right = self.place
        return int(down * (height - crop + 1)), int(right * (width - crop + 1))


def choose(
    seed: int, key: str, copies: int, styles: int, alpha: tuple[float, float] = (1.0, 1.0)
) -> list[Choice]:
    """The choices for each copy of an image, which depend on the arguments alone.

    They are computed from a SHA-256 of the seed, the number of the copy and the key; so they depend
    neither on the order of images nor on the version of any library. Copies have different styles
    as long as there are enough styles. Copy i does not depend on the number of copies.

    Args:
        seed: any whole number.
        key: the key of the image in its data set.
        copies: the number of copies, at least 1.
        styles: the number of styles to choose from, at least 1.
        alpha: the least and the greatest strength.

    >>> first, second = choose(0, "dog/7.jpg", 2, 5, (0.5, 1.0))
    >>> first.style != second.style, choose(0, "dog/7.jpg", 1, 5, (0.5, 1.0)) == [first]
    (True, True)
    """
    choices, swapped = [], {}
    low, high = alpha
    for copy in range(copies):
        text = f"{seed}:{copy}:{key}".encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(text).digest()
        first, second, *others = (
            int.from_bytes(digest[i : i + _BITS // 8], "big") for i in range(0, 32, _BITS // 8)
        )
        # A Fisher-Yates shuffle of the styles, one step per copy.
        last = styles - 1 - copy % styles
        if copy % styles == 0:
            swapped = {}
        pick = first * (last + 1) >> _BITS
        style = swapped.get(pick, pick)
        swapped[pick] = swapped.get(last, last)
        strength = float(np.float32(low + (high - low) * _share(second)))
        choices.append(Choice(style, strength, (_share(others[0]), _share(others[1]))))
    return choices


def _share(number: int) -> float:
    """A number in [0, 1) from the upper 53 bits, as many as a float holds."""
    return (number >> (_BITS - 53)) / (1 << 53)
