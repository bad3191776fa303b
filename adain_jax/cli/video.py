"""`adain-jax video`: gives moving pictures the style of a painting."""

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

from adain_jax.cli import arguments, messages
from adain_jax.cli.controls import (
    add_calm,
    add_controls,
    add_regions,
    add_tile,
    check_calm,
    check_regions,
    check_strengths,
    controls_of,
)
from adain_jax.runtime import process

if TYPE_CHECKING:
    from adain_jax.jobs.clip_job import Job
    from adain_jax.video.schedule import Schedule


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "video",
        help="give a video the style of a painting, without flicker, with its sound",
        usage="adain-jax video CLIP STYLE -o OUTPUT [options]",
        description="Give a video the style of a painting. CLIP and OUTPUT are videos, GIFs, "
        "animated WebPs or folders of frames. Sound, subtitles and time stamps are kept.",
    )
    command.set_defaults(run=run, check=lambda args: _check(args, command))
    command.add_argument("clips", nargs="+", type=arguments.path, metavar="CLIP STYLE")
    command.add_argument(
        "--styles",
        nargs="+",
        default=[],
        metavar="STYLE[:WEIGHT][@SECONDS]",
        help="styles to mix into one, such as a.jpg:0.3 b.jpg:0.7, or to go from one to the next, "
        "such as a.jpg@0s b.jpg@5s; with --masks or --labels, each is the style of a region",
    )
    add_regions(command)
    command.add_argument(
        "--alpha",
        nargs="+",
        default=["1"],
        metavar="ALPHA[@SECONDS]",
        help="strength of the style, from 0 to 1; or over time, such as 0@0s 1@3s (default: 1)",
    )
    add_controls(command)
    add_calm(command)
    command.add_argument(
        "--size",
        type=arguments.size,
        default=0,
        help="scale frames to this shorter side (default: 0, their own size)",
    )
    add_tile(command)
    arguments.add_model(command)
    files = command.add_argument_group("files")
    files.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        required=True,
        help="a file, or a folder if the name has no suffix",
    )
    files.add_argument("--start", type=arguments.seconds, default=0, help="begin at this second")
    files.add_argument("--duration", type=arguments.seconds, help="seconds to take (default: all)")
    files.add_argument(
        "--codec",
        help="h264, hevc, vp9, av1, or an encoder of FFmpeg (default: h264, for .webm vp9)",
    )
    files.add_argument(
        "--crf",
        type=arguments.crf,
        metavar="0..63",
        help="constant rate factor; lower is better and larger (default: 18 for h264)",
    )
    files.add_argument(
        "--fps",
        type=arguments.rate,
        help="frames per second of folders (default: 25)",
    )
    files.add_argument(
        "--resume",
        action="store_true",
        help="continue after an interruption, from the folder OUTPUT.parts",
    )


def _check(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    check_regions(args, command)
    if len(args.clips) != (1 if args.styles else 2):
        command.error(
            "give one clip, with --styles" if args.styles else "give one clip and one style"
        )
    check_calm(args, command)
    if args.fps and all(path.is_file() for path in (args.clips[0], *args.masks)):
        command.error("--fps is for folders of frames: moving pictures keep their own rate")


def run(args: argparse.Namespace) -> bool:
    """Make one clip.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM.
    """
    from tqdm import tqdm

    from adain_jax.jobs import clip
    from adain_jax.model import Model
    from adain_jax.runtime.interrupt import Interrupted, Interrupts

    job = _job(args)
    process.prepare()
    model = Model.load(args.model).prepare()
    with tqdm(unit="frame", disable=None) as bar, Interrupts() as interrupts:
        made = clip.run(
            job,
            model,
            resume=args.resume,
            report=bar.set_description,
            stop=lambda: interrupts.received,
            warn=messages.note,
        )
        progress = clip.Progress(0, 0)
        try:
            for progress in made:
                if not bar.n and not bar.total:
                    bar.total, bar.initial = progress.total or None, progress.done
                    bar.n = progress.done
                bar.update(progress.done - bar.n)
        except KeyboardInterrupt as stopped:
            bar.close()
            of = f" of {progress.total}" if progress.total else ""
            is_there = isinstance(stopped, clip.Stopped)
            there = f"{job.output} has what was made, " if is_there else ""
            raise Interrupted(
                interrupts.received,
                f"interrupted: {progress.done}{of} frames made; {there}--resume goes on",
            ) from None
    print(args.output)
    return True


def _job(args: argparse.Namespace) -> "Job":
    from adain_jax.files import animation
    from adain_jax.jobs.clip_job import Job
    from adain_jax.jobs.plan import Mixture
    from adain_jax.jobs.run import Sizes
    from adain_jax.video import schedule

    names, moments = schedule.parse(args.styles, "--styles")
    style = Mixture(((args.clips[-1], 1.0),))
    if names:
        style = Mixture.parse(names, regions=bool(args.masks or args.labels))
        check_strengths(args, [weight for _, weight in style.parts])
    shares = None
    if seconds := [x for x in moments if x is not None]:
        shares = schedule.turns(seconds, [weight for _, weight in style.parts])
    alpha, strength = _strength(args)
    return Job(
        content=args.clips[0],
        style=style,
        output=args.output,
        controls=controls_of(args, alpha),
        strength=strength,
        shares=shares,
        sizes=Sizes(args.size, args.style_size),
        calm=args.calm,
        codec=args.codec,
        crf=args.crf,
        start=Fraction(args.start),
        duration=args.duration,
        rate=args.fps or animation.RATE,
    )


def _strength(args: argparse.Namespace) -> "tuple[float, Schedule | None]":
    """Parse --alpha to a strength, and to the schedule of its changes, if there is one."""
    from adain_jax.model.arguments import EXTRAPOLATION
    from adain_jax.video.schedule import Schedule, parse

    texts, moments = parse(args.alpha, "--alpha")
    try:
        values = [float(text) for text in texts]
    except ValueError:
        raise ValueError(f"--alpha is a number, not {' '.join(texts)}") from None
    limit = EXTRAPOLATION if args.allow_extrapolation else 1
    for value in values:
        if not 0 <= value <= limit:
            raise ValueError(f"--alpha must be between 0 and {limit:g}, not {value:g}")
    seconds = [x for x in moments if x is not None]
    if not seconds and len(values) > 1:
        raise ValueError("--alpha is one number, or several with moments, such as 0@0s 1@3s")
    return values[0], Schedule(tuple(seconds), tuple(values)) if seconds else None
