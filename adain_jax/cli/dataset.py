"""`adain-jax dataset`: a data set in the manner of paintings."""

import argparse
from typing import TYPE_CHECKING

from adain_jax.cli import messages

if TYPE_CHECKING:
    from adain_jax.datasets.run import Engine

_LISTED = 20  # images that could not be read, in words


def run(args: argparse.Namespace) -> bool:
    """Make all of it, or what is missing; whether every image could be read."""
    from tqdm import tqdm

    from adain_jax.datasets import Job, Look
    from adain_jax.datasets import run as make
    from adain_jax.datasets.journal import MANIFEST
    from adain_jax.runtime import process
    from adain_jax.runtime.interrupt import Interrupted, number_of

    look = Look(
        seed=args.seed,
        per_image=args.per_image,
        alpha=args.alpha,
        size=args.size,
        crop=args.crop,
        format=f".{args.format}" if args.format else None,
        quality=args.quality,
        batch=args.batch,
    )
    job = Job(
        args.source,
        args.output,
        args.styles,
        look,
        args.model,
        kind=getattr(args, "from"),
        to=args.to,
        column=args.image_column or "",
        style_size=args.style_size,
        part=args.part,
        strict=args.strict,
    )
    process.prepare()
    made, failed, skipped = 0, [], 0
    with tqdm(unit="part", disable=None) as bar:

        def begin(parts: int, finished: int) -> None:
            nonlocal skipped
            bar.reset(parts)
            skipped = finished

        try:
            for outcome in make(job, _engine(args), begin=begin, report=bar.set_description_str):
                bar.set_description_str(outcome.part)
                bar.update()
                made += outcome.made
                failed += outcome.failed
        except KeyboardInterrupt as stop:
            raise Interrupted(
                number_of(stop), f"interrupted: {made} pictures made, the same command goes on"
            ) from None
    if skipped:
        messages.note(f"parts that were finished before: {skipped}")
    for error in failed[:_LISTED]:
        messages.error(error)
    if failed:
        more = f", {len(failed) - _LISTED} more than these" if len(failed) > _LISTED else ""
        messages.error(f"images without a picture: {len(failed)}{more}; {MANIFEST} lists them")
    print(f"{args.output}: {made} pictures")
    return not failed


def _engine(args: argparse.Namespace) -> "Engine | None":
    if args.workers is None and args.address is None:
        return None
    from adain_jax.datasets.cluster import Ray

    return Ray(args.address, args.workers or 0)
