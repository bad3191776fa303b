"""`adain-jax evaluate-video`: measures how calm the pictures of clips are."""

import argparse

from adain_jax.cli import arguments
from adain_jax.runtime import process
from adain_jax.runtime.packages import needed

_DESCRIPTION = """\
Measure how calm the pictures of clips are, and at what price.

A clip is a file; @SECOND after its name is where it begins. The command makes pans, zooms and noisy
stills of the photographs; their motion is known exactly. For three ways (frame by frame, statistics
smoothed over time, everything that --calm does) it prints, and writes as video.md:

  warp      mean difference, in levels, of a picture and the previous picture, which is moved along
            the motion of the frames; pixels whose motion is unknown do not count. The second
            column is divided by the value of frame by frame
  style     mean relative distance of AlexNet's channel means and deviations to the painting,
            divided likewise
  sharp     deviation of the Laplacian, divided likewise

For each clip, an image has three successive pictures of each way, and the motion in them that the
frames do not have.
"""


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "evaluate-video",
        help="measure how calm the pictures of clips are (extras evaluate and video)",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--clips", nargs="*", default=[], metavar="FILE[@SECOND]", help="moving pictures"
    )
    command.add_argument(
        "--photos", nargs="*", type=arguments.path, default=[], help="images or folders"
    )
    command.add_argument("--style", nargs="+", type=arguments.path, required=True, help="paintings")
    command.add_argument(
        "--model", default="fast", help="a shipped model or a file (default: %(default)s)"
    )
    command.add_argument(
        "--size", type=int, default=180, help="shorter side of frames (default: %(default)s)"
    )
    command.add_argument(
        "--frames", type=int, default=40, help="frames of each clip (default: %(default)s)"
    )
    command.add_argument("--calm", type=float, help="calm, from 0 to 1 (default: that of `video`)")
    command.add_argument(
        "--noise",
        type=float,
        default=4.0,
        help="noise of the stills, in levels (default: %(default)s)",
    )
    command.add_argument(
        "-o", "--output", type=arguments.path, default="evaluation", metavar="DIR",
        help="the folder (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> bool:
    """Measure the clips, and print the table."""
    with needed("evaluate-video", "evaluate,video"):
        from adain_jax.evaluation import clips

    task = clips.Task(
        clips=tuple(args.clips),
        photos=tuple(args.photos),
        style=tuple(args.style),
        model=args.model,
        size=args.size,
        frames=args.frames,
        noise=args.noise,
        **({} if args.calm is None else {"calm": args.calm}),
    )
    process.prepare()
    print(clips.run(task, args.output))
    return True
