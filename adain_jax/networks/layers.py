"""What the encoder and the decoder are made of."""

import flax.linen as nn
import jax

from adain_jax.ops.convolution import Method, conv3x3


class Conv3x3(nn.Module):
    """3x3 convolution with reflection padding and a bias: (N, H, W, C) to (N, H, W, features).

    Parameters, float32: `kernel` (3, 3, C, features), He-normal times `initial_scale`, and `bias`
    (features,), all `initial_bias`. Computes in the dtype of its input.

    Attributes:
        relu, pool, upsample, method: as of `adain_jax.ops.convolution.conv3x3`, whose `prepare_kernel`
            makes kernels that may stand in the place of `kernel`.
    """

    features: int
    method: Method = "auto"
    relu: bool = True
    pool: bool = False
    upsample: bool = False
    initial_scale: float = 1.0
    initial_bias: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(N, H, W, C) to (N, H, W, features), half or twice the size."""
        if self.has_variable("params", "kernel"):  # which may be a prepared one
            kernel = self.get_variable("params", "kernel")
        else:
            kernel_init = nn.initializers.variance_scaling(
                2 * self.initial_scale**2, "fan_in", "truncated_normal"
            )
            kernel = self.param("kernel", kernel_init, (3, 3, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.constant(self.initial_bias), (self.features,))
        return conv3x3(
            x,
            kernel.astype(x.dtype),
            bias.astype(x.dtype),
            relu=self.relu,
            pool=self.pool,
            upsample=self.upsample,
            method=self.method,
        )
