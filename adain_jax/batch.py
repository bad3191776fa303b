"""Stylizing files: which pictures to make, and making them one after another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.ops.color import keep_chroma
from adain_jax.recolor import check_color, recolor, recolors
from adain_jax.style import SUFFIX, Style, check_weights
from adain_jax.timing import Timing

_THUMBNAIL = 32  # pixels to a side
_NAMED = 3  # pictures that a file of a style lists
LONGEST = 2048  # pixels to which large contents are reduced, unless a size is asked for


@dataclass(frozen=True)
class Mixture:
    """Styles, images or files of styles, and how much of each; often one, of weight 1."""

    parts: tuple[tuple[Path, float], ...]

    def __str__(self) -> str:
        return " + ".join(str(path) for path, _ in self.parts)

    @property
    def stem(self) -> str:
        """What it is called in the names of pictures."""
        even = len({weight for _, weight in self.parts}) == 1
        return "+".join(path.stem + ("" if even else f"_{w:g}") for path, w in self.parts)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "Mixture":
        """`PATH:WEIGHT` each, or `PATH` for a weight of 1.

        >>> Mixture.parse(["a.jpg:0.25", "b.jpg"]).parts[0][1]
        0.25

        Raises:
            ValueError: if a weight is negative or not finite, or all are 0.
        """
        parts = []
        for text in texts:
            path, _, weight = text.rpartition(":")
            try:
                parts.append((Path(path), float(weight)))
            except ValueError:  # none, or a colon in a name
                parts.append((Path(text), 1.0))
        check_weights([weight for _, weight in parts])
        return cls(tuple(parts))


@dataclass(frozen=True)
class Job:
    """One picture to make."""

    content: Path
    style: Mixture
    output: Path


@dataclass(frozen=True)
class Sizes:
    """Shorter sides in pixels, 0 for images as they are.

    Attributes:
        content: None leaves contents as they are up to a longer side of `LONGEST`.
        style: of the painting; it decides how large its strokes come out.
    """

    content: int | None = None
    style: int = 512


def plan(contents: Sequence[Path], styles: Sequence[Path] | Mixture, output: Path) -> list[Job]:
    """Every combination of contents and styles, each a file or a folder of them.

    A mixture counts as one style. One content and one style make the file `output`, unless that is
    a folder or has no suffix. All else makes `{content}_stylized_{style}` with the content's suffix
    in the folder `output`.

    Raises:
        FileNotFoundError: if a folder has no image.
        ValueError: if two pictures would have one name, one would replace its content or style, or
            `output` is no name for an image.
    """
    if isinstance(styles, Mixture):
        mixtures = [styles]
    else:
        mixtures = [Mixture(((path, 1.0),)) for path in _expand(styles)]
    pairs = list(dict.fromkeys((c, s) for c in _expand(contents) for s in mixtures))
    if len(pairs) == 1 and output.suffix and not output.is_dir():
        jobs = [Job(*pairs[0], output)]
    elif output.suffix.lower() in image.WRITABLE and not output.is_dir():
        raise ValueError(
            f"{output} is a name for one picture, but there are {len(pairs)} to make: name a folder"
        )
    else:
        jobs = [Job(c, s, output / _name(c, s)) for c, s in pairs]

    makers: dict[Path, Job] = {}
    for job in jobs:
        image.check_writable(job.output)
        if other := makers.get(job.output):
            raise ValueError(
                f"{other.content} with {other.style} and {job.content} with {job.style} would both "
                f"become {job.output}: rename one, or stylize them apart"
            )
        makers[job.output] = job
    inputs = {content.resolve() for content, _ in pairs}
    inputs |= {path.resolve() for mixture in mixtures for path, _ in mixture.parts}
    for job in jobs:
        if job.output.resolve() in inputs:
            raise ValueError(f"{job.output} would replace one of the images read: name another")
    return jobs


def run(
    jobs: Sequence[Job],
    model: Model,
    *,
    alpha: float = 1.0,
    extrapolate: bool = False,
    color: str = "style",
    sizes: Sizes | None = None,
    report: Callable[[str], None] = lambda stage: None,
    note: Callable[[str], None] = lambda message: None,
    timing: Timing | None = None,
) -> Iterator[tuple[Job, Exception | None]]:
    """Make each picture, and yield its job with None, or with what went wrong.

    Every style is read and encoded once, unless it is recoloured for each content. A job that fails
    leaves no file and stops no other.

    Args:
        jobs: from `plan`.
        model: makes them.
        alpha: strength, in [0, 1].
        extrapolate: allow strengths up to 2.
        color: as in `adain_jax.stylize`.
        sizes: to which images are scaled.
        report: is told what is being done.
        note: is told what the user should know of a picture.
        timing: is told how long reading, computing and writing take.
    """
    sizes, timing = sizes or Sizes(), timing or Timing()
    styles: dict[Mixture, Style | Exception | None] = {}
    recoloring = recolors(check_color(color))
    for job in jobs:
        try:
            if recoloring:
                styles[job.style] = None  # made below, when the content is read
            elif job.style not in styles:
                report(f"style {job.style.stem}")
                styles[job.style] = _mix(job.style, model, sizes.style, timing)
            style = styles[job.style]
            if isinstance(style, Exception):
                raise style
            report(job.content.name)
            limit = LONGEST if sizes.content is None else 0
            with timing("read"):
                content = image.load(job.content, size=sizes.content or 0, longest=limit)
            height, width = content.rgb.shape[:2]
            if limit and max(content.original_size) > limit:
                original = "x".join(map(str, reversed(content.original_size)))
                note(f"{job.content}: reduced from {original} to {width}x{height}; --size 0 keeps")
            report(f"{job.content.name} ({width}x{height})")
            if style is None:
                recolored = partial(recolor, content=content.rgb, color=color, xp=np)
                style = _mix(job.style, model, sizes.style, timing, recolored)
                if isinstance(style, Exception):
                    raise style
            with timing("compute"):
                picture = model.stylize_any_size(content.rgb, style, alpha, extrapolate=extrapolate)
                if color == "luminance":
                    picture = keep_chroma(picture, content.rgb, xp=np)
            with timing("write"):
                job.output.parent.mkdir(parents=True, exist_ok=True)
                image.save(job.output, picture, content.alpha)
        except (ValueError, OSError) as error:
            yield job, error
        except (MemoryError, jax.errors.JaxRuntimeError):
            yield job, ValueError(f"{job.content}: too large for the memory; reduce it by --size")
        else:
            yield job, None


def read_style(
    path: Path,
    model: Model,
    size: int,
    timing: Timing,
    change: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Style:
    """The style in a file, be that an image, scaled to a shorter side of `size`, or a style's.

    `change` is done to the image before it is encoded.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is neither, too large, a style of another model, or one to be changed.
    """
    if path.suffix == SUFFIX:
        if change:
            raise ValueError(
                f"{path} is a style without an image, which cannot be recoloured: give the image, "
                "or take the colours by luminance"
            )
        style = Style.load(path)
        if style.fingerprint != model.fingerprint:
            raise ValueError(
                f"{path} was made by another model (its encoder is {style.fingerprint!r}, that of "
                f"this {model.architecture} {model.fingerprint!r}): make it again with this one"
            )
        return style
    try:
        with timing("read"):
            rgb = image.load(path, size=size).rgb
        with timing("compute"):
            rgb = change(rgb) if change else rgb
            return jax.block_until_ready(model.style_of_any_size(rgb))
    except (MemoryError, jax.errors.JaxRuntimeError):
        raise ValueError(f"{path}: too large for the memory; reduce it by --style-size") from None


def average_style(
    paths: Sequence[Path], model: Model, output: Path, *, size: int = Sizes.style
) -> Iterator[Path]:
    """Write one file with the mean style of images, folders of them, and files of styles.

    Yields each that was read; the file is there when all were. A thumbnail of the first image
    goes with it.

    Raises:
        OSError: if one cannot be read, or the file not be written.
        ValueError: as `read_style`, or if the name does not end in .safetensors.
    """
    if output.suffix != SUFFIX:
        raise ValueError(f"{output}: a file of a style ends in {SUFFIX}")
    styles, files, timing = [], _expand(paths), Timing()
    if output.resolve() in {path.resolve() for path in files}:
        raise ValueError(f"{output} would replace one of the styles read: name another")
    for path in files:
        styles.append(read_style(path, model, size, timing))
        yield path
    pictures = [path for path in files if path.suffix != SUFFIX]
    thumbnail = None
    if pictures:
        square = image.load(pictures[0], size=_THUMBNAIL, square=True).rgb
        thumbnail = np.round(square * 255).astype(np.uint8)
    names = ", ".join(path.name for path in files[:_NAMED])
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    metadata = {"architecture": model.architecture, "made_of": names + more}
    output.parent.mkdir(parents=True, exist_ok=True)
    Style.mix(styles).save(output, metadata=metadata, thumbnail=thumbnail)


def _mix(
    mixture: Mixture,
    model: Model,
    size: int,
    timing: Timing,
    change: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Style | Exception:
    try:
        styles = [read_style(path, model, size, timing, change) for path, _ in mixture.parts]
        return Style.mix(styles, [weight for _, weight in mixture.parts])
    except (ValueError, OSError) as error:
        return error


def _expand(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (image.find(path) if path.is_dir() else [path])]


def _name(content: Path, style: Mixture) -> str:
    try:
        image.check_writable(content)
        suffix = content.suffix
    except ValueError:
        suffix = ".png"
    return f"{content.stem}_stylized_{style.stem}{suffix}"
