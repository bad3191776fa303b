"""`adain-jax dataset`: gives a data set the styles of paintings."""

import argparse
from typing import TYPE_CHECKING

from adain_jax.cli import arguments, messages

if TYPE_CHECKING:
    from adain_jax.datasets.run import Engine

_LISTED = 20  # the most failed images whose errors are printed

_KINDS = ("folder", "webdataset", "parquet")  # the kinds of data sets that can be written


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "dataset",
        help="give all images of a data set random styles of paintings",
        usage="adain-jax dataset IN OUT --styles STYLE [STYLE ...] [options]",
        description="Give all images of a data set random styles of paintings. IN is a folder of "
        "images, WebDataset's .tar shards, Parquet, or tfds:NAME:SPLIT. Labels, keys and columns "
        "are kept. The same command goes on after an interruption.",
    )
    command.set_defaults(run=run)
    command.add_argument("source", type=arguments.text, metavar="IN")
    command.add_argument("output", type=arguments.path, metavar="OUT", help="a folder")
    command.add_argument(
        "--styles",
        nargs="+",
        type=arguments.path,
        required=True,
        metavar="STYLE",
        help="paintings, folders of them, or a bank that `adain-jax style --bank` made",
    )
    command.add_argument(
        "--per-image",
        type=arguments.count,
        default=1,
        metavar="K",
        help="pictures of each image, each in another style (default: %(default)s)",
    )
    command.add_argument(
        "--alpha",
        type=arguments.strengths,
        default=(1.0, 1.0),
        metavar="ALPHA[:ALPHA]",
        help="strength, from 0 to 1, or the lowest and the highest, such as 0.5:1 (default: 1)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        help="decides, with the name of an image, its style, strength and crop "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--size",
        type=arguments.size,
        default=0,
        help="scale images to this shorter side (default: keep their size)",
    )
    command.add_argument(
        "--crop",
        type=arguments.size,
        default=0,
        metavar="PIXELS",
        help="crop each image to a square at a random place (default: none)",
    )
    command.add_argument(
        "--batch",
        type=arguments.size,
        default=0,
        help="images computed at once on a device (default: 1 on a CPU, else 32)",
    )
    arguments.add_model(command)
    files = command.add_argument_group("files")
    files.add_argument(
        "--from", choices=_KINDS, help="kind of IN, if it holds several kinds of files"
    )
    files.add_argument(
        "--to", choices=_KINDS, help="kind of OUT (default: that of IN; for tfds, parquet)"
    )
    files.add_argument(
        "--image-column",
        type=arguments.text,
        metavar="NAME",
        help="column of the images in Parquet (default: the only one, or the one called image)",
    )
    files.add_argument(
        "--format",
        choices=arguments.FORMATS,
        help="format of pictures (default: that of their image)",
    )
    files.add_argument(
        "--quality",
        type=arguments.quality,
        metavar="1..100",
        help="quality of JPEG, WebP and AVIF (default: 95, AVIF 90)",
    )
    files.add_argument(
        "--part",
        type=arguments.count,
        default=1000,
        metavar="IMAGES",
        help="images in a part; a part is made by one worker, as a whole; shards are parts of "
        "their own (default: %(default)s)",
    )
    files.add_argument(
        "--strict",
        action="store_true",
        help="stop at the first image that cannot be read (default: list it and go on)",
    )
    running = command.add_argument_group(
        "workers (extra ray; without them, this process does the work)"
    )
    running.add_argument(
        "--workers", type=arguments.count, help="number of workers, one for each device"
    )
    running.add_argument(
        "--address", type=arguments.text, help="address of a running cluster of Ray, or auto"
    )


def run(args: argparse.Namespace) -> bool:
    """Make the whole data set, or the missing parts; return whether every image could be read.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM.
    """
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
