"""Finds the image files and the files of styles in a folder."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from adain_jax.runtime.paths import as_path

READABLE = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png"),
    *(".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
_REFUSED = (".heic", ".heif")


def images(folder: str | os.PathLike, suffixes: Collection[str] = READABLE) -> list[Path]:
    """Find the image files in a folder and its subfolders by suffix, sorted, without hidden ones.

    Links to folders are followed. Each real folder appears once, and its own name comes before
    links.

    Raises:
        FileNotFoundError: if there is no such folder, or no image in it.
    """
    folder = as_path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"no such folder: {folder}")
    paths = sorted(
        path
        for path in walk(folder)
        if path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
    )
    if not paths:
        raise FileNotFoundError(f"no image in {folder}")
    return paths


def photographs(folder: str | os.PathLike) -> list[Path]:
    """Find images, as `images` does, and HEIC photographs without another image of their name.

    HEIC cannot be read, and whoever reads it says so. Left out, they would not be missed.
    """
    found = images(folder, {*READABLE, *_REFUSED})
    readable = {path.with_suffix("") for path in found if path.suffix.lower() in READABLE}
    return [
        path
        for path in found
        if path.suffix.lower() in READABLE or path.with_suffix("") not in readable
    ]


def styles(folder: str | os.PathLike) -> list[Path]:
    """Find images and .safetensors files of styles in a folder, as `images` does."""
    return images(folder, {*READABLE, ".safetensors"})


def walk(top: Path, hidden: tuple[str, ...] = (".",)) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders; then those in linked folders, and so on.

    Each folder is visited once. Subfolders whose names begin with one of `hidden` are left out.
    """
    seen, starts = set(), [top]
    while starts:
        links = []
        for start in sorted(starts):
            for name, inner, files in os.walk(start):
                status = Path(name).stat()
                if (status.st_dev, status.st_ino) in seen:
                    inner.clear()
                    continue
                seen.add((status.st_dev, status.st_ino))
                yield from (Path(name, x) for x in files)
                inner[:] = [x for x in inner if not x.startswith(hidden)]
                links += [path for x in inner if (path := Path(name, x)).is_symlink()]
        starts = links
