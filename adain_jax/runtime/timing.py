"""How long the stages of a command take."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

_EVENTS = {  # of jax.monitoring
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lower",
    "/jax/core/compile/backend_compile_duration": "compile or fetch from the cache",
}


class Timing:
    """Seconds by stage. JAX's tracing and compiling are stages of their own.

    >>> timing = Timing()
    >>> with timing("read"):
    ...     pass
    >>> list(timing.seconds)
    ['read']
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._heard: list[tuple[float, float, str]] = []  # start, seconds, stage

    def listen(self) -> None:
        """Let JAX report tracing, lowering and compilation. Call it once in a process."""
        import jax

        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event not in _EVENTS:
            return
        start = time.perf_counter() - duration_secs
        # An inner function is traced during the tracing of an outer one, and reported before it.
        while self._heard and self._heard[-1][0] >= start:
            _, inner, stage = self._heard.pop()
            self.seconds[stage] -= inner
        self._heard.append((start, duration_secs, _EVENTS[event]))
        self.seconds[_EVENTS[event]] += duration_secs

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the seconds of the block to `stage`, without those that JAX reports."""
        start, before = time.perf_counter(), self._jax()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start - (self._jax() - before)

    def _jax(self) -> float:
        return sum(self.seconds.get(stage, 0) for stage in _EVENTS.values())

    def table(self) -> str:
        """A line for each stage, the longest first, and a line for the sum."""
        rows = sorted(self.seconds.items(), key=lambda row: -row[1])
        rows.append(("all of these", sum(self.seconds.values())))
        return "\n".join(f"{seconds:8.3f} s  {stage}" for stage, seconds in rows)
