"""Atomic writing: a file appears whole or not at all."""

import errno
import os
import re
import shutil
import stat
import tempfile
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adain_jax.runtime.errors import in_words

_LONGEST_SUFFIX = 16  # bytes; no format has a longer one
# Errors of writing, which do not name the file.
_UNNAMED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE)


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give the block an empty temporary file, and rename it to `path` if the block succeeds.

    If the block raises, the temporary file is removed. Its name has the suffix of `path`, because
    writers choose a format by the suffix. If `path` is a symbolic link, the link stays, and the
    file that it points to is replaced. The mode of a replaced file is kept, and so is its owner
    where the process is allowed to set it. If `path` is a pipe or a device, the contents are
    written to it after the block succeeds.

    Raises:
        OSError: from the file system; the message names `path`.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(f"{folder}/a.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     [file.name for file in Path(folder).iterdir()]
    ['a.txt']
    """
    path = Path(path)
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    name = f".{uuid.uuid4().hex[:12]}{suffix}"
    link = ""
    try:
        if path.is_symlink():
            link = f" (a link to {os.path.realpath(path)})"
        way = _passed_on if is_special(path) else _replaced
        with way(path, name) as temporary:
            yield temporary
    except OSError as error:
        of = Path(os.fsdecode(error.filename)).name if error.filename else None
        if of in (name, path.name) or (of is None and error.errno in _UNNAMED):
            raise _worded(error, f"cannot write {path}{link}") from None
        raise


def is_temporary(path: Path) -> bool:
    """Whether a file has a name of `atomic_path`, whose process may have been killed.

    >>> is_temporary(Path("a/.0123456789ab.png")), is_temporary(Path("a/.photos.png"))
    (True, False)
    """
    return bool(re.fullmatch(r"\.[0-9a-f]{12}(\..*)?", path.name))


def check_apart(outputs: Iterable[Path], read: Iterable[Path]) -> None:
    """Check that no output is one of the files that are read, by whatever names and links.

    Raises:
        ValueError: if one is.
    """
    places = {place for path in read for place in _places(path)}
    for output in outputs:
        if not is_special(output) and not places.isdisjoint(_places(output)):
            raise ValueError(f"{output} would replace one of the files read: name another")


def _places(path: Path) -> set[Any]:
    """What two names of one file have in common, also where file systems ignore case."""
    # `Path.resolve` raises an error for links that lead to themselves.
    place = os.path.realpath(path)
    with suppress(OSError):
        found = Path(place).stat()
        folded = unicodedata.normalize("NFC", place).casefold()
        return {place, (found.st_dev, found.st_ino, folded)}
    return {place}


def check_place(path: str | os.PathLike) -> None:
    """Check, before there is anything to write, whether `path` can be written.

    Raises:
        OSError: if it cannot; the message names `path`.
    """
    path = Path(path)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):  # handled below
            path.stat()
    except OSError as error:
        raise _worded(error, f"cannot write {path}") from None
    places = [path]
    if not is_special(path):
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(f"cannot write {path}: is a folder")
        # `Path.exists` raises an error if a name is too long; `os.path.exists` does not.
        folder = next(x for x in target.parents if os.path.exists(x))  # noqa: PTH110
        if not folder.is_dir():
            raise NotADirectoryError(f"cannot write {path}: {folder} is not a folder")
        if path.is_symlink() and folder != target.parent:
            raise FileNotFoundError(f"cannot write {path}: it links to {target}, in no folder")
        most = os.pathconf(folder, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
        if any(len(os.fsencode(name)) > most for name in target.relative_to(folder).parts):
            too_long = OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            raise _worded(too_long, f"cannot write {path}")
        places = [folder, *([target] if target.exists() else [])]
    if not all(os.access(place, os.W_OK) for place in places):
        raise PermissionError(f"cannot write {path}: permission denied")


def make_folder(folder: str | os.PathLike) -> None:
    """Make a folder and its missing parents.

    Raises:
        OSError: from the file system; the message names `folder`.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _worded(error, f"cannot make the folder {folder}") from None


def is_special(path: Path) -> bool:
    """Whether `path` exists and is a pipe or a device, not a regular file or a folder.

    >>> is_special(Path(os.devnull)), is_special(Path(__file__))
    (True, False)
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    # A regular file behind /dev/fd may have been removed, and cannot be replaced by name.
    return not (
        stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and Path(os.path.realpath(path)).exists())
    )


@contextmanager
def _replaced(path: Path, name: str) -> Iterator[Path]:
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    temporary = target.with_name(name)
    try:
        temporary.touch(exist_ok=False)
        with suppress(FileNotFoundError, PermissionError):
            there = target.stat()
            temporary.chmod(stat.S_IMODE(there.st_mode))
            if hasattr(os, "chown"):
                os.chown(temporary, there.st_uid, there.st_gid)
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _passed_on(path: Path, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / name
        yield temporary
        with (
            temporary.open("rb") as source,
            os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC), "wb") as sink,
        ):
            shutil.copyfileobj(source, sink)


def _worded(error: OSError, what: str) -> OSError:
    """An error of the same type and number, with a one-sentence message."""
    error.filename = None
    # Callers take a BrokenPipeError for a closed standard output.
    kind = OSError if isinstance(error, BrokenPipeError) else type(error)
    told = kind(f"{what}: {in_words(error)}")
    told.errno = error.errno
    return told
