"""The arguments of the command."""

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

from adain_jax.cli import dataset, grid, info, optimize, style, stylize, video
from adain_jax.cli.messages import fail
from adain_jax.inference.plan import TILE, TILE_ABOVE
from adain_jax.inference.recolor import COLORS
from adain_jax.model.arguments import EXTRAPOLATION
from adain_jax.version import __version__

# By what --format calls them; other suffixes of the same formats are found in names of files.
FORMATS = ("png", "jpg", "webp", "avif", "tif", "bmp")
_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")  # other names of -
_KINDS = ("folder", "webdataset", "parquet")  # of data sets that are written
_MOST = 1 << 20  # of anything that is counted
_LARGEST = 1 << 15  # pixels to a side that are scaled to


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the usage and one line."""
        fail(f"{message} (see {self.prog} --help)")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, checked; `run` is the function that they are for."""
    parser = _Parser(prog="adain-jax", description="Arbitrary style transfer in real time.")
    parser.add_argument("--version", action="version", version=f"adain-jax {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stylizing = commands.add_parser(
        "stylize",
        help="give photographs the style of paintings",
        usage="adain-jax stylize CONTENT [CONTENT ...] STYLE [-o OUTPUT] [options]",
        description="Give photographs the style of paintings. Each CONTENT and STYLE is an image "
        "or a folder of images; of several, every combination is made. - is standard input.",
    )
    _add_stylize(stylizing)
    keeping = commands.add_parser(
        "style",
        help="keep the style of paintings in a small file",
        description="Keep the style of a painting, or the mean of several, in a file of a few KB, "
        "which can stand wherever a style's image can.",
    )
    keeping.add_argument("images", nargs="+", type=_path, metavar="STYLE", help="images or folders")
    keeping.add_argument(
        "-o", "--output", type=_path, required=True, help="the file, ending in .safetensors"
    )
    keeping.add_argument(
        "--bank",
        action="store_true",
        help="keep each style by itself, with its name, for `adain-jax dataset`; not their mean",
    )
    _add_model(keeping)
    keeping.set_defaults(run=style.run)
    gridding = commands.add_parser(
        "grid",
        help="one picture of a photograph at many strengths, or between styles",
        description="One picture of many: with one STYLE its strengths from 0 to 1, with two the "
        "mixtures from one to the other, with four those in a square of which they are the "
        "corners. The styles are shown beside.",
    )
    gridding.add_argument("photo", type=_path, metavar="PHOTO")
    gridding.add_argument("styles", nargs="+", type=_path, metavar="STYLE", help="1, 2 or 4")
    gridding.add_argument("-o", "--output", type=_path, required=True, help="the file")
    gridding.add_argument(
        "--steps",
        type=int,
        default=5,
        help="pictures to a row, of four styles to a column, too (default: %(default)s)",
    )
    gridding.add_argument(
        "--size",
        type=_size,
        default=256,
        help="shorter side of each picture, 0: that of the photograph (default: %(default)s)",
    )
    _add_model(gridding)
    gridding.set_defaults(run=grid.run)
    moving = commands.add_parser(
        "video",
        help="give a video the style of a painting, without flicker, with its sound",
        usage="adain-jax video CLIP STYLE -o OUTPUT [options]",
        description="Give a video the style of a painting. CLIP and OUTPUT are videos, GIFs, "
        "animated WebPs or folders of frames. Sound, subtitles and time stamps are kept.",
    )
    _add_video(moving)
    setting = commands.add_parser(
        "dataset",
        help="give all images of a data set random styles of paintings",
        usage="adain-jax dataset IN OUT --styles STYLE [STYLE ...] [options]",
        description="Give all images of a data set random styles of paintings. IN is a folder of "
        "images, WebDataset's .tar shards, Parquet, or tfds:NAME:SPLIT. Labels, keys and columns "
        "are kept. The same command goes on after an interruption.",
    )
    _add_dataset(setting)
    optimizing = commands.add_parser(
        "optimize",
        help="give a photograph a style by optimising the picture (slow; Gatys et al. 2016)",
        description="Give a photograph the style of a painting by optimising the picture itself, "
        "for minutes: what AdaIN does in one pass.",
    )
    _add_optimize(optimizing)
    about = commands.add_parser(
        "info",
        help="list the models, with sizes and numbers",
        description="List the models that ship, or tell all that is known of some.",
    )
    about.add_argument("models", nargs="*", metavar="MODEL", help="shipped models or files")
    about.add_argument("--json", action="store_true", help="for programs")
    about.set_defaults(run=info.run)
    for place in (parser, *commands.choices.values()):  # before and after the name of a command
        place.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,  # or the one of the command would undo the other
            help="show where errors come from, and what libraries warn of",
        )
    args = parser.parse_args(argv)
    args.debug = "debug" in args
    if args.run is stylize.run:
        _check_stylize(args, stylizing)
    if args.run is video.run:
        _check_video(args, moving)
    return args


