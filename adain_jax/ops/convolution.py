"""The 3x3 convolution of the networks, with reflection padding, by several methods.

The methods agree to 1e-4 of the largest value in float32 (usually to 1e-5), and so do their
gradients. The fastest one depends on the layer and the processor: `choose` follows the measurements
of benchmarks/layers.py.
"""

from functools import partial
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.backend import backends
from jax.typing import DTypeLike

from adain_jax.ops import resampling, winograd
from adain_jax.ops.resampling import is_static, max_pool
from adain_jax.ops.shapes import AnyArray, Array, Float
from adain_jax.ops.strips import by_strips, pad_columns, padded_rows

Method = Literal["auto", "xla", "winograd", "winograd2", "projection"]
Upsampling = Literal["nearest", "linear"]

# On CPUs, the methods other than Winograd's compute larger maps in strips of this size, in bytes.
_STRIP_BYTES = 256 << 20

_SCHEMES: dict[Method, winograd.Scheme] = {"winograd": winograd.F4, "winograd2": winograd.F2}


def choose(backend: str, dtype: DTypeLike, shape: tuple[int, ...]) -> Method:
    """The fastest method for a kernel, (3, 3, C, C'), on a backend such as "cpu" or "gpu".

    This is XLA's own convolution, except on CPUs in float32. There, Winograd's F(4x4, 3x3) is
    fastest if inputs and outputs have 8 channels or more, whatever the size of the map. A layer of
    at most 4 outputs is fastest as one matrix product and nine additions.

    >>> choose("cpu", "float32", (3, 3, 64, 128)), choose("gpu", "bfloat16", (3, 3, 64, 128))
    ('winograd', 'xla')
    """
    channels, features = shape[2:]
    if backend != "cpu" or jnp.dtype(dtype) != jnp.float32:
        return "xla"
    if features <= 4:
        return "projection"
    return "winograd" if min(channels, features) >= 8 else "xla"


def prepare_kernel(
    kernel: Float[np.ndarray, "3 3 c k"],
    *,
    backend: str,
    dtype: DTypeLike = np.float32,
    upsample: Upsampling | None = None,
) -> Float[np.ndarray, "t t c _k"]:
    """Transform a kernel once, as `conv3x3` would do in every call.

    Args:
        kernel: the kernel, (3, 3, C, C').
        backend: the backend that it will run on.
        dtype: the dtype that it will run in.
        upsample: the argument that `conv3x3` will get.

    Returns:
        An array for `conv3x3` in place of the kernel. For Winograd it is (6, 6, C, C'), with
        nearest-neighbour upsampling (10, 10, C, C'), with linear upsampling (6, 6, C, 4 C'); for
        other methods, the kernel.

    Raises:
        ValueError: if `kernel` is not a kernel, for example because it was prepared before.

    >>> import numpy as np
    >>> prepare_kernel(np.ones((3, 3, 64, 128), np.float32), backend="cpu").shape
    (6, 6, 64, 128)
    """
    if kernel.ndim != 4 or kernel.shape[:2] != (3, 3):
        raise ValueError(f"{kernel.shape} is no kernel (3, 3, C, C'); was it prepared before?")
    kernel = np.asarray(kernel, np.float32)
    whole = after_linear(kernel) if upsample == "linear" else kernel
    scheme = _scheme(choose(backend, dtype, whole.shape), upsample)
    factors = winograd.transform_kernel(whole, scheme) if scheme else kernel
    return np.asarray(factors, dtype)


