import jax
import pytest


@pytest.fixture(scope="package")
def standard_promotion():
    """Optax raises floats to integer powers, which strict promotion does not allow."""
    with jax.numpy_dtype_promotion("standard"):
        yield
