"""The pictures of a video's frames, with the controls of each moment."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from adain_jax.files.clip import Frame, Look
from adain_jax.inference.encode import encode_style
from adain_jax.inference.recolor import recolor
from adain_jax.jobs import picture, segments, style_files
from adain_jax.jobs.clip_job import Job
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.jobs.moving_regions import MovingRegions
from adain_jax.model import Model, Style
from adain_jax.video import Artist


class Painter:
    """Makes pictures of frames, with the controls of each moment."""

    def __init__(
        self,
        job: Job,
        model: Model,
        look: Look,
        artist: Artist,
        report: Callable[[str], None],
    ) -> None:
        self._job, self._model, self._look, self._artist = job, model, look, artist
        self._sources = [_read_style(path, job, report) for path, _ in job.style.parts]
        named = zip(job.style.parts, self._sources, strict=True)
        self._styles: list[Style] = []
        if job.controls.recolors:  # only checks: styles are encoded again for each scene
            picture.encode(job.style, self._sources, job.controls, model)
        else:
            self._styles = [style_files.encode(path, source, model) for (path, _), source in named]
        self._regions = MovingRegions(job.style, job.controls, look.size, job.rate)
        self._map = picture.map_of(job.controls, look.size)

    def recall(self, memory: dict[str, np.ndarray]) -> None:
        """Continue from a state that `memory` returned."""
        self._artist.recall(memory)
        if "scene_mean" in memory:
            stats = zip(memory["scene_mean"], memory["scene_std"], strict=True)
            self._styles = [
                Style(mean, std, self._model.fingerprint)
                for mean, std in map(jax.device_put, stats)
            ]

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """The state that is needed to continue after the last frame, as arrays by name."""
        memory = self._artist.memory
        if self._job.controls.recolors:
            memory["scene_mean"] = np.stack([np.asarray(x.mean) for x in self._styles])
            memory["scene_std"] = np.stack([np.asarray(x.std) for x in self._styles])
        return memory

    def pictures(
        self, frames: Iterable[Frame], done: int
    ) -> Iterator[tuple[Frame, dict[str, np.ndarray] | None]]:
        """Yield each picture, at the end of a segment with the state to continue from.

        `done` frames were made by an earlier run.
        """
        for number, frame in enumerate(frames, start=done + 1):
            made = frame._replace(rgb=self._picture(frame))
            yield made, self.memory if number % segments.SEGMENT == 0 else None

    def _picture(self, frame: Frame) -> np.ndarray:
        job, second = self._job, frame.pts * self._look.time_base
        controls = job.controls
        if job.strength:
            controls = replace(controls, alpha=float(job.strength.at(second - job.start)))
        cut = self._artist.look(frame.rgb)
        if controls.recolors:
            if cut or not self._styles:
                self._styles = [self._recolored(source, frame.rgb) for source in self._sources]
            controls = replace(controls, color="style")
        if controls.regions:
            style = Style.stack(self._styles)
        elif job.shares:
            style = Style.mix(self._styles, job.shares.at(second - job.start))
        else:
            style = Style.mix(self._styles, [weight for _, weight in job.style.parts])
        request = picture.request_for(
            frame.rgb,
            style,
            job.style,
            controls,
            self._model,
            controls.plan,
            self._regions.at(second),
            self._map,
        )
        return self._artist.paint(request)

    def _recolored(self, source: Style | np.ndarray, frame: np.ndarray) -> Style:
        recolored = recolor(source, frame, self._job.controls.color, xp=np)
        return encode_style(recolored, self._model)


def _read_style(path: Path, job: Job, report: Callable[[str], None]) -> Style | np.ndarray:
    report(f"style {path.name}")
    try:
        return style_files.read(path, job.sizes.style)
    except FAILURES as error:
        raise in_words(error, path, "--style-size") from None
