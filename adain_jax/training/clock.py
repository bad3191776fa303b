"""How far a training is: by its steps, or by the clock."""

import math
from time import monotonic

from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import of_first_host


class Clock:
    """Where the schedules stand, and when the training ends.

    By `steps`, or by `minutes` from `start` on; on several hosts, by the first one's.

    >>> clock = Clock(TrainConfig(steps=10))
    >>> clock.position(3), clock.over(9), clock.over(10)
    (3.0, False, True)
    """

    def __init__(self, config: TrainConfig, seconds: float = 0.0, until: float = math.inf) -> None:
        """Stand still, until `start`, where the training is.

        Args:
            config: the recipe.
            seconds: that were spent before, in runs that this one goes on with.
            until: when the minutes are over at the latest, by `time.monotonic()`.
        """
        self._steps = config.steps
        self._timed = config.minutes > 0
        self._limit = 60 * config.minutes
        self._before = self._now = seconds
        self._until = until
        self._start: float | None = None

    @property
    def running(self) -> bool:
        """Whether it was started."""
        return self._start is not None

    def start(self) -> None:
        """Run from now on, and have schedules end with the time that there is."""
        self._start = monotonic()
        left = max(self._until - self._start, 0.0)
        self._limit = of_first_host(min(self._limit, self._before + left))

    @property
    def seconds(self) -> float:
        """Spent of the time, if there is one."""
        if self._start is None or not self._timed:
            return self._before
        return self._before + monotonic() - self._start

    def position(self, step: int) -> float:
        """Of the schedules after `step` steps, in steps: of a time, its share of all steps."""
        if not self._timed:
            return float(step)
        self._now = of_first_host(self.seconds)
        return self._steps * (self._now / self._limit if self._now < self._limit else 1.0)

    def over(self, step: int) -> bool:
        """Whether nothing is left of the steps, or nothing was of the time at the last position."""
        return self._now >= self._limit if self._timed else step >= self._steps
