"""What the encoder and the decoder are made of."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adain_jax.ops.convolution import Method, conv3x3


class Conv3x3(nn.Module):
    """3x3 convolution with reflection padding and a bias: (N, H, W, C) to (N, H, W, features).

    Parameters, float32: `kernel` (3, 3, C, features), He-normal times `initial_scale`, and `bias`
    (features,), all `initial_bias`. Computes in the dtype of its input.
    """

    features: int
    method: Method = "auto"
    initial_scale: float = 1.0
    initial_bias: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(N, H, W, C) to (N, H, W, features)."""
        shape = (3, 3, x.shape[-1], self.features)
        kernel_init = nn.initializers.variance_scaling(
            2 * self.initial_scale**2, "fan_in", "truncated_normal"
        )
        kernel = self.param("kernel", kernel_init, shape)
        bias = self.param("bias", nn.initializers.constant(self.initial_bias), (self.features,))
        return conv3x3(x, kernel.astype(x.dtype), method=self.method) + bias.astype(x.dtype)


def max_pool(x: jax.Array) -> jax.Array:
    """2x2 max pooling, (N, H, W, C) to (N, H/2, W/2, C), for even H and W.

    As a reshape: the gradient of that is cheap, that of XLA's reduce-window is not.
    """
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def space_to_depth(x: jax.Array) -> jax.Array:
    """Fold 2x2 pixels into channels, (N, H, W, C) to (N, H/2, W/2, 4C), for even H and W."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, height // 2, width // 2, 4 * channels)


def depth_to_space(x: jax.Array) -> jax.Array:
    """Undo `space_to_depth`, (N, H, W, 4C) to (N, 2H, 2W, C)."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height, width, 2, 2, channels // 4).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, 2 * height, 2 * width, channels // 4)


def upsample(x: jax.Array) -> jax.Array:
    """Nearest-neighbour upsampling, (N, H, W, C) to (N, 2H, 2W, C)."""
    n, height, width, channels = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (n, height, 2, width, 2, channels))
    return x.reshape(n, 2 * height, 2 * width, channels)
