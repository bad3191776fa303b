"""The log of a training: a JSON object a line."""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import jax


class MetricsLog:
    """Averages metrics between lines, and appends the lines to a file."""

    def __init__(self, path: str | os.PathLike) -> None:
        self._file = Path(path).open("a")  # noqa: SIM115 closed by `close`
        self._pending: dict[str, list[jax.Array]] = defaultdict(list)

    def add(self, metrics: dict[str, jax.Array]) -> None:
        """Take one step's metrics, without waiting for their values."""
        for name, value in metrics.items():
            self._pending[name].append(value)

    def write(self, **fields: Any) -> dict[str, float]:
        """Write a line of `fields` and the means since the last; returns the means."""
        means = {
            name: sum(map(float, values)) / len(values) for name, values in self._pending.items()
        }
        self._pending.clear()
        self._file.write(json.dumps({**fields, **means}) + "\n")
        self._file.flush()
        return means

    def close(self) -> None:
        """Close the file."""
        self._file.close()
