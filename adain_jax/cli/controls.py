"""Arguments that the commands for pictures and for videos share."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adain_jax.cli.arguments import path, size
from adain_jax.inference.plan import TILE, TILE_ABOVE
from adain_jax.inference.recolor import COLORS
from adain_jax.model.arguments import EXTRAPOLATION

if TYPE_CHECKING:
    from adain_jax.jobs.options import Controls

CALM = 0.85  # as in `adain_jax.video`, which takes too long to import only for this


def add_regions(command: argparse.ArgumentParser) -> None:
    """Add --masks and --labels, which give regions."""
    command.add_argument(
        "--masks",
        nargs="+",
        type=path,
        default=[],
        metavar="MASK",
        help="grey images, white inside the regions of --styles; outside all regions the "
        "photograph stays as it is, unless there is one style more",
    )
    command.add_argument(
        "--labels",
        type=path,
        metavar="IMAGE",
        help="in place of --masks: one image, in which each grey above black is a region; the "
        "darkest belongs to the first of --styles",
    )


def check_regions(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    """Exit with an error if --masks, --labels and --styles cannot be combined."""
    if args.masks and args.labels:
        command.error("give --masks, each of a region, or --labels, of all")
    if (args.masks or args.labels) and not args.styles:
        command.error(f"--{'masks' if args.masks else 'labels'} need --styles, one for each")


def check_strengths(args: argparse.Namespace, weights: Sequence[float]) -> None:
    """Raise `ValueError` if the regions of --styles have both weights and a map of strengths."""
    if (args.masks or args.labels) and args.alpha_map and any(weight != 1 for weight in weights):
        raise ValueError("give the strengths of --styles by weights, or by --alpha-map")


def add_controls(command: argparse.ArgumentParser) -> None:
    """Add the arguments for strength (except --alpha) and for colours."""
    command.add_argument(
        "--allow-extrapolation",
        action="store_true",
        help=f"allow an --alpha up to {EXTRAPOLATION:g}",
    )
    command.add_argument(
        "--alpha-map",
        type=path,
        metavar="IMAGE",
        help="a grey image: the strength is --alpha where it is white, and less where it is darker",
    )
    command.add_argument(
        "--color",
        choices=COLORS,
        default="style",
        help="the colours of pictures: style takes those of the style; luminance gives the picture "
        "those of the content; coral and histogram give them to the style's image first (default: "
        "%(default)s)",
    )


def add_tile(command: argparse.ArgumentParser) -> None:
    """Add --tile, the side of windows."""
    command.add_argument(
        "--tile",
        type=size,
        metavar="PIXELS",
        help="compute in windows with sides of this length, in little memory, with the same "
        f"result; 0: all at once (default: {TILE} above {TILE_ABOVE / 1e6:.0f} megapixels)",
    )


def add_calm(command: argparse.ArgumentParser) -> None:
    """Add --calm, for successive pictures."""
    command.add_argument(
        "--calm",
        type=float,
        help="how calm the pictures are: from 0 (each frame by itself) to 1 (the calmest) "
        f"(default: {CALM})",
        default=CALM,
    )


def check_calm(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    """Exit with an error if --calm is out of range."""
    if not 0 <= args.calm <= 1:
        command.error(f"--calm is between 0 and 1, not {args.calm:g}")


def controls_of(args: argparse.Namespace, alpha: float) -> "Controls":
    """The controls that the arguments describe, with the strength `alpha`."""
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
