"""What the commands for pictures and for videos can be asked alike."""

import argparse
from typing import TYPE_CHECKING

from adain_jax.cli.arguments import path, size
from adain_jax.inference.plan import TILE, TILE_ABOVE
from adain_jax.inference.recolor import COLORS
from adain_jax.model.arguments import EXTRAPOLATION

if TYPE_CHECKING:
    from adain_jax.jobs.options import Controls

CALM = 0.85  # that of `adain_jax.video`, which is too slow to be imported for it


def add_regions(command: argparse.ArgumentParser) -> None:
    """Regions, by masks or by labels."""
    command.add_argument(
        "--masks",
        nargs="+",
        type=path,
        default=[],
        metavar="MASK",
        help="grey images, the regions of --styles, white inside; the photograph stays where there "
        "is none, unless there is one style more",
    )
    command.add_argument(
        "--labels",
        type=path,
        metavar="IMAGE",
        help="in place of --masks: one image, whose greys above black are the regions, the darkest "
        "that of the first of --styles",
    )


def check_regions(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    """Exit where they do not go together."""
    if args.masks and args.labels:
        command.error("give --masks, each of a region, or --labels, of all")
    if (args.masks or args.labels) and not args.styles:
        command.error(f"--{'masks' if args.masks else 'labels'} need --styles, one for each")


def add_controls(command: argparse.ArgumentParser) -> None:
    """Of strength and colours."""
    command.add_argument(
        "--allow-extrapolation",
        action="store_true",
        help=f"allow an --alpha up to {EXTRAPOLATION:g}",
    )
    command.add_argument(
        "--alpha-map",
        type=path,
        metavar="IMAGE",
        help="a grey image: --alpha where it is white, less where it is darker",
    )
    command.add_argument(
        "--color",
        choices=COLORS,
        default="style",
        help="whose colours pictures have: the style's; or the content's, given to the picture "
        "(luminance) or to the style's image before (coral, histogram) (default: %(default)s)",
    )


def add_tile(command: argparse.ArgumentParser) -> None:
    """Windows."""
    command.add_argument(
        "--tile",
        type=size,
        metavar="PIXELS",
        help="compute in windows of this side, in little memory, equal to the whole; 0: at once "
        f"(default: above {TILE_ABOVE / 1e6:.0f} megapixels, of {TILE})",
    )


def add_calm(command: argparse.ArgumentParser) -> None:
    """Of pictures that follow each other."""
    command.add_argument(
        "--calm",
        type=float,
        help="from 0, each frame by itself, to 1, hardly anything moves by itself "
        f"(default: {CALM})",
        default=CALM,
    )


def check_calm(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    """Exit if it is out of range."""
    if not 0 <= args.calm <= 1:
        command.error(f"--calm is between 0 and 1, not {args.calm:g}")


def controls_of(args: argparse.Namespace, alpha: float) -> "Controls":
    """The controls that the arguments ask for, at a strength."""
    from adain_jax.jobs.options import Controls

    return Controls(
        alpha,
        args.allow_extrapolation,
        args.alpha_map,
        tuple(args.masks),
        args.color,
        args.tile,
        args.labels,
    )
