"""`adain-jax export`: a model for other runtimes."""

import argparse
from typing import Any

from adain_jax.cli import arguments


def add(commands: Any) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "export",
        help="a model for other runtimes: ONNX, StableHLO",
        description="Write a model as two programs that need no adain_jax, of any size of image: "
        "style, an image to its style, and stylize, an image, a style and a strength to a picture. "
        "Their pictures are compared with the model's.",
    )
    command.set_defaults(run=run)
    command.add_argument("--to", required=True, choices=("onnx", "stablehlo"), help="the format")
    command.add_argument(
        "-o", "--output", type=arguments.path, required=True, metavar="DIR", help="the folder"
    )
    command.add_argument(
        "--model", default="vgg16", help="a shipped model or a .safetensors file (default: vgg16)"
    )
    command.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float16",
        help="of weights in the file (default: %(default)s, which models that ship are kept in)",
    )
    command.add_argument(
        "--compute",
        choices=("float32", "float16"),
        default="float32",
        help="of the maps; float16 is for graphics processors (default: %(default)s)",
    )
    command.add_argument(
        "--images",
        choices=("uint8", "float32"),
        default="uint8",
        help="of images and pictures; float32 is in [0, 1] (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> bool:
    """Write the programs, and tell how far they are from the model."""
    from adain_jax.export import Options, export
    from adain_jax.model import Model
    from adain_jax.runtime import process
    from adain_jax.weights import store

    process.prepare()
    options = Options(args.dtype, args.compute, args.images)
    licence = store.describe(args.model).metadata.get("licence", "not stated")
    about = {"model": args.model, "licence": licence}
    made = export(Model.load(args.model), args.output, to=args.to, options=options, about=about)
    for path in made.files:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    print(f"largest difference from the model: {made.difference:.3g} of 255 levels")
    return True
