"""The layers of the encoder and the decoder."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.ops.convolution import Method, Upsampling, conv3x3

# The height and width of the picture in the upper left of a map; None: it fills the map.
Size = tuple[int | jax.Array, int | jax.Array] | None


def halve(size: Size) -> Size:
    """The size of a picture on the map after a pooling."""
    return size and (size[0] // 2, size[1] // 2)


def double(size: Size) -> Size:
    """The size of a picture on the map after an upsampling."""
    return size and (size[0] * 2, size[1] * 2)


class Conv3x3(nn.Module):
    """A 3x3 convolution with reflection padding and a bias: (N, H, W, C) to (N, H, W, features).

    The parameters, float32, are `kernel` (3, 3, C, features), initially He-normal times
    `initial_scale`, and `bias` (features,), initially `initial_bias`. The result of
    `adain_jax.ops.convolution.prepare_kernel` may replace `kernel`. The layer computes in the dtype
    of its input.

    Attributes:
        features: the number of output channels.
        relu, pool, upsample, method: as in `adain_jax.ops.convolution.conv3x3`.
        initial_scale: the factor of the initial kernel.
        initial_bias: the value of the initial bias.
    """

    features: int
    method: Method = "auto"
    relu: bool = True
    pool: bool = False
    upsample: Upsampling | None = None
    initial_scale: float = 1.0
    initial_bias: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array, size: Size = None) -> jax.Array:
        """Convolve (N, H, W, C) to (N, H, W, features); pooled half, upsampled twice the size."""
        if self.has_variable("params", "kernel"):  # it may be a prepared one
            kernel = self.get_variable("params", "kernel")
        else:
            kernel_init = nn.initializers.variance_scaling(
                2 * self.initial_scale**2, "fan_in", "truncated_normal"
            )
            kernel = self.param(
                "kernel", kernel_init, (3, 3, x.shape[-1], self.features), jnp.float32
            )
        bias_init = nn.initializers.constant(self.initial_bias)
        bias = self.param("bias", bias_init, (self.features,), jnp.float32)
        return conv3x3(
            x,
            kernel.astype(x.dtype),
            bias.astype(x.dtype),
            relu=self.relu,
            pool=self.pool,
            upsample=self.upsample,
            size=size,
            method=self.method,
        )
