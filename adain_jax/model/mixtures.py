"""Shares of several styles."""


def bilinear(x: float, y: float) -> tuple[float, float, float, float]:
    """The shares of the four corners of a square, at a place in it.

    Their order is upper left, upper right, lower left, lower right; x goes from left to right, y
    from top to bottom, both in [0, 1].

    >>> bilinear(0, 1), bilinear(0.5, 0.5)
    ((0, 0, 1, 0), (0.25, 0.25, 0.25, 0.25))
    """
    return (1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y
