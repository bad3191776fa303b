"""How far a training is: by its steps, or by the clock."""

from time import monotonic

from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import of_first_host


class Clock:
    """Where the schedules stand, and when the training ends.

    By `steps`, or by `minutes` from its making on; on several hosts, by the first one's.

    >>> clock = Clock(TrainConfig(steps=10))
    >>> clock.position(3), clock.over(9), clock.over(10)
    (3.0, False, True)
    """

    def __init__(self, config: TrainConfig, seconds: float = 0.0) -> None:
        """`seconds` were spent before, in runs that this one goes on with."""
        self._steps = config.steps
        self._limit = 60 * config.minutes
        self._before = seconds
        self._start = monotonic()
        self._now = seconds

    @property
    def seconds(self) -> float:
        """Spent of the time, if there is one."""
        return self._before + (monotonic() - self._start if self._limit else 0.0)

    def position(self, step: int) -> float:
        """Of the schedules after `step` steps, in steps: of a time, its share of all steps."""
        if not self._limit:
            return float(step)
        self._now = of_first_host(self.seconds)
        return self._steps * min(self._now / self._limit, 1.0)

    def over(self, step: int) -> bool:
        """Whether nothing is left of the steps, or nothing was of the time at the last position."""
        return self._now >= self._limit if self._limit else step >= self._steps