def _add_stylize(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=stylize.run)
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
        help="styles to mix into one, such as a.jpg:0.3 b.jpg:0.7; with --masks or --labels each "
        "for a region, at that strength; all else are then contents",
    )
    _add_regions(command)
    command.add_argument(
        "--pairs",
        action="store_true",
        help="give each content the style of the same name, in place of every one",
    )
    command.add_argument(
        "--alpha",
        type=float,
        default=1.0,
        help="strength of the style, from 0 to 1 (default: %(default)s)",
    )
    _add_controls(command)
    command.add_argument(
        "--size",
        type=_size,
        default=0,
        help="scale contents to this shorter side; smaller makes coarser strokes "
        "(default: leave them)",
    )
    _add_tile(command)
    _add_model(command)
    files = command.add_argument_group("output")
    files.add_argument(
        "-o",
        "--output",
        type=_output,
        default=Path(),
        help="a file for one picture; a folder, where they are named "
        "{content}_stylized_{style}; or - for standard output (default: the current folder)",
    )
    files.add_argument(
        "--format",
        choices=FORMATS,
        help="of pictures in folders (default: the content's) and on standard output (png)",
    )
    files.add_argument(
        "--quality",
        type=_quality,
        metavar="1..100",
        help="of JPEG, WebP and AVIF (default: 95, AVIF 90)",
    )
    files.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        default=8,
        help="bits of a channel, 16 in TIFF only (default: %(default)s)",
    )
    files.add_argument(
        "--strip", action="store_true", help="leave out the content's EXIF data and colour profile"
    )
    running = command.add_argument_group("many pictures")
    running.add_argument("--resume", action="store_true", help="skip pictures that are there")
    running.add_argument(
        "--dry-run", action="store_true", help="print what would be made of what, and make nothing"
    )
    running.add_argument(
        "--json", type=_path, metavar="FILE", help="write a report of all pictures"
    )
    running.add_argument(
        "--timing", action="store_true", help="print where the time went, to standard error"
    )


