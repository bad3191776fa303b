"""Stylizing files: which pictures to make, and making them one after another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.style import Style
from adain_jax.timing import Timing

LONGEST = 2048  # pixels to which large contents are reduced, unless a size is asked for


@dataclass(frozen=True)
class Job:
    """One picture to make."""

    content: Path
    style: Path
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


def plan(contents: Sequence[Path], styles: Sequence[Path], output: Path) -> list[Job]:
    """Every combination of contents and styles, each a file or a folder of them.

    One content and one style make the file `output`, unless that is a folder or has no suffix. All
    else makes `{content}_stylized_{style}` with the content's suffix in the folder `output`.

    Raises:
        FileNotFoundError: if a folder has no image.
        ValueError: if two pictures would have one name, one would replace its content or style, or
            `output` is no name for an image.
    """
    pairs = list(dict.fromkeys((c, s) for c in _expand(contents) for s in _expand(styles)))
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
    inputs = {path.resolve() for pair in pairs for path in pair}
    for job in jobs:
        if job.output.resolve() in inputs:
            raise ValueError(f"{job.output} would replace one of the images read: name another")
    return jobs


def run(
    jobs: Sequence[Job],
    model: Model,
    *,
    alpha: float = 1.0,
    sizes: Sizes | None = None,
    report: Callable[[str], None] = lambda stage: None,
    note: Callable[[str], None] = lambda message: None,
    timing: Timing | None = None,
) -> Iterator[tuple[Job, Exception | None]]:
    """Make each picture, and yield its job with None, or with what went wrong.

    Every style is read and encoded once. A job that fails leaves no file and stops no other.

    Args:
        jobs: from `plan`.
        model: makes them.
        alpha: strength, in [0, 1].
        sizes: to which images are scaled.
        report: is told what is being done.
        note: is told what the user should know of a picture.
        timing: is told how long reading, computing and writing take.
    """
    sizes, timing = sizes or Sizes(), timing or Timing()
    styles: dict[Path, Style | Exception] = {}
    for job in jobs:
        try:
            if job.style not in styles:
                report(f"style {job.style.name}")
                styles[job.style] = _read_style(job.style, model, sizes.style, timing)
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
            with timing("compute"):
                picture = model.stylize_any_size(content.rgb, style, alpha)
            with timing("write"):
                job.output.parent.mkdir(parents=True, exist_ok=True)
                image.save(job.output, picture, content.alpha)
        except (ValueError, OSError) as error:
            yield job, error
        except (MemoryError, jax.errors.JaxRuntimeError):
            yield job, ValueError(f"{job.content}: too large for the memory; reduce it by --size")
        else:
            yield job, None


def _read_style(path: Path, model: Model, size: int, timing: Timing) -> Style | Exception:
    try:
        with timing("read"):
            rgb = image.load(path, size=size).rgb
        with timing("compute"):
            return jax.block_until_ready(model.style_of_any_size(rgb))
    except (ValueError, OSError) as error:
        return error
    except (MemoryError, jax.errors.JaxRuntimeError):
        return ValueError(f"{path}: too large for the memory; reduce it by --style-size")


def _expand(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (image.find(path) if path.is_dir() else [path])]


def _name(content: Path, style: Path) -> str:
    try:
        image.check_writable(content)
        suffix = content.suffix
    except ValueError:
        suffix = ".png"
    return f"{content.stem}_stylized_{style.stem}{suffix}"
