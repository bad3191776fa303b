"""Styles from files: images, folders of them, and files of styles."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import safetensors

from adain_jax.files import image, streams
from adain_jax.inference.encode import encode_style
from adain_jax.jobs.failures import FAILURES, in_words
from adain_jax.jobs.plan import expand
from adain_jax.model import Model
from adain_jax.model.style import SUFFIX, Style
from adain_jax.runtime.atomic import check_place, make_folder

SIZE = 512  # pixels of the shorter side, unless another is asked for
_THUMBNAIL = 32  # pixels to a side
_NAMED = 3  # pictures that a file of a style lists


def read(path: Path, size: int, stdin: bytes | None = None) -> Style | np.ndarray:
    """The style in a file; or an image, scaled to a shorter side of `size`, (H, W, 3) uint8.

    `stdin` is what `STREAM` stands for.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is neither.
    """
    if path.suffix == SUFFIX:
        return Style.load(path)
    return streams.load(path, stdin, size=size, as_bytes=True).rgb


def encode(path: Path, read: Style | np.ndarray, model: Model) -> Style:
    """The style of what was read from a file.

    Raises:
        ValueError: if it is a style of another model, or of an older version.
    """
    if isinstance(read, np.ndarray):
        return encode_style(read, model)
    model.check_style(read, str(path))
    return read


def look(path: Path, size: int) -> np.ndarray | None:
    """What a style looks like, (H, W, 3) uint8: its image, or what its file keeps of that.

    An image is scaled to a shorter side of `size`; a file may keep none.
    """
    if path.suffix != SUFFIX:
        return image.load(path, size=size, as_bytes=True).rgb
    with safetensors.safe_open(path, framework="numpy") as file:
        return file.get_tensor("thumbnail") if "thumbnail" in file.keys() else None  # noqa: SIM118


def average_style(
    paths: Sequence[Path], model: Model, output: Path, *, size: int = SIZE
) -> Iterator[Path]:
    """Write one file with the mean style of images, folders of them, and files of styles.

    Yields each that was read; the file is there when all were. A thumbnail of the first image
    goes with it.

    Raises:
        OSError: if one cannot be read, or the file not be written.
        ValueError: if one is no style, too large or another model's, or if the name does not end
            in .safetensors.
    """
    if output.suffix != SUFFIX:
        raise ValueError(f"{output}: a file of a style ends in {SUFFIX}")
    check_place(output)
    styles, files = [], expand(paths)
    if output.resolve() in {path.resolve() for path in files}:
        raise ValueError(f"{output} would replace one of the styles read: name another")
    for path in files:
        try:
            styles.append(encode(path, read(path, size), model))
        except FAILURES as error:
            raise in_words(error, path, "--style-size") from None
        yield path
    pictures = [path for path in files if path.suffix != SUFFIX]
    thumbnail = None
    if pictures:
        thumbnail = image.load(pictures[0], size=_THUMBNAIL, square=True, as_bytes=True).rgb
    names = ", ".join(path.name for path in files[:_NAMED])
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    metadata = {"architecture": model.architecture, "made_of": names + more}
    make_folder(output.parent)
    Style.mix(styles).save(output, metadata=metadata, thumbnail=thumbnail)
