"""Generated styles: graphic, periodic, noisy and flat ones, which collections lack.

A pattern is a map of levels in [0, 1], (size, size); a palette of random colours paints it. All
functions are pure and take one key, so that `jax.vmap` can map them inside a compiled step.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from adain_jax.ops.pixels import from_float

_COLORS = 5  # the number of colours in a palette
_CELLS = 32  # the number of Voronoi cells in a pattern
_MARKS = 6  # the number of discs and strokes in a pattern


def synthetic(key: jax.Array, size: int) -> jax.Array:
    """A random style, uint8 (size, size, 3).

    >>> synthetic(jax.random.key(0), 16).shape
    (16, 16, 3)
    """
    which, how, colors = jax.random.split(key, 3)
    number = jax.random.randint(which, (), 0, len(PATTERNS), jnp.int32)
    level = jax.lax.switch(number, [lambda k, p=p: p(k, size) for p in PATTERNS], how)
    return from_float(paint(colors, level), jnp.uint8)


def paint(key: jax.Array, level: jax.Array) -> jax.Array:
    """Paint a map of levels in random colours, in steps or blended: (..., 3) in [0, 1].

    >>> paint(jax.random.key(0), jnp.zeros((4, 4))).shape
    (4, 4, 3)
    """
    draws = _draws(key, _COLORS + 1, 3)
    palette, (tones, flat, _) = draws[:-1], draws[-1]
    # Some palettes are tones of one colour, grey included, in random order.
    order = (palette[:, None, 0] > palette[None, :, 0]).sum(1).astype(jnp.float32) / (_COLORS - 1)
    palette = jnp.where(tones < 0.3, order[:, None] * (0.5 + 0.5 * palette[:1]), palette)
    place = jnp.clip(level, 0, 1) * (_COLORS - 1)
    place = jnp.where(flat < 0.5, jnp.round(place), place)
    below = jnp.clip(place.astype(jnp.int32), 0, _COLORS - 2)
    part = (place - below.astype(jnp.float32))[..., None]
    return palette[below] * (1 - part) + palette[below + 1] * part


def stripes(key: jax.Array, size: int) -> jax.Array:
    """Waves in one direction, soft or with sharp edges."""
    draws = _draws(key, 4)
    x, _ = _turned(draws[:3], size)
    sharpness = jnp.where(draws[3] < 0.5, 1.0, 20.0)
    return jnp.clip(0.5 + 0.5 * sharpness * jnp.sin(2 * math.pi * x), 0, 1)


def dots(key: jax.Array, size: int) -> jax.Array:
    """Discs on a grid."""
    draws = _draws(key, 4)
    x, y = _turned(draws[:3], size)
    distance = jnp.hypot(x - jnp.round(x), y - jnp.round(y))
    return (distance < 0.15 + 0.3 * draws[3]).astype(jnp.float32)


def checkers(key: jax.Array, size: int) -> jax.Array:
    """Squares of two or more levels."""
    draws = _draws(key, 4)
    x, y = _turned(draws[:3], size)
    count = 2 + jnp.floor((_COLORS - 1) * draws[3])
    return jnp.mod(jnp.floor(x) + jnp.floor(y), count) / (count - 1)


def hatching(key: jax.Array, size: int) -> jax.Array:
    """Thin, wavering lines in two directions, denser where it is darker."""
    how, shading = jax.random.split(key)
    shade = noise(shading, size)
    lines = []
    for draws, limit in zip(_draws(how, 2, 3), (shade, shade**2), strict=True):
        wave = jnp.abs(jnp.sin(math.pi * (_turned(draws, size)[0] + 0.6 * shade.T)))
        lines.append(wave > 0.15 + 0.7 * limit)
    return (lines[0] & lines[1]).astype(jnp.float32)


def noise(key: jax.Array, size: int) -> jax.Array:
    """Noise of a random spectrum, from white to clouds."""
    draws = jax.random.normal(key, (size + 1, size), jnp.float32)
    down = jnp.fft.fftfreq(size, dtype=jnp.float32)[:, None]
    across = jnp.fft.rfftfreq(size, dtype=jnp.float32)[None]
    frequency = jnp.hypot(*jnp.broadcast_arrays(down, across))
    slope = 2 * jax.scipy.stats.norm.cdf(draws[-1, 0])
    white = jnp.fft.rfft2(draws[:-1])
    fall = jnp.maximum(frequency, 1 / size) ** -slope
    x = jnp.fft.irfft2(white * fall.astype(white.dtype), (size, size))
    return jnp.clip(0.5 + 0.25 * (x - x.mean()) / (x.std() + 1e-6), 0, 1)


def cells(key: jax.Array, size: int) -> jax.Array:
    """Voronoi cells of random points, each of one level, some with dark seams."""
    draws = _draws(key, _CELLS + 1, 3)
    points, levels, seams = draws[:-1, :2], draws[:-1, 2], draws[-1, 0]
    y, x = (z[..., None] for z in _grid(size))
    distances = jnp.hypot(x - points[None, None, :, 0], y - points[None, None, :, 1])
    nearest = distances.min(-1, keepdims=True)
    second = jnp.where(distances > nearest, distances, jnp.inf).min(-1)
    seam = (second - nearest[..., 0] < 0.02) & (seams < 0.5)
    return jnp.where(seam, 0.0, levels[distances.argmin(-1)])


def marks(key: jax.Array, size: int) -> jax.Array:
    """A flat ground with a few discs and strokes."""
    y, x = _grid(size)
    level = jnp.zeros((size, size), jnp.float32)
    for left, top, turn, round_or_long, radius, shade in _draws(key, _MARKS, 6):
        long = jnp.where(round_or_long < 0.5, 1.0, 9.0)
        cosine, sine = jnp.cos(math.pi * turn), jnp.sin(math.pi * turn)
        along = (x - left) * cosine + (y - top) * sine
        across = (y - top) * cosine - (x - left) * sine
        inside = jnp.hypot(along / long, across) < (0.02 + 0.13 * radius) / jnp.sqrt(long)
        level = jnp.where(inside, shade, level)
    return level


PATTERNS: tuple[Callable[[jax.Array, int], jax.Array], ...] = (
    *(stripes, dots, checkers, hatching, noise, cells, marks),
)


def _draws(key: jax.Array, *shape: int) -> jax.Array:
    """All random numbers of a pattern, in [0, 1), in one call: each call takes long to compile."""
    return jax.random.uniform(key, shape, jnp.float32)


def _grid(size: int) -> tuple[jax.Array, jax.Array]:
    """The coordinates of rows and of columns, in [0, 1), each (size, size)."""
    line = jnp.arange(size, dtype=jnp.float32) / size
    return jnp.broadcast_to(line[:, None], (size, size)), jnp.broadcast_to(line, (size, size))


def _turned(draws: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Coordinates along a random direction and across it, in periods of 4 to 48 pixels."""
    turn, period, start = draws
    pixels = 4 * 12**period
    y, x = (z * size / pixels for z in _grid(size))
    cosine, sine = jnp.cos(math.pi * turn), jnp.sin(math.pi * turn)
    return x * cosine + y * sine + start, y * cosine - x * sine + start
