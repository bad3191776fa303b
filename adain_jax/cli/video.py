"""`adain-jax video`: moving pictures in the manner of a painting."""

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

from adain_jax.cli.controls import controls_of
from adain_jax.runtime import process

if TYPE_CHECKING:
    from adain_jax.jobs.clip import Job
    from adain_jax.video.schedule import Schedule

CALM = 0.85  # that of `adain_jax.video`, which is too slow to be imported for it


def run(args: argparse.Namespace) -> bool:
    """Make one clip."""
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
        )
        progress = clip.Progress(0, 0)
        try:
            for progress in made:
                if not bar.n and not bar.total:
                    bar.total, bar.initial = progress.total or None, progress.done
                    bar.n = progress.done
                bar.update(progress.done - bar.n)
        except KeyboardInterrupt:
            bar.close()
            of = f" of {progress.total}" if progress.total else ""
            there = f"{job.output} has what was made, " if progress.done else ""
            raise Interrupted(
                interrupts.received,
                f"interrupted: {progress.done}{of} frames made; {there}--resume goes on",
            ) from None
    print(args.output)
    return True


def _job(args: argparse.Namespace) -> "Job":
    from adain_jax.jobs.clip import Job
    from adain_jax.jobs.plan import Mixture
    from adain_jax.jobs.run import Sizes
    from adain_jax.video import schedule

    names, moments = schedule.parse(args.styles, "--styles")
    style = Mixture.parse(names) if names else Mixture(((args.clips[1], 1.0),))
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
        rate=Fraction(args.fps),
    )


def _strength(args: argparse.Namespace) -> "tuple[float, Schedule | None]":
    """A strength, and how it changes over time."""
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