def conv3x3(
    x: Float[Array, "n _h _w c"],
    kernel: Float[Array, "t t c _k"],
    bias: Float[Array, " k"] | None = None,
    *,
    relu: bool = False,
    pool: bool = False,
    upsample: Upsampling | None = None,
    size: tuple[int | Array, int | Array] | None = None,
    method: Method = "auto",
) -> Float[Array, "n _height _width k"]:
    """Convolve with a 3x3 kernel, with stride 1 and reflection padding of one pixel.

    Args:
        x: the map, (N, H, W, C).
        kernel: the kernel, (3, 3, C, C'), with the dtype of `x`; or the result of `prepare_kernel`.
        bias: the bias, (C',), or None.
        relu: whether a ReLU follows.
        pool: whether 2x2 max pooling follows; H and W are then even.
        upsample: the upsampling by two that comes first: "nearest", "linear" (bilinear), or None.
            The convolution then works on the small map, except by "xla" and "projection" after
            "nearest".
        size: the height and width of the picture in the upper left of `x`, if it does not fill `x`;
            may be traced. The padding is then at the edges of the picture, and values outside it
            are undefined.
        method: "xla"; "winograd", F(4x4, 3x3), or "winograd2", F(2x2, 3x3); "projection", one
            matrix product to 9 C' channels and nine shifted additions; or "auto", by `choose` for
            the device that `x` is on. A kernel prepared for Winograd decides the method itself.

    Returns:
        A map (N, H, W, C'); half of that size if pooled, twice the size if upsampled.

    Raises:
        ValueError: if the shapes do not fit, or the method is unknown.

    >>> import jax.numpy as jnp
    >>> conv3x3(jnp.ones((1, 5, 7, 3)), jnp.ones((3, 3, 3, 8))).shape
    (1, 5, 7, 8)
    """
    if x.ndim != 4 or kernel.ndim != 4 or kernel.shape[2] != x.shape[-1]:
        raise ValueError(
            f"conv3x3 takes (N, H, W, C) and (3, 3, C, C'), not {x.shape} and {kernel.shape}"
        )
    if method not in get_args(Method):
        raise ValueError(f"method is one of {', '.join(get_args(Method))}, not {method!r}")
    if size is not None:
        x = resampling.reflect_at(x, size, inner=0 if upsample else 1)
    linear = upsample == "linear"
    if linear and kernel.shape[:2] == (3, 3):
        kernel = after_linear(kernel)
    if bias is None:
        bias = jnp.zeros(kernel.shape[-1:], x.dtype)
    elif linear:
        bias = jnp.tile(bias, 4)
    run = partial(_run, relu=relu, pool=pool, upsample=upsample)
    if kernel.shape[:2] != (3, 3):
        return winograd.convolve(x, kernel, bias, _scheme_of(kernel, upsample), relu, pool)
    if not is_static(x):  # a symbolic shape, for a program that takes any size
        method = "xla"
    if method != "auto":
        return run(x, kernel, bias, method=method)
    on_cpu = choose("cpu", x.dtype, kernel.shape)
    elsewhere = choose("others", x.dtype, kernel.shape)
    if on_cpu == elsewhere or only_cpus():
        return run(x, kernel, bias, method=on_cpu)
    # The compiler takes the method for the device of the program, which may not be the default one.
    return jax.lax.platform_dependent(
        x,
        kernel,
        bias,
        cpu=partial(run, method=on_cpu),
        default=partial(run, method=elsewhere),
    )


def exact(dtype: np.dtype) -> np.dtype:
    """The dtype, at least float32, for sums and products with a value that all positions share.

    The value's gradient is a sum over all positions in that dtype, and in bfloat16 a sum of ones
    stops growing at a few hundred.

    >>> exact(jnp.dtype("bfloat16")), exact(jnp.dtype("float64"))
    (dtype('float32'), dtype('float64'))
    """
    return dtype if dtype.itemsize > 4 else jnp.dtype(jnp.float32)


def only_cpus() -> bool:
    """Whether all devices are CPUs. There, computing large maps in strips saves memory.

    It is False if JAX has a GPU or a TPU, even one that is not used.

    >>> strips = 8 if only_cpus() else 1
    """
    return set(backends()) == {"cpu"}


