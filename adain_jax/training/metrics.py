"""The log of a training: a file with a JSON object per line, and the same in TensorBoard."""

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jax.typing import ArrayLike

from adain_jax.runtime.atomic import atomic_path

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


class MetricsLog:
    """Averages metrics between lines, and appends the lines to `log.jsonl` in a folder.

    If tensorboardX is installed, the folder `tensorboard` gets the same numbers.
    """

    def __init__(self, workdir: str | os.PathLike | None, start: int = 0) -> None:
        """Continue the log after step `start`; the lines of later steps are removed.

        Without a folder, nothing is written. All hosts but one have none.
        """
        self._file = self._writer = None
        # Of each metric, for each call since the last line: its first step, its values in the
        # steps, and the number of these.
        self._pending: dict[str, list[tuple[int, ArrayLike, int]]] = defaultdict(list)
        self._step = start
        if workdir is not None:
            path = Path(workdir) / "log.jsonl"
            _cut(path, start)
            self._file = path.open("a")
            self._writer = _tensorboard(Path(workdir) / "tensorboard", start)

    def add(self, metrics: Mapping[str, ArrayLike], count: int = 1) -> None:
        """Add the metrics of a call of `count` steps, without waiting for their values."""
        for name, values in metrics.items():
            self._pending[name].append((self._step + 1, values, count))
        self._step += count

    def first_bad(self) -> tuple[int, str] | None:
        """The first step since the last line with a metric that is not finite, and its name."""
        bad = [
            (first + int(np.argmin(finite)), name)
            for name, calls in self._pending.items()
            for first, values, count in calls
            if not (finite := np.isfinite(_each(values, count))).all()
        ]
        return min(bad, default=None)

    def write(self, step: int, **fields: object) -> dict[str, float]:
        """Write a line of `fields` and the means since the last line; return the means."""
        means = {
            name: float(np.concatenate([_each(values, count) for _, values, count in calls]).mean())
            for name, calls in self._pending.items()
        }
        self._pending.clear()
        self._step = step
        self.note(step, **fields, **means)
        return means

    def note(self, step: int, **fields: object) -> None:
        """Write a line of `fields` alone."""
        if self._file is None:
            return
        self._file.write(json.dumps({"step": step, **fields}) + "\n")
        self._file.flush()
        for name, value in fields.items():
            if self._writer and isinstance(value, int | float):
                # One group for the training, one for the validation.
                self._writer.add_scalar(name if "/" in name else f"train/{name}", value, step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Show an image (H, W, 3), uint8, in TensorBoard."""
        if self._writer is not None:
            self._writer.add_image(name, image, step, dataformats="HWC")
            self._writer.flush()

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._writer):
            if file is not None:
                file.close()


def _each(values: ArrayLike, count: int) -> np.ndarray:
    """The values of a metric in each of the `count` steps of a call."""
    return np.atleast_1d(values)[:count]


def _tensorboard(folder: Path, start: int) -> "SummaryWriter | None":
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=start + 1 if start else None)


def _cut(path: Path, start: int) -> None:
    """Remove the lines after step `start`, which will be written again, and incomplete lines."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        try:
            if json.loads(line)["step"] <= start:
                kept.append(line)
        except (ValueError, KeyError):
            continue
    with atomic_path(path) as temporary:
        temporary.write_text("".join(kept))
