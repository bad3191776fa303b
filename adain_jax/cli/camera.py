"""`adain-jax camera`: what a camera sees in the manner of paintings, in a window."""

import argparse
import sys

from adain_jax.cli import messages
from adain_jax.runtime import process

SIZE = 360
MOST = 9  # styles, which the keys 1 to 9 stand for
_LOOK = 96  # pixels of the shorter side of a style's small image


def run(args: argparse.Namespace) -> bool:
    """Show the window until it is closed."""
    from adain_jax.cli.window import Window
    from adain_jax.files import camera, video
    from adain_jax.jobs import style_files
    from adain_jax.jobs.failures import FAILURES, in_words
    from adain_jax.jobs.live import Asked, Live
    from adain_jax.model import Model
    from adain_jax.runtime.atomic import check_place
    from adain_jax.runtime.errors import is_input
    from adain_jax.runtime.interrupt import Interrupted, Interrupts

    window = Window()
    video.require()
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
