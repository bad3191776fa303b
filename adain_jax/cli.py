"""The command `adain-jax`: parses, calls, prints."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from adain_jax.checks import EXTRAPOLATION
from adain_jax.recolor import COLORS
from adain_jax.version import __version__

BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the usage and one line."""
        _fail(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; exits with 2 if anything could not be done."""
    args = _parse(argv)
    try:
        ok = args.run(args)
    except (ValueError, OSError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    if not ok:
        sys.exit(BAD_INPUT)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="adain-jax", description="Arbitrary style transfer in real time.")
    parser.add_argument("--version", action="version", version=f"adain-jax {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "stylize",
        help="give photographs the style of paintings",
        usage="adain-jax stylize CONTENT [CONTENT ...] STYLE [-o OUTPUT] [options]",
        description="Give photographs the style of paintings. Each CONTENT and STYLE is an image "
        "or a folder of images; of several, every combination is made.",
    )
    command.add_argument("images", nargs="+", type=_path, metavar="CONTENT ... STYLE")
    command.add_argument(
        "-s",
        "--style",
        nargs="+",
        type=_path,
        default=[],
        help="the styles, if there are several; all else are then contents",
    )
    command.add_argument(
        "--styles",
        nargs="+",
        default=[],
        metavar="STYLE[:WEIGHT]",
        help="styles to mix into one, such as a.jpg:0.3 b.jpg:0.7; all else are then contents",
    )
    command.add_argument(
        "-o",
        "--output",
        type=_path,
        default=Path(),
        help="a file for one picture, or a folder, where they are named "
        "{content}_stylized_{style} (default: the current folder)",
    )
    command.add_argument(
        "--alpha",
        type=float,
        default=1.0,
        help="strength of the style, from 0 to 1 (default: %(default)s)",
    )
    command.add_argument(
        "--allow-extrapolation",
        action="store_true",
        help=f"allow an --alpha up to {EXTRAPOLATION:g}",
    )
    command.add_argument(
        "--color",
        choices=COLORS,
        default="style",
        help="whose colours pictures have: the style's; or the content's, given to the picture "
        "(luminance) or to the style's image before (coral, histogram) (default: %(default)s)",
    )
    command.add_argument(
        "--size",
        type=_size,
        help="scale contents to this shorter side, 0: leave them "
        "(default: leave them up to a longer side of 2048 pixels)",
    )
    _add_style_options(command)
    command.add_argument(
        "--timing", action="store_true", help="print where the time went, to standard error"
    )
    command.set_defaults(run=_stylize)
    keep = commands.add_parser(
        "style",
        help="keep the style of paintings in a small file",
        description="Keep the style of a painting, or the mean of several, in a file of a few KB, "
        "which can stand wherever a style's image can.",
    )
    keep.add_argument("images", nargs="+", type=_path, metavar="STYLE", help="images or folders")
    keep.add_argument(
        "-o", "--output", type=_path, required=True, help="the file, ending in .safetensors"
    )
    _add_style_options(keep)
    keep.set_defaults(run=_style)
    grid = commands.add_parser(
        "grid",
        help="one picture of a photograph at many strengths, or between styles",
        description="One picture of many: with one STYLE its strengths from 0 to 1, with two the "
        "mixtures from one to the other, with four those in a square of which they are the "
        "corners. The styles are shown beside.",
    )
    grid.add_argument("photo", type=_path, metavar="PHOTO")
    grid.add_argument("styles", nargs="+", type=_path, metavar="STYLE", help="1, 2 or 4")
    grid.add_argument("-o", "--output", type=_path, required=True, help="the file")
    grid.add_argument(
        "--steps",
        type=int,
        default=5,
        help="pictures to a row, of four styles to a column, too (default: %(default)s)",
    )
    grid.add_argument(
        "--size",
        type=_size,
        default=256,
        help="shorter side of each picture, 0: that of the photograph (default: %(default)s)",
    )
    _add_style_options(grid)
    grid.set_defaults(run=_grid)
    about = commands.add_parser(
        "info",
        help="list the models, with sizes and numbers",
        description="List the models that ship, or tell all that is known of some.",
    )
    about.add_argument("models", nargs="*", metavar="MODEL", help="shipped models or files")
    about.add_argument("--json", action="store_true", help="for programs")
    about.set_defaults(run=_info)
    args = parser.parse_args(argv)
    if args.run is _stylize:
        limit = EXTRAPOLATION if args.allow_extrapolation else 1
        if not 0 <= args.alpha <= limit:
            hint = f"; --allow-extrapolation allows up to {EXTRAPOLATION:g}"
            more = hint if 1 < args.alpha <= EXTRAPOLATION else ""
            command.error(f"--alpha must be between 0 and {limit:g}, not {args.alpha:g}{more}")
        if args.style and args.styles:
            command.error("give --style, of which each makes a picture, or --styles, to be mixed")
        if not (args.style or args.styles):
            if len(args.images) < 2:
                command.error("give a content and a style")
            *args.images, last = args.images
            args.style = [last]
    return args


def _add_style_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--style-size",
        type=_size,
        default=512,
        help="scale styles to this shorter side, 0: leave them; larger makes finer strokes "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--model", default="vgg16", help="a shipped model or a .safetensors file (default: vgg16)"
    )


def _stylize(args: argparse.Namespace) -> bool:
    """Make all pictures; whether all could be made."""
    from tqdm import tqdm

    from adain_jax import batch
    from adain_jax.memory import keep_freed_memory
    from adain_jax.model import Model
    from adain_jax.timing import Timing

    keep_freed_memory()
    timing = Timing()
    timing.seconds["start and import"] = time.process_time()
    styles = batch.Mixture.parse(args.styles) if args.styles else args.style
    jobs = batch.plan(args.images, styles, args.output)
    _keep_compilations()
    timing.listen()
    with timing("load"):
        model = Model.load(args.model).prepare()
    failed = []
    # On a terminal a bar, elsewhere nothing but the results.
    with tqdm(total=len(jobs), unit="picture", disable=None) as bar:
        results = batch.run(
            jobs,
            model,
            alpha=args.alpha,
            extrapolate=args.allow_extrapolation,
            color=args.color,
            sizes=batch.Sizes(args.size, args.style_size),
            report=lambda stage: bar.set_description(stage),
            note=lambda message: bar.write(f"adain-jax: {message}", file=sys.stderr),
            timing=timing,
        )
        for job, error in results:
            bar.update()
            if error is None:
                bar.write(str(job.output))
            elif str(error) not in failed:  # a bad style fails once, not once for each content
                failed.append(str(error))
                bar.write(f"adain-jax: error: {_one_line(error)}", file=sys.stderr)
    if args.timing:
        print(timing.table(), file=sys.stderr)
    return not failed


def _style(args: argparse.Namespace) -> bool:
    """Write one file of a style."""
    from tqdm import tqdm

    from adain_jax import batch
    from adain_jax.memory import keep_freed_memory
    from adain_jax.model import Model

    keep_freed_memory()
    _keep_compilations()
    model = Model.load(args.model).prepare()
    read = batch.average_style(args.images, model, args.output, size=args.style_size)
    for _ in tqdm(read, unit="style", disable=None):
        pass
    print(args.output)
    return True


def _grid(args: argparse.Namespace) -> bool:
    """Write one picture of many."""
    from tqdm import tqdm

    from adain_jax import grid
    from adain_jax.memory import keep_freed_memory
    from adain_jax.model import Model

    total = sum(map(len, grid.cells(len(args.styles), args.steps)))
    keep_freed_memory()
    _keep_compilations()
    model = Model.load(args.model).prepare()
    made = grid.write(
        args.photo,
        args.styles,
        args.output,
        model,
        steps=args.steps,
        size=args.size,
        style_size=args.style_size,
    )
    for _ in tqdm(made, total=total, unit="picture", disable=None):
        pass
    print(args.output)
    return True


def _info(args: argparse.Namespace) -> bool:
    """Tell about models."""
    import json

    from adain_jax.weights import store

    found = {name: store.describe(name) for name in args.models or store.shipped()}
    if args.json:
        print(json.dumps({k: v._asdict() for k, v in found.items()}, default=str, indent=2))
        return True
    if args.models:
        for name, (path, size, parameters, metadata) in found.items():
            print(f"{name}\n  file: {path}\n  size: {size / 1e3:,.0f} KB")
            print(f"  parameters: {parameters:,}")
            for key, value in sorted(metadata.items()):
                print(f"  {key}: {value}")
        return True
    columns = ("samples", "content_distance", "style_distance")
    rows: list[tuple[str, ...]] = [("model", "MB", "parameters", *columns)]
    for name, (_, size, parameters, metadata) in found.items():
        noted = (metadata.get(column, "-") for column in columns)
        rows.append((name, f"{size / 1e6:.1f}", f"{parameters:,}", *noted))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return True


def _keep_compilations() -> None:
    """Keep what XLA compiles in the user's cache folder, for the next run."""
    import jax
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("adain_jax", appauthor=False)) / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a home that cannot be written costs time, nothing else
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def _path(text: str) -> Path:
    if not text:  # which would be the current folder
        raise argparse.ArgumentTypeError("is empty")
    return Path(text)


def _size(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, not {text}")
    return value


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())


def _fail(message: str) -> NoReturn:
    print(f"adain-jax: error: {_one_line(message)}", file=sys.stderr)
    sys.exit(BAD_INPUT)
