"""What an image of a data set gets: which style, how much of it, and which part of the image."""

import hashlib
from dataclasses import dataclass

import numpy as np

_BITS = 64


@dataclass(frozen=True)
class Choice:
    """What one copy of an image gets.

    Attributes:
        style: number of the style in its bank.
        alpha: strength, a number that float32 holds exactly.
        place: how far down and to the right a crop lies, from 0 to 1 of the room there is.
    """

    style: int
    alpha: float
    place: tuple[float, float]

    def corner(self, height: int, width: int, crop: int) -> tuple[int, int]:
        """Top and left of a square of `crop` pixels in an image of a size.

        >>> Choice(0, 1.0, (0.5, 0.99)).corner(10, 20, 10)
        (0, 10)
        """
        down, right = self.place
        return int(down * (height - crop + 1)), int(right * (width - crop + 1))


def choose(
    seed: int, key: str, copies: int, styles: int, alpha: tuple[float, float] = (1.0, 1.0)
) -> list[Choice]:
    """The choices for each copy of an image: a function of the arguments, and of nothing else.

    They are read off a SHA-256 of the seed, the number of the copy and the key; so neither the
    order of images, nor the version of any library has part in them. Copies have different styles
    as long as there are enough; copy i is the same however many copies there are.

    Args:
        seed: any whole number.
        key: of the image, in its data set.
        copies: how many, at least 1.
        styles: how many there are to choose from, at least 1.
        alpha: least and greatest strength.

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
        # Fisher and Yates' shuffle, as far as it is needed.
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
    """From 0, and less than 1: of the 53 bits that a float holds."""
    return (number >> (_BITS - 53)) / (1 << 53)
