"""`adain-jax stylize`: pictures of photographs and paintings."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from adain_jax.cli import messages
from adain_jax.cli.controls import controls_of
from adain_jax.runtime import process
from adain_jax.runtime.atomic import check_place, is_special

if TYPE_CHECKING:
    from adain_jax.jobs.plan import Encoding, Job, Plan
    from adain_jax.jobs.report import Report

_NAMED = 3  # styles without a content that are named


def run(args: argparse.Namespace) -> bool:
    """Make all pictures, or print which; whether all could be made."""
    from adain_jax.files import streams
    from adain_jax.jobs import plan as planning
    from adain_jax.jobs.report import Report

    suffix = f".{args.format}" if args.format else None
    encoding = planning.Encoding(suffix, args.quality, args.depth, args.strip)
    styles = planning.Mixture.parse(args.styles) if args.styles else args.style
    plan = planning.plan(args.images, styles, args.output, pairs=args.pairs, encoding=encoding)
    if args.json:
        _check_report(args.json, plan)
    there = {job for job in plan.jobs if args.resume and _is_made(job)}
    todo = [job for job in plan.jobs if job not in there]
    # Of each folder the picture of the longest name: the others can be written where it can.
    outputs = sorted((job.output for job in todo), key=lambda path: len(os.fsencode(path.name)))
    for output in {path.parent: path for path in outputs}.values():
        if output != streams.STREAM:
            check_place(output)
    alone = [f"{content}: no style has this name" for content in plan.alone]
    failed: list[Exception | str] = [*alone]
    if args.dry_run:
        failed += _show(args, plan, there)
    else:
        report = Report(plan)
        for job in there:
            report.skip(job)
        for content, why in zip(plan.alone, alone, strict=True):
            report.leave_out(content, why)
        try:
            if todo:
                failed += _make(args, todo, encoding, report)
            report.complete = True
        finally:
            if args.json:
                report.save(args.json)
    if plan.unused:
        names = ", ".join(map(str, plan.unused[:_NAMED]))
        more = f" and {len(plan.unused) - _NAMED} more" if len(plan.unused) > _NAMED else ""
        messages.note(f"no content has the name of {names}{more}")
    if there:
        messages.note(f"skipped, being there already: {len(there)} of {len(plan.jobs)}")
    for error in failed:
        messages.error(error)
    return not failed


def _is_made(job: "Job") -> bool:
    from adain_jax.files import streams

    return job.output != streams.STREAM and job.output.exists() and not is_special(job.output)


def _check_report(path: Path, plan: "Plan") -> None:
    """Now, and not when all pictures are made."""
    used = {*plan.inputs, *(job.output for job in plan.jobs)}
    if not is_special(path) and path.resolve() in {other.resolve() for other in used}:
        raise ValueError(
            f"--json: {path} would replace one of the images read or made: name another"
        )
    if path.is_dir() or path.name == "-":
        raise ValueError(f"--json: {path} is no name for a file")
    try:
        check_place(path)
    except OSError as error:
        raise ValueError(f"--json: {error}") from None


def _show(args: argparse.Namespace, plan: "Plan", there: "set[Job]") -> list[str]:
    """Print what would be done, a line for each picture, and return what would fail."""
    from adain_jax.files import streams

    for job in plan.jobs:
        skipped = " (skipped: is there)" if job in there else ""
        print(f"{job.content} in the style of {job.style} -> {job.output}{skipped}")
    others = [*args.masks, *(x for x in (args.labels, args.alpha_map) if x)]
    files = sorted(x for x in {*plan.inputs, *others} if x != streams.STREAM and not x.exists())
    return [f"no such file: {path}" for path in files]


def _make(
    args: argparse.Namespace, todo: "list[Job]", encoding: "Encoding", report: "Report"
) -> list[Exception]:
    """Make pictures, and return what went wrong, each once."""
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
    failed: dict[str, Exception] = {}  # a bad style fails once, not once for each content
    # On a terminal a bar, elsewhere nothing but the results.
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
