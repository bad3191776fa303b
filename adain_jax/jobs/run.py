"""Stylize files: make pictures, one after another."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from adain_jax.files import image, streams
from adain_jax.files.image import LoadedImage
from adain_jax.jobs import picture, style_files
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.jobs.options import Controls
from adain_jax.jobs.picture import Sources
from adain_jax.jobs.plan import Encoding, Job, Mixture
from adain_jax.model import Model
from adain_jax.model.style import Style
from adain_jax.runtime.atomic import make_folder
from adain_jax.runtime.timing import Timing


@dataclass(frozen=True)
class Sizes:
    """Shorter sides in pixels; 0: images keep their size.

    Attributes:
        content: the shorter side of the photograph.
        style: the shorter side of the painting, which decides how large its strokes are.
    """

    content: int = 0
    style: int = style_files.SIZE


@dataclass(frozen=True)
class Result:
    """The outcome of a job.

    Attributes:
        job: the job.
        error: the error, or None.
        size: the width and height of the picture in pixels, if they are known.
        seconds: the time for reading, computing and writing, which overlaps with other pictures.
    """

    job: Job
    error: Exception | None = None
    size: tuple[int, int] | None = None
    seconds: float = 0.0


_Value = TypeVar("_Value")
_AHEAD = 1  # pictures whose images are read while one is computed
_BEHIND = 1  # pictures that are written at the same time


def run(
    jobs: Sequence[Job],
    model: Model,
    controls: Controls | None = None,
    *,
    sizes: Sizes | None = None,
    encoding: Encoding | None = None,
    stdin: bytes | None = None,
    report: Callable[[str], None] = lambda stage: None,
    timing: Timing | None = None,
    stop: Callable[[], object] = lambda: False,
) -> Generator[Result, None, None]:
    """Make each picture, and yield its outcome, in the order of the jobs.

    Every style is read and encoded once, unless it is recoloured for each content. A job that fails
    leaves no file and does not stop the others. While one picture is computed, threads read the
    images of the next one and write the last one; at most these three are in memory. At a
    KeyboardInterrupt, or once `stop` returns a true value, the picture that is being written is
    finished and its result yielded before KeyboardInterrupt is raised. The picture that is being
    computed is dropped, though its thread runs until the computation ends.

    Args:
        jobs: the jobs of `plan`.
        model: the model that makes the pictures.
        controls: the controls of the pictures.
        sizes: the sizes to which images are scaled.
        encoding: how pictures are written.
        stdin: the content of standard input, for `STREAM` as a content or a style.
        report: a function that is called with a description of the current work.
        timing: measures the time of the computation, and the time spent waiting for files.
        stop: a function that is called now and then, and asks to stop by a true value. Unlike a
            KeyboardInterrupt, this cannot come between a result and its receiver.

    Raises:
        ValueError: if no picture can be made with these controls.
        KeyboardInterrupt: once `stop` returns a true value.
    """
    sizes, encoding, timing = sizes or Sizes(), encoding or Encoding(), timing or Timing()
    controls = controls or Controls()
    controls.check(model)
    styles: dict[Mixture, Style | Exception] = {}
    written: deque[_Picture] = deque()
    reader, computer, writer = (ThreadPoolExecutor(1) for _ in range(3))

    def awaited(future: Future[_Value]) -> _Value:
        """Wait for a result, in short waits, so that a signal before a wait is noticed after it."""
        done = False
        while not done:
            if stop():
                raise KeyboardInterrupt
            done = bool(wait([future], timeout=0.2).done)
        return future.result()

    def compute(function: Callable[..., _Value], *args: object, **options: object) -> _Value:
        """Call a function in a thread, since the main thread must be free for interruptions."""
        with timing("compute"):
            return awaited(computer.submit(function, *args, **options))

    def read(future: Future[_Value]) -> _Value:
        with timing("read"):
            return awaited(future)

    def results(most: int) -> Iterator[Result]:
        """Yield the results that are known, and wait until at most `most` pictures are written."""
        while len(written) > most or (written and written[0].seconds.done()):
            with timing("write"):
                result = written[0].result()
            written.popleft()
            yield result

    def make(job: Job, inputs: _Inputs) -> _Picture:
        start = time.perf_counter()
        size = None
        try:
            style = styles.get(job.style)
            if style is None:
                report(f"style {job.style.stem}")
                style = _style(job.style, inputs.styles, model, controls, read, compute)
                if isinstance(style, Style | Exception):  # images are not kept, to save memory
                    styles[job.style] = style
            if isinstance(style, Exception):
                raise style
            assert inputs.content is not None
            report(job.content.name)
            content, spent = read(inputs.content)
            height, width = content.rgb.shape[:2]
            size = (width, height)
            image.check_fits(encoding.named(job.output), height, width)
            name = f"{job.content.name} ({width}x{height})"
            report(name)
            begin = time.perf_counter()
            rgb = compute(
                picture.make,
                content.rgb,
                style,
                job.style,
                controls,
                model,
                lambda stage: report(f"{name}, {stage}"),
            )
            spent += time.perf_counter() - begin
            return _Picture(job, size, spent, writer.submit(_write, job, rgb, content, encoding))
        except FAILURES as error:
            failed: Future[float] = Future()
            failed.set_exception(error)
            return _Picture(job, size, time.perf_counter() - start, failed)

    try:
        inputs_of = _read_ahead(jobs, styles, controls, reader, sizes, encoding, stdin)
        for job, inputs in inputs_of:
            written.append(make(job, inputs))
            yield from results(_BEHIND)
        yield from results(0)
    except KeyboardInterrupt:
        yield from results(0)
        raise
    finally:
        for threads in (reader, computer):
            threads.shutdown(wait=False, cancel_futures=True)
        writer.shutdown()


@dataclass(frozen=True)
class _Inputs:
    """The images of a job, which are or will be read; those of a style only if it is new."""

    content: Future[tuple[LoadedImage, float]] | None  # with the seconds of reading
    styles: list[Future[Style | np.ndarray]]


@dataclass(frozen=True)
class _Picture:
    """A picture that is being written, or whose job has already failed."""

    job: Job
    size: tuple[int, int] | None
    spent: float
    seconds: Future[float]

    def result(self) -> Result:
        """Wait until the picture is written, and return the outcome of the job."""
        try:
            return Result(self.job, None, self.size, self.spent + self.seconds.result())
        except FAILURES as error:
            return Result(self.job, in_words(error, self.job.content, "--size"), None, self.spent)


def _read_ahead(
    jobs: Sequence[Job],
    encoded: Mapping[Mixture, Style | Exception],
    controls: Controls,
    reader: ThreadPoolExecutor,
    sizes: Sizes,
    encoding: Encoding,
    stdin: bytes | None,
) -> Iterator[tuple[Job, _Inputs]]:
    """Yield each job while the images of the next one are being read.

    A content of several successive jobs is read once, and not at all for a style that has failed. A
    style is read once, unless it is recoloured for each content.
    """
    asked: set[Mixture] = set()
    ready: deque[tuple[Job, _Inputs]] = deque()
    for job in jobs:
        known = job.style in (encoded if controls.recolors else asked)
        parts = [] if known else [path for path, _ in job.style.parts]
        asked.add(job.style)
        styles = [reader.submit(style_files.read, path, sizes.style, stdin) for path in parts]
        content = None
        if ready and ready[-1][0].content == job.content:
            content = ready[-1][1].content
        if content is None and not isinstance(encoded.get(job.style), Exception):
            content = reader.submit(_read_content, job.content, sizes, encoding, stdin)
        ready.append((job, _Inputs(content, styles)))
        if len(ready) > _AHEAD:
            yield ready.popleft()
    while ready:
        yield ready.popleft()


def _read_content(
    path: Path, sizes: Sizes, encoding: Encoding, stdin: bytes | None
) -> tuple[LoadedImage, float]:
    start = time.perf_counter()
    loaded = streams.load(
        path,
        stdin,
        size=sizes.content,
        as_bytes=encoding.depth == 8,
    )
    return loaded, time.perf_counter() - start


def _write(job: Job, rgb: np.ndarray, content: LoadedImage, encoding: Encoding) -> float:
    """Write a picture, and return the seconds that this took."""
    start = time.perf_counter()
    options = {
        "quality": encoding.quality,
        "depth": encoding.depth,
        "exif": None if encoding.strip else content.exif,
        "profile": content.has_profile and not encoding.strip,
    }
    if streams.is_stream(job.output):
        data = image.encode(encoding.default_suffix, rgb, content.alpha, **options)
        streams.write(job.output, data)
    else:
        make_folder(job.output.parent)
        image.save(job.output, rgb, content.alpha, **options)
    return time.perf_counter() - start


def _style(
    mixture: Mixture,
    parts: Sequence[Future[Style | np.ndarray]],
    model: Model,
    controls: Controls,
    read: Callable[[Future[Style | np.ndarray]], Style | np.ndarray],
    compute: Callable[..., Style | Sources],
) -> Style | Sources | Exception:
    """The encoded style, or its images if they are recoloured for each content, or the error."""
    sources = []
    for (path, _), part in zip(mixture.parts, parts, strict=True):
        try:
            sources.append(read(part))
        except FAILURES as error:
            return in_words(error, path, "--style-size")
    try:
        return compute(picture.encode, mixture, sources, controls, model)
    except FAILURES as error:
        return in_words(error, Path(str(mixture)), "--style-size")