def _check_stylize(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    limit = EXTRAPOLATION if args.allow_extrapolation else 1
    if not 0 <= args.alpha <= limit:
        hint = f"; --allow-extrapolation allows up to {EXTRAPOLATION:g}"
        more = hint if 1 < args.alpha <= EXTRAPOLATION else ""
        command.error(f"--alpha must be between 0 and {limit:g}, not {args.alpha:g}{more}")
    if args.style and args.styles:
        command.error("give --style, of which each makes a picture, or --styles, to be mixed")
    if args.styles and args.pairs:
        command.error("give --styles, to be mixed, or --pairs, of which each has its own")
    _check_regions(args, command)
    if (args.masks or args.labels) and args.alpha_map and any(":" in text for text in args.styles):
        command.error("give the strengths of --styles by weights, or by --alpha-map")
    if not (args.style or args.styles):
        if len(args.images) < 2:
            command.error("give a content and a style")
        *args.images, last = args.images
        args.style = [last]


def _add_video(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=video.run)
    command.add_argument("clips", nargs="+", type=_path, metavar="CLIP STYLE")
    command.add_argument(
        "--styles",
        nargs="+",
        default=[],
        metavar="STYLE[:WEIGHT][@SECONDS]",
        help="styles to mix into one, such as a.jpg:0.3 b.jpg:0.7, or to go from one to the next, "
        "such as a.jpg@0s b.jpg@5s; with --masks or --labels each for a region",
    )
    _add_regions(command)
    command.add_argument(
        "--alpha",
        nargs="+",
        default=["1"],
        metavar="ALPHA[@SECONDS]",
        help="strength of the style, from 0 to 1; or over time, such as 0@0s 1@3s (default: 1)",
    )
    _add_controls(command)
    command.add_argument(
        "--calm",
        type=float,
        help="from 0, each frame by itself, to 1, hardly anything moves by itself "
        f"(default: {video.CALM})",
        default=video.CALM,
    )
    command.add_argument(
        "--size", type=_size, default=0, help="scale frames to this shorter side (default: leave)"
    )
    _add_tile(command)
    _add_model(command)
    files = command.add_argument_group("files")
    files.add_argument(
        "-o", "--output", type=_path, required=True, help="a file, or without a suffix a folder"
    )
    files.add_argument("--start", type=_seconds, default=0, help="begin at this second")
    files.add_argument("--duration", type=_seconds, help="take so many seconds (default: all)")
    files.add_argument(
        "--codec",
        help="h264, hevc, vp9, av1, or an encoder of FFmpeg's (default: h264, of .webm vp9)",
    )
    files.add_argument(
        "--crf",
        type=_crf,
        metavar="0..63",
        help="what the codec loses, less is better and larger (default: 18 of h264)",
    )
    files.add_argument(
        "--fps", type=_rate, default=25, help="frames in a second, of folders (default: 25)"
    )
    files.add_argument(
        "--resume",
        action="store_true",
        help="go on with what is in the folder OUTPUT.parts after an interruption",
    )


def _check_video(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    _check_regions(args, command)
    if len(args.clips) != (1 if args.styles else 2):
        command.error(
            "give one clip, with --styles" if args.styles else "give one clip and one style"
        )
    if not 0 <= args.calm <= 1:
        command.error(f"--calm is between 0 and 1, not {args.calm:g}")


def _add_dataset(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=dataset.run)
    command.add_argument("source", type=_text, metavar="IN")
    command.add_argument("output", type=_path, metavar="OUT", help="a folder")
    command.add_argument(
        "--styles",
        nargs="+",
        type=_path,
        required=True,
        metavar="STYLE",
        help="paintings, folders of them, or a bank that `adain-jax style --bank` made",
    )
    command.add_argument(
        "--per-image",
        type=_count,
        default=1,
        metavar="K",
        help="pictures of each image, in styles of their own (default: %(default)s)",
    )
    command.add_argument(
        "--alpha",
        type=_range,
        default=(1.0, 1.0),
        metavar="ALPHA[:ALPHA]",
        help="strength, from 0 to 1, or the least and the greatest, such as 0.5:1 (default: 1)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        help="decides, with the name of each image, what it gets (default: %(default)s)",
    )
    command.add_argument(
        "--size", type=_size, default=0, help="scale images to this shorter side (default: leave)"
    )
    command.add_argument(
        "--crop",
        type=_size,
        default=0,
        metavar="PIXELS",
        help="cut a square out of each, at a random place (default: none)",
    )
    command.add_argument(
        "--batch",
        type=_size,
        default=0,
        help="images computed at once on a device (default: 1 on a CPU, else 32)",
    )
    _add_model(command)
    files = command.add_argument_group("files")
    files.add_argument(
        "--from", choices=_KINDS, help="what IN is, if it holds several kinds of files"
    )
    files.add_argument(
        "--to", choices=_KINDS, help="what OUT becomes (default: as IN; of tfds parquet)"
    )
    files.add_argument(
        "--image-column",
        type=_text,
        metavar="NAME",
        help="of the images in Parquet (default: the only one, or one called image)",
    )
    files.add_argument("--format", choices=FORMATS, help="of pictures (default: their image's)")
    files.add_argument(
        "--quality", type=_quality, metavar="1..100", help="of JPEG, WebP and AVIF (default: 95)"
    )
    files.add_argument(
        "--part",
        type=_count,
        default=1000,
        metavar="IMAGES",
        help="images to a part, which is made by one worker, and kept whole; shards stay as they "
        "are (default: %(default)s)",
    )
    files.add_argument(
        "--strict",
        action="store_true",
        help="stop at the first image that cannot be read, in place of listing it",
    )
    running = command.add_argument_group("workers (extra ray; else this process does it)")
    running.add_argument(
        "--workers", type=_count, help="on this machine or the cluster, one a device"
    )
    running.add_argument("--address", type=_text, help="of a running cluster of Ray, or auto")


def _add_regions(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--masks",
        nargs="+",
        type=_path,
        default=[],
        metavar="MASK",
        help="grey images, the regions of --styles, white inside; the photograph stays where there "
        "is none, unless there is one style more",
    )
    command.add_argument(
        "--labels",
        type=_path,
        metavar="IMAGE",
        help="in place of --masks: one image, whose greys above black are the regions, the darkest "
        "that of the first of --styles",
    )


def _check_regions(args: argparse.Namespace, command: argparse.ArgumentParser) -> None:
    if args.masks and args.labels:
        command.error("give --masks, each of a region, or --labels, of all")
    if (args.masks or args.labels) and not args.styles:
        command.error(f"--{'masks' if args.masks else 'labels'} need --styles, one for each")


def _add_controls(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--allow-extrapolation",
        action="store_true",
        help=f"allow an --alpha up to {EXTRAPOLATION:g}",
    )
    command.add_argument(
        "--alpha-map",
        type=_path,
        metavar="IMAGE",
        help="a grey image: --alpha where it is white, less where it is darker",
    )
    command.add_argument(
        "--color",
        choices=COLORS,
        default="style",
        help="whose colours pictures have: the style's; or the content's, given to the picture "
        "(luminance) or to the style's image before (coral, histogram) (default: %(default)s)",
    )


def _add_tile(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tile",
        type=_size,
        metavar="PIXELS",
        help="compute in windows of this side, in little memory, equal to the whole; 0: at once "
        f"(default: above {TILE_ABOVE / 1e6:.0f} megapixels, of {TILE})",
    )


def _add_optimize(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=optimize.run)
    command.add_argument("content", type=_path, metavar="CONTENT", help="a photograph")
    command.add_argument("style", type=_path, metavar="STYLE", help="a painting")
    command.add_argument(
        "-o", "--output", type=_path, required=True, help="the file for the picture"
    )
    command.add_argument(
        "--steps", type=int, default=500, help="steps of the optimizer (default: %(default)s)"
    )
    command.add_argument(
        "--method",
        choices=("lbfgs", "adam"),
        default="lbfgs",
        help="the optimizer (default: %(default)s)",
    )
    command.add_argument(
        "--loss",
        choices=("gram", "statistics"),
        default="gram",
        help="of the style: Gram matrices, or means and deviations (default: %(default)s)",
    )
    command.add_argument(
        "--start",
        choices=("stylized", "content", "noise"),
        default="stylized",
        help="what the picture begins as: what `stylize` makes with the model, the photograph, or "
        "noise (default: %(default)s)",
    )
    command.add_argument("--content-weight", type=float, default=1.0, help="(default: %(default)s)")
    command.add_argument(
        "--style-weight", type=float, help="(default: 3 for gram, 10 for statistics)"
    )
    command.add_argument(
        "--tv-weight", type=float, default=0.0, help="of total variation (default: %(default)s)"
    )
    command.add_argument(
        "--learning-rate", type=float, default=0.02, help="of adam (default: %(default)s)"
    )
    command.add_argument(
        "--size",
        type=_size,
        help=f"scale the content to this shorter side, 0: leave it (default: {optimize.SIZE}, if "
        "it is larger)",
    )
    command.add_argument("--seed", type=int, default=0, help="of the noise (default: %(default)s)")
    command.add_argument(
        "--every",
        type=_size,
        default=0,
        metavar="STEPS",
        help="steps between pictures of the way, beside the output (default: none)",
    )
    command.add_argument(
        "--state",
        type=_path,
        metavar="FILE",
        help="keep the state in this .safetensors file, and go on from it if it is there; some "
        "twenty times as large as the picture in memory, removed at the end",
    )
    _add_model(command)


def _add_model(command: argparse.ArgumentParser) -> None:
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


def _path(text: str) -> Path:
    if not text:  # which would be the current folder
        raise argparse.ArgumentTypeError("is empty")
    return Path(text)


def _text(text: str) -> str:
    _path(text)
    return text


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        alpha = float(low), float(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or two, not {text}") from None
    if not 0 <= alpha[0] <= alpha[1] <= 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, the least first, not {text}")
    return alpha


def _count(text: str) -> int:
    return _whole(text, 1, _MOST)


def _output(text: str) -> Path:
    return Path("-") if text in _STDOUT else _path(text)


def _size(text: str) -> int:
    return _whole(text, 0, _LARGEST)


def _quality(text: str) -> int:
    return _whole(text, 1, 100)


def _crf(text: str) -> int:
    return _whole(text, 0, 63)


def _rate(text: str) -> Fraction:
    rate = _seconds(text)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"must be above 0, up to 1000, not {text}")
    return rate


def _seconds(text: str) -> Fraction:
    try:
        seconds = Fraction(text.removesuffix("s"))
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"must be a number, not {text}") from None
    if seconds < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return seconds


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"must be a whole number between {least} and {most}, not {text}"
        )
    return value