def _run(
    x: Float[Array, "n _h _w c"],
    kernel: Float[Array, "3 3 c k"],
    bias: Float[Array, " k"],
    *,
    relu: bool,
    pool: bool,
    upsample: Upsampling | None,
    method: Method,
) -> Float[Array, "n _height _width _features"]:
    if scheme := _scheme(method, upsample):
        factors = winograd.transform_kernel(kernel, scheme)
        return winograd.convolve(x, factors, bias, scheme, relu, pool)
    if upsample == "nearest":
        x = resampling.upsample(x)
    inner = 0 if upsample == "linear" else 1
    product = _by_projection if method == "projection" else _by_xla

    def part(padded: Array) -> Array:
        wide = exact(x.dtype)
        y = product(padded, kernel).astype(wide) + bias.astype(wide).reshape(1, 1, 1, -1)
        return (jnp.maximum(y, 0) if relu else y).astype(x.dtype)

    def strip(first: int | Array, count: int) -> Array:
        return part(pad_columns(padded_rows(x, first, count, inner), inner))

    if not is_static(x):
        for axis in (1, 2):
            at, length = jnp.arange(x.shape[axis] + 2) - 1, x.shape[axis]
            at = resampling.reflected(at, length) if inner else jnp.clip(at, 0, length - 1)
            x = jnp.take(x, at, axis)
        y = part(x)
    else:
        # On a CPU, strips of large maps save memory. Other processors are faster with whole maps.
        total = x.nbytes // x.shape[3] * max(kernel.shape[2:])
        strips = -(-total // _STRIP_BYTES) if only_cpus() else 1
        y = by_strips(strip, x.shape[1], strips, x)
    if upsample == "linear":
        y = resampling.depth_to_space(y)
    return max_pool(y) if pool else y


def _scheme(method: Method, upsample: Upsampling | None) -> winograd.Scheme | None:
    if method not in _SCHEMES or upsample is None:
        return _SCHEMES.get(method)
    if upsample == "nearest":
        return winograd.SUB_PIXEL
    return _SCHEMES[method]._replace(edge=0, unfold=True)


def _scheme_of(factors: Array, upsample: Upsampling | None) -> winograd.Scheme:
    """The scheme that a prepared kernel belongs to."""
    for method in _SCHEMES:
        scheme = _scheme(method, upsample)
        if scheme and factors.shape[:2] == (len(scheme.kernel),) * 2:
            return scheme
    raise ValueError(
        f"a kernel of shape {factors.shape} is neither (3, 3, C, C') nor one that was prepared for "
        f"a convolution with {upsample or 'no'} upsampling"
    )


# The pixels 2i + p of a convolution after linear upsampling, p = 0 and then 1, as sums over the
# cells i - 1, i, i + 1 before it; the columns are the three taps.
_LINEAR = (
    (3 / 4, 1 / 4, 0),
    (1 / 4, 3 / 4, 3 / 4),
    (0, 0, 1 / 4),
    (1 / 4, 0, 0),
    (3 / 4, 3 / 4, 1 / 4),
    (0, 1 / 4, 3 / 4),
)


def after_linear(kernel: Float[AnyArray, "3 3 c k"]) -> Float[AnyArray, "3 3 c 4*k"]:
    """The kernel that equals bilinear upsampling by two and then `kernel`, (3, 3, C, C').

    It works on the map before the upsampling. The four pixels that each cell becomes are channels,
    as for `resampling.depth_to_space`. Beyond the edges, lines of cells are repeated.

    >>> import jax.numpy as jnp
    >>> after_linear(jnp.ones((3, 3, 8, 16))).shape
    (3, 3, 8, 64)
    """
    stack = np.stack if isinstance(kernel, np.ndarray) else jnp.stack
    down = stack(winograd.combine(_LINEAR, list(kernel)))
    both = stack(winograd.combine(_LINEAR, [down[:, b] for b in range(3)]), axis=1)
    channels, features = kernel.shape[2:]
    both = both.reshape(2, 3, 2, 3, channels, features).transpose(1, 3, 4, 0, 2, 5)
    return both.reshape(3, 3, channels, 4 * features)


def _by_xla(
    padded: Float[Array, "n h w c"], kernel: Float[Array, "3 3 c k"]
) -> Float[Array, "n h-2 w-2 k"]:
    return jax.lax.conv_general_dilated(
        padded, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _by_projection(
    padded: Float[Array, "n h w c"], kernel: Float[Array, "3 3 c k"]
) -> Float[Array, "n h-2 w-2 k"]:
    """Multiply by all nine taps first, so that the arrays that are shifted and added are small."""
    n, height, width, channels = padded.shape
    features = kernel.shape[3]
    taps = padded.reshape(-1, channels) @ kernel.transpose(2, 0, 1, 3).reshape(channels, -1)
    taps = taps.reshape(n, height, width, -1)
    total = None
    for tap in range(9):
        i, j = divmod(tap, 3)
        part = taps[:, i : i + height - 2, j : j + width - 2, tap * features : (tap + 1) * features]
        total = part if total is None else total + part
    assert total is not None
    return total
