"""The plan of a command: which pictures to make of which files, and their names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adain_jax.files import find, image, moving
from adain_jax.files.streams import STREAM, is_stream
from adain_jax.model.style import check_weights
from adain_jax.runtime.atomic import check_apart
from adain_jax.runtime.paths import real

_MADE = "_stylized_"  # between the names of the content and of the style
_ALIASES = {".jpeg": ".jpg", ".tiff": ".tif"}  # suffixes, and their names in --format


@dataclass(frozen=True)
class Mixture:
    """Styles (images or files of styles) with weights; often one style, of weight 1."""

    parts: tuple[tuple[Path, float], ...]

    def __str__(self) -> str:
        return " + ".join(str(path) for path, _ in self.parts)

    @property
    def stem(self) -> str:
        """The name of the mixture in the names of pictures."""
        even = len({weight for _, weight in self.parts}) == 1
        return "+".join(_stem(path) + ("" if even else f"_{w:g}") for path, w in self.parts)

    @classmethod
    def parse(cls, texts: Sequence[str], *, regions: bool = False) -> "Mixture":
        """Parse texts `PATH:WEIGHT`, or `PATH` for a weight of 1.

        With `regions` a weight is the strength in a region, else the share in the mixture.

        >>> Mixture.parse(["a.jpg:0.25", "b.jpg"]).parts[0][1]
        0.25

        Raises:
            ValueError: if a weight is negative or not finite, all are 0, or the only style has a
                share.
        """
        parts = []
        for text in texts:
            path, _, weight = text.rpartition(":")
            try:
                part = Path(path), float(weight)
            except ValueError:  # there is no weight
                part = Path(text), 1.0
            # A colon may belong to the name.
            parts.append((Path(text), 1.0) if Path(text).is_file() else part)
        check_weights([weight for _, weight in parts])
        if len(parts) == 1 and parts[0][1] != 1 and not regions:
            raise ValueError(
                f"{texts[0]}: the only style has no share: its strength is given by --alpha"
            )
        return cls(tuple(parts))


@dataclass(frozen=True)
class Encoding:
    """How pictures are written.

    Attributes:
        suffix: the format of pictures whose name is not given, such as ".png". None: the format of
            the content, if it can be written, otherwise PNG, or TIFF for 16 bits.
        quality: the quality of JPEG, WebP and AVIF, 1 to 100; None: the default of `image.save`.
        depth: the bits per channel, 8 or 16.
        strip: whether the content's EXIF data, and the colour profile, are left out.
    """

    suffix: str | None = None
    quality: int | None = None
    depth: int = 8
    strip: bool = False

    @property
    def default_suffix(self) -> str:
        """The suffix of pictures whose name is not given, if the content has none."""
        return self.suffix or (".png" if self.depth == 8 else ".tif")

    def named(self, output: Path) -> Path:
        """The path `output`; for a stream, which has no suffix, with that of its format."""
        return Path(f"{output}{self.default_suffix}") if is_stream(output) else output


@dataclass(frozen=True)
class Job:
    """One picture to make. `STREAM` is standard input, or standard output for `output`."""

    content: Path
    style: Mixture
    output: Path


@dataclass(frozen=True)
class Plan:
    """The jobs of a command.

    Attributes:
        jobs: the pictures to make.
        alone: contents without a style of the same name, if styles are paired by names.
        unused: styles without a content of the same name.
        empty: folders of contents without an image.
        made: images in folders of contents that are left out, as pictures that were made before.
    """

    jobs: list[Job]
    alone: list[Path] = field(default_factory=list)
    unused: list[Path] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    @property
    def inputs(self) -> set[Path]:
        """All files that are read."""
        return {path for job in self.jobs for path in (job.content, *_paths(job.style))}


@dataclass(frozen=True)
class _Found:
    """An image, the given folder in which it was found, if any, and its own folder within that."""

    path: Path
    top: Path | None = None
    within: Path = Path()

    def was_made(self, output: Path) -> bool:
        """Whether it is a picture that was made before.

        Its name tells, and it lies in the output, which is the given folder or lies in it.
        """
        if self.top is None or _MADE not in self.path.stem:
            return False
        top, out, where = map(real, (self.top, output, self.path))
        return top in (out, *out.parents) and out in where.parents


def plan(
    contents: Sequence[Path],
    styles: Sequence[Path] | Mixture,
    output: Path,
    *,
    pairs: bool = False,
    encoding: Encoding | None = None,
    others: Sequence[Path] = (),
) -> Plan:
    """Plan the pictures of all combinations of contents and styles: files, folders or `STREAM`.

    A mixture counts as one style. One content and one style make the file `output`, unless that is
    a folder or has no suffix. Otherwise the pictures are named `{content}_stylized_{style}` with
    the suffix of the content, in the folder `output`, and in the same subfolder as the content.
    If `output` is a folder of contents or lies in one, images in it with such names are left out,
    because they are pictures that were made before.

    Args:
        contents: photographs.
        styles: paintings, or one mixture.
        output: a file, a folder, or `STREAM`, for one picture.
        pairs: combine only contents and styles with the same name, whatever their suffixes.
        encoding: how pictures will be written.
        others: further files that are read, such as masks.

    Raises:
        FileNotFoundError: if there is no content, or a folder of styles has no style.
        ValueError: if two pictures would have the same name, a picture would replace one of the
            files that are read, `output` cannot be written in the format of its suffix or has
            another than `encoding`, it is for one picture but there are more, two styles have the
            same name (with `pairs`), or `STREAM` is read twice.
    """
    encoding = encoding or Encoding()
    empty: list[Path] = []
    listed = _expand(contents, empty=empty)
    if empty and not listed:
        raise FileNotFoundError(f"no image in {empty[0]}")
    earlier = {x.path: x.was_made(output) for x in listed}
    made = [path for path, was_made in earlier.items() if was_made]
    found = [x for x in listed if not earlier[x.path]]
    if listed and not found:
        raise FileNotFoundError(
            f"no image in {', '.join(map(str, contents))} but pictures made before, in {output}"
        )
    if isinstance(styles, Mixture):
        mixtures = [styles]
    else:
        mixtures = [Mixture(((style.path, 1.0),)) for style in _expand(styles, find.styles)]
    inputs = [x.path for x in found] + [path for mixture in mixtures for path in _paths(mixture)]
    if inputs.count(STREAM) > 1:
        raise ValueError(f"{STREAM} stands for standard input, of which there is one: name files")
    alone, unused = [], []
    if pairs:
        matches, alone, unused = _by_name(found, mixtures)
    else:
        matches = [(content, style) for content in found for style in mixtures]
    jobs = _name(matches, output, encoding)
    check_apart(
        [job.output for job in jobs if job.output != STREAM],
        [path for path in (*inputs, *others) if path != STREAM],
    )
    return Plan(jobs, alone, unused, empty, made)


def expand(paths: Iterable[Path]) -> list[Path]:
    """Replace folders by the images and styles in them.

    Raises:
        FileNotFoundError: if a folder has none of them.
    """
    return [found.path for found in _expand(paths, find.styles)]


def _expand(
    paths: Iterable[Path],
    listed: Callable[[Path], list[Path]] = find.photographs,
    empty: list[Path] | None = None,
) -> list[_Found]:
    """List files, and the files in folders. Folders without any go to `empty`, if it is given."""
    found = {}  # repeated paths count once
    for path in paths:
        if path != STREAM and path.is_dir():
            try:
                files = listed(path)
            except FileNotFoundError:
                if empty is None:
                    raise
                files = []
                empty.append(path)
            for file in files:
                found.setdefault(file, _Found(file, path, file.parent.relative_to(path)))
        else:
            found.setdefault(path, _Found(path))
    return list(found.values())


def _by_name(
    contents: Sequence[_Found], styles: Sequence[Mixture]
) -> tuple[list[tuple[_Found, Mixture]], list[Path], list[Path]]:
    by_stem: dict[str, Mixture] = {}
    for style in styles:
        if other := by_stem.get(style.stem):
            raise ValueError(
                f"{other} and {style} have one name: which of them is meant is unclear"
            )
        by_stem[style.stem] = style
    matches = [(x, by_stem[x.path.stem]) for x in contents if x.path.stem in by_stem]
    alone = [x.path for x in contents if x.path.stem not in by_stem]
    used = {style for _, style in matches}
    return matches, alone, [path for x in styles if x not in used for path in _paths(x)]


def _name(matches: Sequence[tuple[_Found, Mixture]], output: Path, encoding: Encoding) -> list[Job]:
    one_file = is_stream(output) or (output.suffix and not output.is_dir())
    if len(matches) == 1 and one_file:
        named = _ALIASES.get(output.suffix.lower(), output.suffix.lower())
        if not is_stream(output) and encoding.suffix not in (None, named):
            raise ValueError(f"{output} is not called {encoding.suffix}: leave one of them out")
        jobs = [Job(matches[0][0].path, matches[0][1], output)]
    elif matches and (is_stream(output) or _is_name_of_file(output)):
        one = is_stream(output) or output.suffix.lower() in image.WRITABLE
        raise ValueError(
            f"{output} is {'for one picture' if one else 'no name of a folder'}, but there are "
            f"{len(matches)} to make: name a folder"
        )
    else:
        jobs = [
            Job(x.path, style, output / x.within / f"{_stem(x.path)}{_MADE}{style.stem}{suffix}")
            for x, style in matches
            for suffix in [_suffix(x.path, encoding)]
        ]
    makers: dict[Path, Job] = {}
    for job in jobs:
        image.check_writable(encoding.named(job.output), encoding.depth)
        if other := makers.get(job.output):
            raise ValueError(
                f"{other.content} with {other.style} and {job.content} with {job.style} would both "
                f"become {job.output}: rename one, or stylize them apart"
            )
        makers[job.output] = job
    return jobs


def _is_name_of_file(output: Path) -> bool:
    known = {*image.WRITABLE, *find.READABLE, *moving.WRITABLE}
    return output.suffix.lower() in known and not output.is_dir()


def _suffix(content: Path, encoding: Encoding) -> str:
    if encoding.suffix:
        return encoding.suffix
    try:
        image.check_writable(content, encoding.depth)
    except ValueError:
        return encoding.default_suffix
    return content.suffix


def _stem(path: Path) -> str:
    return "stdin" if path == STREAM else path.stem


def _paths(mixture: Mixture) -> list[Path]:
    return [path for path, _ in mixture.parts]
