"""Reads and writes styles: images, folders of them, and files of styles."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import numpy as np

from adain_jax.files import image, streams
from adain_jax.inference.encode import encode_style
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.jobs.plan import expand
from adain_jax.model import Model
from adain_jax.model.style import SUFFIX, Style
from adain_jax.runtime.atomic import check_apart, check_place, make_folder
from adain_jax.runtime.tensors import opened
from adain_jax.runtime.text import printable

SIZE = 512  # the default shorter side of a style's image, in pixels
_THUMBNAIL = 32  # the side of a thumbnail, in pixels
_NAMES = "names"  # the key of the styles' names in a bank's metadata
_NAMED = 3  # the most images that the file of a style names


def read(path: Path, size: int, stdin: bytes | None = None) -> Style | np.ndarray:
    """Read the style in a file; or an image, scaled to a shorter side of `size`, (H, W, 3) uint8.

    `stdin` is the content of standard input, for `STREAM`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the file is neither a style nor an image.
    """
    if path.suffix == SUFFIX:
        return Style.load(path)
    return streams.load(path, stdin, size=size, as_bytes=True).rgb


def encode(path: Path, read: Style | np.ndarray, model: Model, *, several: bool = False) -> Style:
    """Encode the result of `read`, unless it is a style already.

    Raises:
        ValueError: if the style belongs to another model, or an older version; or if the file has
            `several` styles, and one is wanted.
    """
    if isinstance(read, np.ndarray):
        return encode_style(read, model)
    model.check_style(read, str(path))
    if read.mean.ndim > 1 and not several:
        raise ValueError(
            f"{path} is a bank of {len(read.mean)} styles, for `adain-jax dataset`: give the file "
            "of one style, or a painting"
        )
    return read


def look(path: Path, size: int) -> np.ndarray | None:
    """The look of a style, (H, W, 3) uint8: its image, or the thumbnail in its file.

    An image is scaled to a shorter side of `size`; a file may have no thumbnail.
    """
    if path.suffix != SUFFIX:
        return image.load(path, size=size, as_bytes=True).rgb
    with opened(path) as file:
        return file.get_tensor("thumbnail") if "thumbnail" in file.keys() else None  # noqa: SIM118


def each(paths: Sequence[Path], model: Model, *, size: int = SIZE) -> Iterator[tuple[str, Style]]:
    """Yield the name and the style of each image; for images in folders, the path within these.

    For a file of styles, yield each of its styles, with its name.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if a file is neither a style nor an image, too large, or of another model.
    """
    for path in expand(paths):
        style = _style(path, model, size)
        name = _within(path, paths)
        if style.mean.ndim == 1:
            yield name, style
            continue
        styles = _split(style)
        names = bank_names(path) or tuple(f"{name}#{i}" for i in range(len(styles)))
        if len(names) != len(styles):
            raise ValueError(f"{path} is damaged: it has {len(names)} names, {len(styles)} styles")
        yield from zip(names, styles, strict=True)


def bank_names(path: Path) -> tuple[str, ...]:
    """The names of the styles in a bank, as valid UTF-8; empty if the file has no names.

    Raises:
        ValueError: if the file has something else in their place.
    """
    with opened(path) as file:
        told = (file.metadata() or {}).get(_NAMES, "[]")
    try:
        names = json.loads(told)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: the names of its styles are no JSON list of strings")
    return tuple(map(printable, names))


def write_bank(
    output: Path, styles: Sequence[Style], names: Sequence[str], architecture: str
) -> None:
    """Write one file with many styles and their names, of about 8 KB a style.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if there is no style, or the file's name does not end in .safetensors.
    """
    metadata = {"architecture": architecture, _NAMES: json.dumps(list(names))}
    make_folder(output.parent)
    Style.stack(styles).save(output, metadata=metadata)


def bank(paths: Sequence[Path], model: Model, output: Path, *, size: int = SIZE) -> Iterator[str]:
    """Write a bank, one file with the style of each image (`each`); yield the name of each.

    Raises:
        OSError: if a file cannot be read, or the bank cannot be written.
        ValueError: if a file is neither a style nor an image, too large, or of another model, or
            the bank's name does not end in .safetensors.
    """
    _check_output(paths, output)
    styles, names = [], []
    for name, style in each(paths, model, size=size):
        styles.append(jax.tree.map(np.asarray, style))
        names.append(name)
        yield name
    write_bank(output, styles, names, model.architecture)


def average_style(
    paths: Sequence[Path], model: Model, output: Path, *, size: int = SIZE
) -> Iterator[Path]:
    """Write one file with the mean style of images, folders of them, and files of styles.

    Each style of a bank counts as much as that of an image.

    It yields the path of each file that is read. The file is written after the last one, with a
    thumbnail of the first image.

    Raises:
        OSError: if a file cannot be read, or the style cannot be written.
        ValueError: if a file is neither a style nor an image, too large, or of another model, or
            the name of the output does not end in .safetensors.
    """
    _check_output(paths, output)
    styles, files = [], expand(paths)
    for path in files:
        styles += _split(_style(path, model, size))
        yield path
    pictures = [path for path in files if path.suffix != SUFFIX]
    thumbnail = None
    if pictures:
        thumbnail = image.load(pictures[0], size=_THUMBNAIL, square=True, as_bytes=True).rgb
    names = ", ".join(path.name for path in files[:_NAMED])
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    metadata = {"architecture": model.architecture, "made_of": printable(names + more)}
    make_folder(output.parent)
    Style.mix(styles).save(output, metadata=metadata, thumbnail=thumbnail)


def _check_output(paths: Sequence[Path], output: Path) -> None:
    if output.suffix != SUFFIX:
        raise ValueError(f"{output}: a file of a style ends in {SUFFIX}")
    check_place(output)
    check_apart([output], expand(paths))


def _style(path: Path, model: Model, size: int) -> Style:
    try:
        return encode(path, read(path, size), model, several=True)
    except FAILURES as error:
        raise in_words(error, path, "--style-size") from None


def _split(style: Style) -> list[Style]:
    """The styles of a bank, or the one style of another file."""
    if style.mean.ndim == 1:
        return [style]
    return [jax.tree.map(lambda x, i=i: x[i], style) for i in range(len(style.mean))]


def _within(path: Path, paths: Sequence[Path]) -> str:
    """The path of a file within the folder of `paths` in which it was found, or its name."""
    folders = [folder for folder in paths if folder in path.parents and folder.is_dir()]
    return path.relative_to(folders[0]).as_posix() if folders else path.name
