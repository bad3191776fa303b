"""What the commands for pictures and for videos can be asked alike."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adain_jax.jobs.options import Controls


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
