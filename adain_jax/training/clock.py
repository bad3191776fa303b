"""The progress of a training, measured in steps or in minutes."""

import math
from time import monotonic

from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import of_first_host


class Clock:
    """Says the position on the schedules, and when the training ends.

    It counts `steps`, or else `minutes` from `start` on. Of several hosts, the first one's clock is
    used.

    >>> clock = Clock(TrainConfig(steps=10))
    >>> clock.position(3), clock.over(9), clock.over(10)
    (3.0, False, True)
    """

    def __init__(self, config: TrainConfig, seconds: float = 0.0, until: float = math.inf) -> None:
        """Create a clock, which stands still until `start`.

        Args:
            config: the recipe.
            seconds: the seconds that earlier runs of this training spent.
            until: the latest end of the minutes, by `time.monotonic()`.
        """
        self._steps = config.steps
        self._timed = config.minutes > 0
        self._limit = 60 * config.minutes
        self._before = self._now = seconds
        self._until = until
        self._start: float | None = None

    @property
    def running(self) -> bool:
        """Whether the clock was started."""
        return self._start is not None

    def pause(self) -> None:
        """Let the clock stand still until the next `start`."""
        self._before, self._start = self.seconds, None

    def start(self) -> None:
        """Start the clock. Schedules end with `minutes` or at `until`, whichever comes first."""
        self._start = monotonic()
        left = max(self._until - self._start, 0.0)
        self._limit = of_first_host(min(self._limit, self._before + left))

    @property
    def seconds(self) -> float:
        """The seconds spent, in earlier runs and since `start`, if the recipe has `minutes`."""
        if self._start is None or not self._timed:
            return self._before
        return self._before + monotonic() - self._start

    def position(self, step: int) -> float:
        """The position on the schedules after `step` steps, in steps.

        If the recipe has `minutes`, it is the share of the time that is spent, times all steps.
        """
        if not self._timed:
            return float(step)
        self._now = of_first_host(self.seconds)
        return self._steps * (self._now / self._limit if self._now < self._limit else 1.0)

    def over(self, step: int) -> bool:
        """Whether all steps are made, or the time was over when `position` was last called."""
        return self._now >= self._limit if self._timed else step >= self._steps
