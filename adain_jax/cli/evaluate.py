"""`adain-jax evaluate`: measures models over photographs and paintings."""

import argparse

from adain_jax.cli import arguments
from adain_jax.runtime import process
from adain_jax.runtime.packages import needed

_DESCRIPTION = """\
Measure models, Magenta's network or finished pictures over photographs and paintings.

A folder may end in a share of it: photos:0.05 is the twentieth that a training with
validation_fraction=0.05 never sees. The same images always make the same pairs.

Prints, and writes as report.md, means over all pairs, lower being better:

  content   LPIPS (AlexNet) to the photograph
  style     mean relative distance of AlexNet's channel means and deviations to the painting
  shares    both, divided by the untouched photograph's style distance over the same pairs
  losses    the paper's, in the features of vgg16
  alpha 0   mean absolute error of the pictures at alpha 0
  shift     mean absolute difference between the picture of a photograph that was moved by 4 pixels
            and the moved picture

then the strength of regular textures, which is about 1 for photographs, means by groups of styles
(their names without the last _part), and the worst pairs of each program, which worst_PROGRAM.jpg
shows. Writes pictures.csv, a line for each picture, and with --sheet a contact sheet for each
program that makes pictures. AlexNet is the judge because nothing is trained against it.
"""


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "evaluate",
        help="measure models over photographs and paintings (extra evaluate)",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument("--model", nargs="*", default=[], help="shipped models or files")
    command.add_argument("--magenta", action="store_true", help="measure Magenta's network too")
    command.add_argument(
        "--pictures",
        nargs="*",
        type=arguments.path,
        default=[],
        metavar="DIR",
        help="folders of finished pictures, named {content}_stylized_{style}; each is of the "
        "middle square of its photograph, and SIZE pixels wide",
    )
    command.add_argument(
        "--content", nargs="+", required=True, metavar="DIR", help="folders of photographs"
    )
    command.add_argument(
        "--style", nargs="+", required=True, metavar="DIR", help="folders of paintings"
    )
    command.add_argument(
        "--only",
        nargs="+",
        metavar="PATTERN",
        help="use only styles with these names, such as 'ink_*' 'map_*'",
    )
    command.add_argument(
        "--only-content", nargs="+", metavar="PATTERN", help="use only photographs with these names"
    )
    command.add_argument(
        "--size", type=int, default=512, help="side of the squares, in pixels (default: 512)"
    )
    command.add_argument(
        "--pairs", type=int, default=100, help="number of pairs to measure (default: 100)"
    )
    command.add_argument("--sheet", action="store_true", help="make contact sheets too")
    command.add_argument(
        "-o", "--output", type=arguments.path, default="evaluation", metavar="DIR",
        help="the folder (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> bool:
    """Measure the models, and print the report and the names of the pictures."""
    with needed("evaluate", "evaluate"):
        from adain_jax.evaluation.run import Task
        from adain_jax.evaluation.run import run as measure

    task = Task(
        content=tuple(args.content),
        style=tuple(args.style),
        models=tuple(args.model),
        magenta=args.magenta,
        pictures=tuple(args.pictures),
        only_style=None if args.only is None else tuple(args.only),
        only_content=None if args.only_content is None else tuple(args.only_content),
        size=args.size,
        pairs=args.pairs,
        sheet=args.sheet,
    )
    process.prepare()
    with needed("evaluate", "evaluate"):
        for text in measure(task, args.output):
            print(text, flush=True)
    return True
