"""`adain-jax camera`: shows what a camera sees in the style of paintings, in a window."""

import argparse
import sys
from pathlib import Path

from adain_jax.cli import arguments, messages
from adain_jax.cli.controls import add_calm, check_calm
from adain_jax.runtime import process

SIZE = 360  # the default shorter side of frames, in pixels
MOST = 9  # the most styles, which the keys 1 to 9 select
_LOOK = 96  # the shorter side of a style's small image, in pixels


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "camera",
        help="show what a camera sees in the style of paintings, live in a window",
        description="Show what a camera sees in the style of paintings, live in a window with "
        "sliders for the strength and for the mixture. Keys take snapshots and recordings.",
    )
    command.set_defaults(run=run, check=lambda args: _check(args, command))
    command.add_argument(
        "styles", nargs="+", type=arguments.path, metavar="STYLE", help=f"up to {MOST} paintings"
    )
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--camera",
        type=arguments.size,
        default=0,
        metavar="N",
        help="the number of the camera, from 0, if there are several",
    )
    source.add_argument(
        "--source",
        type=arguments.path,
        metavar="FILE",
        help="play this video in a loop in place of the camera",
    )
    command.add_argument(
        "--once", action="store_true", help="exit at the end of the video of --source"
    )
    command.add_argument(
        "--alpha",
        type=float,
        default=1.0,
        help="initial strength of the style, from 0 to 1 (default: %(default)g)",
    )
    add_calm(command)
    command.add_argument(
        "--size",
        type=arguments.size,
        default=SIZE,
        help="scale larger frames to this shorter side; 0: keep their size; smaller is faster, "
        "with coarser strokes (default: %(default)s)",
    )
    arguments.add_model(command, "fast")
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        default=Path(),
        help="a folder for snapshots and recordings (default: the current one)",
    )
    command.add_argument(
        "--timing", action="store_true", help="print at the end how long each stage takes"
    )


def _check(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    if len(args.styles) > MOST:
        command.error(f"give up to {MOST} styles, not {len(args.styles)}")
    if args.once and not args.source:
        command.error("--once is for --source")
    if not 0 <= args.alpha <= 1:
        command.error(f"--alpha must be between 0 and 1, not {args.alpha:g}")
    check_calm(args, command)


def run(args: argparse.Namespace) -> bool:
    """Show the window until it is closed.

    Raises:
        Exception: an error of the camera, the model or the window, or of reading a style.
        Interrupted: after Ctrl-C or SIGTERM.
    """
    from adain_jax.cli.window import Window
    from adain_jax.files import camera
    from adain_jax.files.ffmpeg import require
    from adain_jax.jobs import style_files
    from adain_jax.jobs.failures import FAILURES, in_words
    from adain_jax.jobs.live import Asked, Live
    from adain_jax.model import Model
    from adain_jax.runtime.atomic import check_place
    from adain_jax.runtime.errors import is_input
    from adain_jax.runtime.interrupt import Interrupted, Interrupts

    window = Window()
    require()
    check_place(args.output / "camera.mp4")
    process.prepare()
    styles, looks = [], []
    for path in args.styles:
        try:
            styles.append((path, style_files.read(path, args.style_size)))
            looks.append((path, style_files.look(path, _LOOK)))
        except FAILURES as error:
            raise in_words(error, path, "--style-size") from None
    model = Model.load(args.model).prepare()
    source = camera.opened(args.source, args.camera, again=not args.once)
    asked = Asked((1.0, *(0.0 for _ in styles[1:])), args.alpha)
    with Interrupts() as interrupts:
        live = Live(
            source,
            styles,
            model,
            asked,
            calm=args.calm,
            size=args.size,
            folder=args.output,
        )
        try:
            window.show(live, looks, lambda: interrupts.received)
        finally:
            closed = live.close()
            for path in live.saved:
                print(path)
    if args.timing:
        print(live.table(), file=sys.stderr)
    if live.error:
        if closed or not is_input(live.error):
            raise live.error
        messages.error(live.error)
        process.leave(process.BAD_INPUT)
    if interrupts.received:
        raise Interrupted(interrupts.received, "interrupted")
    if not closed:
        process.leave(0)
    return True
