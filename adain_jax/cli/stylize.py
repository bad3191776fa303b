"""`adain-jax stylize`: gives photographs the style of paintings."""

import argparse
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from adain_jax.cli import arguments, messages
from adain_jax.cli.controls import (
    add_controls,
    add_regions,
    add_tile,
    check_regions,
    check_strengths,
    controls_of,
)
from adain_jax.model.arguments import EXTRAPOLATION
from adain_jax.runtime import process
from adain_jax.runtime.atomic import check_place, is_special

if TYPE_CHECKING:
    from adain_jax.jobs.plan import Encoding, Job, Plan
    from adain_jax.jobs.report import Report

_NAMED = 3  # the most styles without a content that are named


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "stylize",
        help="give photographs the style of paintings",
        usage="adain-jax stylize CONTENT [CONTENT ...] STYLE [-o OUTPUT] [options]",
        description="Give photographs the style of paintings. Each CONTENT and STYLE is an image "
        "or a folder of images; with several, every combination is made. - is standard input.",
    )
    command.set_defaults(run=run, check=lambda args: _check(args, command))
    command.add_argument("images", nargs="+", type=arguments.path, metavar="CONTENT ... STYLE")
    command.add_argument(
        "-s",
        "--style",
        nargs="+",
        type=arguments.path,
        default=[],
        help="the styles, if there are several; all other images are then contents",
    )
    command.add_argument(
        "--styles",
        nargs="+",
        default=[],
        metavar="STYLE[:WEIGHT]",
        help="styles to mix into one, such as a.jpg:0.3 b.jpg:0.7; with --masks or --labels, each "
        "is the style of a region, at that strength; all other images are then contents",
    )
    add_regions(command)
    command.add_argument(
        "--pairs",
        action="store_true",
        help="give each content only the style of the same name",
    )
    command.add_argument(
        "--alpha",
        type=float,
        default=1.0,
        help="strength of the style, from 0 to 1 (default: %(default)s)",
    )
    add_controls(command)
    command.add_argument(
        "--size",
        type=arguments.size,
        default=0,
        help="scale contents to this shorter side; smaller makes coarser strokes "
        "(default: 0, their own size)",
    )
    add_tile(command)
    arguments.add_model(command)
    files = command.add_argument_group("output")
    files.add_argument(
        "-o",
        "--output",
        type=arguments.output,
        default=Path(),
        help="a file, for one picture; a folder, whose pictures are named "
        "{content}_stylized_{style}; or - for standard output (default: the current folder)",
    )
    files.add_argument(
        "--format",
        choices=arguments.FORMATS,
        help="format of pictures in folders (default: the content's) and on standard output (png)",
    )
    files.add_argument(
        "--quality",
        type=arguments.quality,
        metavar="1..100",
        help="quality of JPEG, WebP and AVIF (default: 95, AVIF 90)",
    )
    files.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        default=8,
        help="bits per channel; 16 in TIFF only (default: %(default)s)",
    )
    files.add_argument(
        "--strip", action="store_true", help="leave out the content's EXIF data and colour profile"
    )
    running = command.add_argument_group("many pictures")
    running.add_argument("--resume", action="store_true", help="skip pictures that exist")
    running.add_argument(
        "--dry-run", action="store_true", help="print which pictures would be made, and make none"
    )
    running.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write a report with a row for each picture",
    )
    running.add_argument(
        "--timing", action="store_true", help="print where the time went, to standard error"
    )


