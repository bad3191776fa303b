import numpy as np

from adain_jax.training.metrics import MetricsLog


def test_the_first_step_that_is_not_finite_across_phases():
    """The metrics of the second phase begin in the middle of a line."""
    log = MetricsLog(None, start=10)
    log.add({"reconstruction_loss": np.ones(5)}, 5)
    log.add({"style_loss": np.array([1, np.nan, 1, np.nan])}, 3)
    assert log.first_bad() == (17, "style_loss")
    log.write(18)
    log.add({"style_loss": np.array([1.0])})
    assert log.first_bad() is None
    log.add({"style_loss": np.array([np.inf]), "loss": np.array([np.inf])})
    assert log.first_bad() == (20, "loss")


def test_means_count_the_steps_of_each_metric():
    log = MetricsLog(None)
    log.add({"a": np.array([1.0, 2.0, 9.0])}, 2)  # a call of fewer steps than it could make
    log.add({"a": np.array([6.0]), "b": np.array([4.0])}, 1)
    assert log.write(3) == {"a": 3.0, "b": 4.0}
