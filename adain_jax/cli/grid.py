"""`adain-jax grid`: puts many pictures into one."""

import argparse

from adain_jax.cli import arguments


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "grid",
        help="put many strengths, or mixtures of styles, of a photograph into one picture",
        description="Put many pictures of a photograph into one: with one STYLE at strengths from "
        "0 to 1, with two in mixtures from one to the other, with four in a square whose corners "
        "are the styles. The styles are shown beside the pictures.",
    )
    command.set_defaults(run=run)
    command.add_argument("photo", type=arguments.path, metavar="PHOTO")
    command.add_argument(
        "styles", nargs="+", type=arguments.path, metavar="STYLE", help="1, 2 or 4 paintings"
    )
    command.add_argument(
        "-o", "--output", type=arguments.path, required=True, help="the file to write"
    )
    command.add_argument(
        "--steps",
        type=int,
        default=5,
        help="pictures in a row, and with four styles in a column (default: %(default)s)",
    )
    command.add_argument(
        "--size",
        type=arguments.size,
        default=256,
        help="shorter side of each picture; 0: that of the photograph (default: %(default)s)",
    )
    arguments.add_model(command)


def run(args: argparse.Namespace) -> bool:
    """Make the pictures, and write them as one."""
    from tqdm import tqdm

    from adain_jax.jobs import grid
    from adain_jax.model import Model
    from adain_jax.runtime import process

    total = sum(map(len, grid.cells(len(args.styles), args.steps)))
    process.prepare()
    model = Model.load(args.model).prepare()
    made = grid.write(
        args.photo,
        args.styles,
        args.output,
        model,
        steps=args.steps,
        size=args.size,
        style_size=args.style_size,
    )
    for _ in tqdm(made, total=total, unit="picture", disable=None):
        pass
    print(args.output)
    return True
