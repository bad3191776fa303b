"""`adain-jax style`: writes the style of paintings to a small file."""

import argparse
from pathlib import Path

from adain_jax.cli import arguments


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "style",
        help="keep the style of paintings in a small file",
        description="Keep the style of a painting, or the mean of several, in a file of a few KB, "
        "which can be given in place of a painting.",
    )
    command.set_defaults(run=run)
    command.add_argument(
        "images", nargs="+", type=arguments.path, metavar="STYLE", help="images or folders"
    )
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        required=True,
        help="the file to write, ending in .safetensors",
    )
    command.add_argument(
        "--bank",
        action="store_true",
        help="keep each style separately, with its name, for `adain-jax dataset`, not their mean",
    )
    arguments.add_model(command)


def run(args: argparse.Namespace) -> bool:
    """Write a file with one style, or with many."""
    from tqdm import tqdm

    from adain_jax.jobs import style_files
    from adain_jax.model import Model
    from adain_jax.runtime import process
    from adain_jax.runtime.atomic import check_apart

    process.prepare()
    check_apart([args.output], [Path(args.model)])
    model = Model.load(args.model).prepare()
    write = style_files.bank if args.bank else style_files.average_style
    read = write(args.images, model, args.output, size=args.style_size)
    for _ in tqdm(read, unit="style", disable=None):
        pass
    print(args.output)
    return True