def _check(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    limit = EXTRAPOLATION if args.allow_extrapolation else 1
    if not 0 <= args.alpha <= limit:
        hint = f"; --allow-extrapolation allows up to {EXTRAPOLATION:g}"
        more = hint if 1 < args.alpha <= EXTRAPOLATION else ""
        command.error(f"--alpha must be between 0 and {limit:g}, not {args.alpha:g}{more}")
    if args.style and args.styles:
        command.error("give --style, of which each makes a picture, or --styles, to be mixed")
    if args.styles and args.pairs:
        command.error("give --styles, to be mixed, or --pairs, of which each has its own")
    check_regions(args, command)
    if not (args.style or args.styles):
        if len(args.images) < 2:
            command.error("give a content and a style")
        *args.images, last = args.images
        args.style = [last]


def run(args: argparse.Namespace) -> bool:
    """Make all pictures, or with --dry-run print their names; return whether all could be made."""
    from adain_jax.files import moving, streams
    from adain_jax.jobs import plan as planning
    from adain_jax.jobs.report import Report

    videos = {
        path: f"{path} is a video: adain-jax video is for those"
        for path in args.images
        if path.exists() and moving.is_video(path)
    }
    images = [path for path in args.images if path not in videos]
    if videos and not images:
        raise ValueError(next(iter(videos.values())))
    suffix = f".{args.format}" if args.format else None
    encoding = planning.Encoding(suffix, args.quality, args.depth, args.strip)
    styles = args.style
    if args.styles:
        styles = planning.Mixture.parse(args.styles, regions=bool(args.masks or args.labels))
        check_strengths(args, [weight for _, weight in styles.parts])
    options = {"pairs": args.pairs, "encoding": encoding, "others": _others(args)}
    plan = planning.plan(images, styles, args.output, **options)
    if args.json:
        made = [job.output for job in plan.jobs]
        _check_report(args.json, {*plan.inputs, *_others(args), Path(args.model), *made})
    there = {job for job in plan.jobs if args.resume and _is_made(job)}
    todo = [job for job in plan.jobs if job not in there]
    # Check each folder with the longest name: if this can be written, so can the others.
    outputs = sorted((job.output for job in todo), key=lambda path: len(os.fsencode(path.name)))
    for output in {path.parent: path for path in outputs}.values():
        if output != streams.STREAM:
            check_place(output)
    left_out = {content: f"{content}: no style has this name" for content in plan.alone}
    left_out |= {folder: f"no image in {folder}" for folder in plan.empty}
    left_out |= videos
    failed: list[Exception | str] = [*left_out.values()]
    if args.dry_run:
        failed += _show(args, plan, there)
    else:
        report = Report(plan)
        for job in there:
            report.skip(job)
        for content, why in left_out.items():
            report.leave_out(content, why)
        try:
            if todo:
                failed += _make(args, todo, encoding, report)
            report.complete = True
        finally:
            if args.json:
                report.save(args.json)
    animations = filter(moving.is_animation, dict.fromkeys(job.content for job in plan.jobs))
    for path in animations:
        messages.note(
            f"only the first picture of {path} is used: adain-jax video takes all of them"
        )
    if plan.unused:
        names = ", ".join(map(str, plan.unused[:_NAMED]))
        more = f" and {len(plan.unused) - _NAMED} more" if len(plan.unused) > _NAMED else ""
        messages.note(f"no content has the name of {names}{more}")
    if plan.made:
        messages.note(f"left out, being pictures made before: {len(plan.made)}")
    if there:
        messages.note(f"skipped, being there already: {len(there)} of {len(plan.jobs)}")
    for error in failed:
        messages.error(error)
    return not failed


def _others(args: argparse.Namespace) -> list[Path]:
    """The files that are read, beside contents and styles."""
    return [*args.masks, *(x for x in (args.labels, args.alpha_map) if x)]


def _is_made(job: "Job") -> bool:
    from adain_jax.files import streams

    return job.output != streams.STREAM and job.output.exists() and not is_special(job.output)


def _check_report(path: Path, used: Iterable[Path]) -> None:
    """Check that the report can be written, before any picture is made."""
    if not is_special(path) and os.path.realpath(path) in map(os.path.realpath, used):
        raise ValueError(
            f"--json: {path} would replace one of the files read or made: name another"
        )
    if path.is_dir() or path.name == "-":
        raise ValueError(f"--json: {path} is no name for a file")
    try:
        check_place(path)
    except OSError as error:
        raise ValueError(f"--json: {error}") from None


def _show(args: argparse.Namespace, plan: "Plan", there: "set[Job]") -> list[str]:
    """Print a line for each picture that would be made, and return the errors that would occur."""
    from adain_jax.files import streams

    for job in plan.jobs:
        skipped = " (skipped: is there)" if job in there else ""
        print(f"{job.content} in the style of {job.style} -> {job.output}{skipped}")
    files = sorted(
        x for x in {*plan.inputs, *_others(args)} if x != streams.STREAM and not x.exists()
    )
    return [f"no such file: {path}" for path in files]


def _make(
    args: argparse.Namespace, todo: "list[Job]", encoding: "Encoding", report: "Report"
) -> list[Exception]:
    """Make pictures, and return the errors, each once."""
    from tqdm import tqdm

    from adain_jax.files import streams
    from adain_jax.jobs import run as running
    from adain_jax.model import Model
    from adain_jax.runtime.interrupt import Interrupted, Interrupts
    from adain_jax.runtime.timing import Timing

    controls = controls_of(args, args.alpha)
    timing = Timing()
    timing.seconds["start and import"] = time.process_time()
    to_stdout = args.output == streams.STREAM
    if to_stdout:
        streams.check_output()
    reads = any(streams.STREAM in (x.content, *dict(x.style.parts)) for x in todo)
    stdin = streams.read_input() if reads else None
    process.prepare()
    timing.listen()
    with timing("load"):
        model = Model.load(args.model).prepare()
    failed: dict[str, Exception] = {}  # a bad style is reported once, not for each content
    # The bar is shown only on a terminal; elsewhere only results are printed.
    with tqdm(total=len(todo), unit="picture", disable=None) as bar, Interrupts() as interrupts:
        results = running.run(
            todo,
            model,
            controls,
            sizes=running.Sizes(args.size, args.style_size),
            encoding=encoding,
            stdin=stdin,
            report=bar.set_description,
            timing=timing,
            stop=lambda: interrupts.received,
        )
        try:
            for result in results:
                report.add(result)
                bar.update()
                if result.error:
                    failed[str(result.error)] = result.error
                    bar.set_postfix_str(f"{len(failed)} failed")
                elif not to_stdout:
                    bar.write(str(result.job.output))
        except KeyboardInterrupt:
            bar.close()
            for error in failed.values():
                messages.error(error)
            raise Interrupted(
                interrupts.received,
                f"interrupted: {report.made} of {len(todo)} made, --resume makes the rest",
            ) from None
    if args.timing:
        print(timing.table(), file=sys.stderr)
    return list(failed.values())
