"""`adain-jax reproduce`: makes the paper's table and figures."""

import argparse
from pathlib import Path

from adain_jax.cli import arguments
from adain_jax.runtime import process, shipped
from adain_jax.runtime.interrupt import Interrupted, number_of
from adain_jax.runtime.packages import needed

_DESCRIPTION = """\
Make the paper's table and figures again, and say which of its claims held.

  adain-jax reproduce all --out report --budget 50
  adain-jax reproduce fig1 fig6 --out report --content photos --style paintings

Each gets a folder with page.md (claim, the paper's number, ours, whether it held), numbers.csv,
plots and pictures; README.md has the claims of all. A figure that exists is only made again with
--again. Trainings use --content and --style; measurements and plots use the pictures of
examples/. The defaults are for two CPU cores; on an accelerator, say

  adain-jax reproduce all --out report --budget 240 --crop 256 --batch 8 --size 512
"""
_CONTENT, _STYLE = "examples/content", "examples/style"


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "reproduce",
        help="make the paper's table and figures again (extra reproduce)",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "figures",
        nargs="*",
        default=["all"],
        metavar="FIGURE",
        help="table1 fig1 fig3 fig6 fig7 controls, or all",
    )
    command.add_argument(
        "--out", type=arguments.path, default=Path("report"), metavar="DIR", help="a folder"
    )
    command.add_argument(
        "--budget", type=float, default=50, help="minutes for all figures (default: %(default)s)"
    )
    command.add_argument(
        "--content", default=_CONTENT, metavar="DIR", help="photographs to train with"
    )
    command.add_argument("--style", default=_STYLE, metavar="DIR", help="paintings to train with")
    command.add_argument("--crop", type=int, default=64, help="side of training crops, in pixels")
    command.add_argument("--batch", type=int, default=4, help="crops in a training's batch")
    command.add_argument("--size", type=int, default=256, help="side of pictures, in pixels")
    command.add_argument(
        "--timed",
        type=int,
        nargs="+",
        default=[256, 512],
        help="sides of the pictures that table1 times, in pixels",
    )
    command.add_argument("--pairs", type=int, default=6, help="number of pairs to measure")
    command.add_argument(
        "--steps", type=int, default=0, help="steps of every training, in place of the budget"
    )
    command.add_argument("--model", default="vgg16", help="a shipped VGG or a file of one")
    command.add_argument("--again", action="store_true", help="make existing figures again")


def run(args: argparse.Namespace) -> bool:
    """Make the figures, and print the path of their index.

    Raises:
        ValueError: if a figure is unknown, or a setting is wrong.
        Interrupted: after Ctrl-C or SIGTERM.
    """
    with needed("reproduce", "reproduce"):
        from adain_jax.reproduce import run as figures
        from adain_jax.reproduce.settings import Settings

    known = ["all", *figures.FIGURES]
    if unknown := [name for name in args.figures if name not in known]:
        raise ValueError(f"{unknown[0]} is none of {', '.join(known)}")
    examples = shipped.folder("examples")  # whatever is in a folder `examples` here
    settings = Settings(
        content=args.content,
        style=args.style,
        shown_content=str(examples / "content"),
        shown_style=str(examples / "style"),
        seconds=60 * args.budget,
        steps=args.steps,
        crop=args.crop,
        size=args.size,
        timed=tuple(args.timed),
        batch=args.batch,
        pairs=args.pairs,
        model=args.model,
    )
    process.prepare()
    names = list(figures.FIGURES) if "all" in args.figures else args.figures
    try:
        with needed("reproduce", "reproduce"):
            print(figures.run(names, args.out, settings, again=args.again))
    except KeyboardInterrupt as stop:
        raise Interrupted(
            number_of(stop), "stopped; the figures that were finished are kept"
        ) from None
    return True
