"""The files of ONNX Runtime Web that a page needs, by npm or from a folder."""

import gzip
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from adain_jax.runtime.paths import as_path

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# One variant runs in all browsers. The other uses the graphics processor, and needs a browser in
# which WebAssembly can wait for it (JSPI). Each has a library, the loader of its program, and the
# program.
_MODULES = (
    *("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs"),
    *("ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs"),
)
_PROGRAMS = ("ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.jspi.wasm")


def runtime_files(folder: str | os.PathLike | None = None) -> dict[str, bytes]:
    """The contents of the files by name; programs are compressed by gzip (`.wasm.gz`).

    Args:
        folder: the folder of the package, as npm installs or unpacks it, or a folder in which it is
            installed. If it is left out, npm downloads the package.

    Raises:
        FileNotFoundError: if the folder does not have these files in this version.
        OSError: if npm is missing, or cannot download the package.
    """
    if folder is not None:
        return _read(as_path(folder))
    with tempfile.TemporaryDirectory() as temporary:
        return _read(_packed(Path(temporary)))


def _packed(folder: Path) -> Path:
    """Download the package by npm, unpack it in a folder, and return its path there."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"a page needs {PACKAGE} {VERSION} from npm, which is not installed: install it, or "
            "give a folder with the package by --runtime"
        )
    command = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise OSError(
            f"npm cannot get {PACKAGE} {VERSION} ({words[0] if words else 'it says nothing'}): "
            "give a folder with the package by --runtime"
        )
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def _read(folder: Path) -> dict[str, bytes]:
    places = (folder, folder / "node_modules" / PACKAGE)
    # Where npm installs packages, it writes a package.json of the folder itself, too.
    found = [(place, about) for place in places if (about := _about(place)).get("name") == PACKAGE]
    if not found:
        raise FileNotFoundError(f"{folder} has no {PACKAGE}: npm install {PACKAGE}@{VERSION} there")
    place, about = found[0]
    if about.get("version") != VERSION:
        raise FileNotFoundError(
            f"{place} is {PACKAGE} {about.get('version')}, not {PACKAGE} {VERSION}"
        )
    files = {name: place / "dist" / name for name in (*_MODULES, *_PROGRAMS)}
    for path in files.values():
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
    return _compressed({name: path.read_bytes() for name, path in files.items()})


def _about(place: Path) -> dict[str, object]:
    """The contents of a package's package.json; nothing if there is none."""
    file = place / "package.json"
    try:
        about = json.loads(file.read_bytes()) if file.is_file() else {}
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}


def _compressed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        (f"{name}.gz" if name in _PROGRAMS else name): (
            gzip.compress(data, mtime=0) if name in _PROGRAMS else data
        )
        for name, data in files.items()
    }
