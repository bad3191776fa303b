"""Opens moving pictures of any kind: videos, animations, and folders of frames."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from PIL import Image

from adain_jax.files import animation, find, video
from adain_jax.files.clip import Clip
from adain_jax.files.quiet import quiet
from adain_jax.files.streams import STREAM

WRITABLE = (*video.SUFFIXES, *animation.SUFFIXES)


def open_clip(path: Path, rate: Fraction = animation.RATE) -> Clip:
    """Open moving pictures to be read.

    Args:
        path: a video, a GIF, a WebP, or a folder of images.
        rate: the frames in a second of a folder.

    Raises:
        FileNotFoundError: if there is no such file, or no image in the folder.
        ValueError: if the file is not a moving picture, or damaged, or if PyAV is needed and
            missing.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return animation.Folder(path, rate)
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if suffix in animation.SUFFIXES:
        return animation.Animation(path)
    if suffix in find.READABLE:
        raise ValueError(f"{path} is one picture: adain-jax stylize is for those")
    return video.Video(path)


def is_clip(path: Path) -> bool:
    """Whether a path is a folder, has the suffix of a video, or is an animated GIF or WebP.

    >>> is_clip(Path("a.mp4")), is_clip(Path("a.png"))
    (True, False)
    """
    return is_video(path) or is_animation(path) or path.is_dir()


def is_video(path: Path) -> bool:
    """Whether a path has the suffix of a video.

    >>> is_video(Path("a.mp4")), is_video(Path("a.gif"))
    (True, False)
    """
    return path.suffix.lower() in video.READABLE and not path.is_dir()


def is_animation(path: Path) -> bool:
    """Whether a file is a GIF or a WebP of several pictures.

    >>> is_animation(Path("a.png"))
    False
    """
    if path.suffix.lower() in animation.SUFFIXES and path.is_file():
        # Errors of many kinds: whoever reads the file says what is wrong with it.
        with quiet(), suppress(Exception), Image.open(path) as file:
            return getattr(file, "is_animated", False)
    return False


def is_folder(output: Path) -> bool:
    """Whether frames for this output are written as images into a folder."""
    return not output.suffix or output.is_dir()


def check_writable(output: Path) -> None:
    """Raise `ValueError` if moving pictures cannot be written with the suffix of `output`."""
    if output == STREAM:
        raise ValueError(
            "moving pictures are not written to standard output: name a file or a folder"
        )
    if not is_folder(output) and output.suffix.lower() not in WRITABLE:
        known = " ".join(WRITABLE)
        raise ValueError(f"cannot write {output}: its suffix is none of {known}")
