"""That the shapes in signatures are checked, in tests alone."""

import subprocess
import sys

import jax.numpy as jnp
import jaxtyping
import pytest

from adain_jax.ops import losses, resampling


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.content_loss(jnp.zeros((2, 3)), jnp.zeros((3, 2))),
        lambda: losses.total_variation(jnp.zeros((4, 4, 3))),
        lambda: resampling.upsample(jnp.zeros((1, 4, 4, 3), bool)),
    ],
    ids=["two shapes", "too few axes", "another dtype"],
)
def test_a_shape_that_a_signature_does_not_have(call):
    refused = None
    try:
        call()
    except jaxtyping.TypeCheckError as error:  # which `pytest.raises` would turn off
        refused = error
    assert refused is not None


def test_without_jaxtyping():
    """It is neither imported by the package nor needed: the types are those of the arrays."""
    code = (
        "import sys; sys.modules['jaxtyping'] = None\n"
        "import jax, numpy as np, adain_jax; from adain_jax.ops import losses\n"
        "print(losses.content_loss.__annotations__['return'] == np.ndarray | jax.Array)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "True\n"
