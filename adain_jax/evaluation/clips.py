"""Compares three ways to stylize clips: how calm their pictures are, and what that costs."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from adain_jax.evaluation import unrest
from adain_jax.evaluation.judge import Judge
from adain_jax.files import find, image, moving
from adain_jax.files.clip import scale
from adain_jax.inference.request import ask
from adain_jax.model import Model, Style
from adain_jax.ops.pixels import to_float
from adain_jax.runtime.atomic import atomic_path, check_place, make_folder
from adain_jax.runtime.text import printable
from adain_jax.stylize import encode_style
from adain_jax.video import CALM, begin, step, stylize_frames

_SMALLEST = 32  # the least side of frames, in pixels; flow needs as much
_SETTLED, _EVERY = 5, 8  # style and sharpness are measured on pictures 5, 13, 21, ...
_SHOWN, _LAST = 3, 20  # the number of pictures that are shown, and the last one, if there are more

_Way = Callable[[Sequence[np.ndarray], Style], list[np.ndarray]]


@dataclass(frozen=True)
class Task:
    """The clips, styles and settings of a measurement.

    Attributes:
        clips: files of clips; `@SECOND` after a name says where to begin.
        photos: images or folders of images, from which pans, zooms and noisy stills are made.
        style: files of paintings.
        model: the name of a shipped model, or a file.
        size: the shorter side of frames, in pixels.
        frames: the number of frames of each clip.
        calm: the calmness, from 0 to 1.
        noise: the standard deviation of the noise of the stills, in levels of 255.

    Raises:
        ValueError: if there is nothing to measure, or too little of it, or a number is wrong.
    """

    clips: tuple[str, ...]
    photos: tuple[Path, ...]
    style: tuple[Path, ...]
    model: str = "fast"
    size: int = 180
    frames: int = 40
    calm: float = CALM
    noise: float = 4.0

    def __post_init__(self) -> None:
        if not (self.clips or self.photos):
            raise ValueError("nothing to measure: give --clips or --photos")
        if self.frames <= _SETTLED:
            raise ValueError(
                f"--frames is more than {_SETTLED}, in which pictures settle, not {self.frames}"
            )
        if self.size < _SMALLEST:
            raise ValueError(f"--size is at least {_SMALLEST}, not {self.size}")
        if not 0 <= self.calm <= 1:
            raise ValueError(f"--calm is between 0 and 1, not {self.calm:g}")
        if not 0 <= self.noise < math.inf:
            raise ValueError(f"--noise is at least 0, and finite, not {self.noise:g}")
        for text in self.clips:
            _parted(text)


def run(task: Task, out: Path) -> str:
    """Measure, write `video.md` and pictures to a folder, and return the table.

    Args:
        task: the task.
        out: the folder, which is created if it is missing.

    Raises:
        FileNotFoundError: if a clip, an image or a model does not exist.
        ImportError: if a package that the judge needs is missing.
        ValueError: if a clip or an image cannot be read, or a clip is too short or has a cut before
            every frame.
    """
    model, judge = Model.load(task.model).prepare(), Judge()
    ways: dict[str, _Way] = {
        "frame by frame": partial(_everything, model, 0),
        "smoothed statistics": partial(_smoothed, model, task.calm),
        "everything": partial(_everything, model, task.calm),
    }
    check_place(out / "video.md")
    styles = {path: image.load(path, size=512).rgb for path in task.style}
    lines = [
        "| clip | style | way | warp | | style | sharp |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    sources = list(_sources(task))
    _check_names([name for name, _ in sources], "--clips and --photos")
    _check_names([path.stem for path in styles], "--style")
    pictures = [f"{name}_{path.stem}.png" for name, _ in sources for path in styles]
    _check_names(pictures, "--clips, --photos and --style: pictures")
    for name, make in tqdm(sources, desc="check", unit="clip", disable=None):
        _check_clip(name, make())
    make_folder(out)
    bar = tqdm(total=len(sources) * len(styles) * len(ways), unit="clip", disable=None)
    for name, make in sources:
        clip = make()
        for path, whole in styles.items():
            painting = image.load(path, size=256, as_bytes=True).rgb
            style = encode_style(whole, model=model)
            wanted = judge.features(to_float(painting, xp=np))
            usual, shown = None, []
            for way, function in ways.items():
                pictures = function(clip.frames, style)
                some = pictures[_SETTLED::_EVERY]
                found = (
                    unrest.warp_error(pictures, clip),
                    _mean(judge.style(judge.features(to_float(x, xp=np)), wanted) for x in some),
                    _mean(map(unrest.sharpness, some)),
                )
                usual = usual or found
                warp, style_, sharp = map(_quotient, found, usual)
                lines.append(
                    f"| {name} | {path.stem} | {way} | {found[0]:.2f} | {warp:.2f} | {style_:.3f} "
                    f"| {sharp:.2f} |"
                )
                shown += _strip(pictures, clip)
                bar.update()
            with atomic_path(out / f"{name}_{path.stem}.png") as temporary:
                Image.fromarray(np.concatenate(shown)).save(temporary)
    bar.close()
    text = "\n".join(lines) + "\n"
    with atomic_path(out / "video.md") as temporary:
        temporary.write_text(printable(text), "utf-8")
    return text


def _check_names(names: Sequence[str], option: str) -> None:
    """Raise `ValueError` if two rows of the table, and two pictures, would have one name."""
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"{option}: {names.count(twice[0])} are called {twice[0]}: rename all but one"
        )


def _sources(task: Task) -> Iterator[tuple[str, Callable[[], unrest.Clip]]]:
    """The name of each clip, and a function that makes it: a clip and its motions are large."""
    for text in task.clips:
        path, second = _parted(text)
        yield path.stem, partial(_read, path, second, task)
    paths = [x for path in task.photos for x in (find.images(path) if path.is_dir() else [path])]
    for number, path in enumerate(paths):
        kind = ("pan", "zoom", "noise")[number % 3]
        yield f"{kind}_{path.stem}", partial(_made, kind, path, task)


def _read(path: Path, second: Fraction, task: Task) -> unrest.Clip:
    clip = moving.open_clip(path)
    size = clip.look.scaled(task.size).size
    frames = islice(clip.frames(second), task.frames)
    return unrest.of_frames([scale(x.rgb, size) for x in frames])


def _made(kind: str, path: Path, task: Task) -> unrest.Clip:
    large = image.load(path, size=round(2.4 * task.size), as_bytes=True).rgb
    size, count = (task.size, task.size * 16 // 9 // 2 * 2), task.frames
    if kind == "pan":
        return unrest.pan(large, size, count, 3.3, 1.2)
    if kind == "zoom":
        return unrest.zoom(large, size, count, 1.01)
    still = unrest.pan(large, size, 1, 0, 0).frames[0]
    return unrest.noise(still, count, task.noise)


def _check_clip(name: str, clip: unrest.Clip) -> None:
    """Raise `ValueError` if a clip cannot be measured."""
    if len(clip.frames) <= _SETTLED:
        raise ValueError(f"{name} has {len(clip.frames)} frames; it needs more than {_SETTLED}")
    if all(map(unrest.is_cut, clip.motions)):
        raise ValueError(
            f"{name} cannot be measured: there is a cut before every frame; give another clip"
        )


def _parted(text: str) -> tuple[Path, Fraction]:
    """The file of a clip and the second at which to begin, from FILE[@SECOND]."""
    path, _, second = text.rpartition("@") if "@" in text else (text, "", "0")
    try:
        begin = Fraction(second)
    except (ValueError, ZeroDivisionError):
        begin = Fraction(-1)
    if begin < 0:
        raise ValueError(
            f"--clips {text}: after @ comes the second to begin at, such as 2.5, not {second!r}; "
            "if the name of the file has an @ itself, put @0 after it"
        )
    return Path(path), begin


def _everything(
    model: Model, calm: float, frames: Sequence[np.ndarray], style: Style
) -> list[np.ndarray]:
    return list(stylize_frames(frames, style, model=model, calm=calm))


def _smoothed(
    model: Model, calm: float, frames: Sequence[np.ndarray], style: Style
) -> list[np.ndarray]:
    state, pictures = begin(model, ask(model, frames[0], style)), []
    for frame in frames:
        state, picture = step(model, ask(model, frame, style), state, calm)
        pictures.append(np.asarray(picture))
    return pictures


def _strip(pictures: Sequence[np.ndarray], clip: unrest.Clip) -> list[np.ndarray]:
    """Some pictures in a row, and below them their unexplained changes, four times as bright."""
    numbers = range(1, len(pictures))[:_LAST][-_SHOWN:]
    moved = [
        unrest.differences(pictures[i - 1], pictures[i], clip.motions[i - 1].back) for i in numbers
    ]
    grey = [np.clip(4 * x, 0, 255).astype(np.uint8)[..., None].repeat(3, -1) for x in moved]
    return [np.concatenate([pictures[i] for i in numbers], 1), np.concatenate(grey, 1)]


def _quotient(value: float, usual: float) -> float:
    if value == usual:
        return 1.0  # both are 0 if the clip stands still
    return value / usual if usual else math.inf


def _mean(values: Iterator[float]) -> float:
    return float(np.mean(list(values)))
