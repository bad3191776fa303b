"""Finds the image files and the files of styles in a folder."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from adain_jax.runtime.paths import as_path

READABLE = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png"),
    *(".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
# Photographs of a kind that is refused are found, too, so that whoever reads them says so.
PICTURES = (*READABLE, ".heic", ".heif")


def images(folder: str | os.PathLike, suffixes: Collection[str] = PICTURES) -> list[Path]:
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


def styles(folder: str | os.PathLike) -> list[Path]:
    """Find images and .safetensors files of styles in a folder, as `images` does."""
    return images(folder, {*PICTURES, ".safetensors"})


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
