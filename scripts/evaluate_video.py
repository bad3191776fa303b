r"""Measure how calm the pictures of clips are, and at what price.

    pip install -e '.[evaluate,video]'
    python scripts/evaluate_video.py --clips bikes.mp4@1 bunny.mp4@1 --photos examples/content \
        --style examples/style/cafe_terrace.jpg --model fast -o evaluation

Clips are files, `@SECOND` where to begin. Of the photographs it makes pans and zooms, whose motion
is exact, and stills with a sensor's noise. For three ways (frame by frame, statistics smoothed over
time, everything that `--calm` does) it prints, and writes as `video.md`:

    warp      mean difference, in levels, of a picture and the one before, moved as the frames do,
              where the frames say what has moved where; and divided by that of frame by frame
    style     mean relative distance of AlexNet's channel means and deviations to the painting,
              divided likewise
    sharp     deviation of the Laplacian, divided likewise

For each clip a picture shows three in a row of each way, and what moved by itself in them.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import adain_jax
from adain_jax.evaluation import unrest
from adain_jax.evaluation.judge import Judge
from adain_jax.files import image, moving
from adain_jax.files.clip import scale
from adain_jax.inference.request import ask
from adain_jax.model import Model, Style
from adain_jax.ops.pixels import to_float
from adain_jax.runtime import process
from adain_jax.runtime.atomic import atomic_path, make_folder
from adain_jax.video import CALM, begin, step, stylize_frames

Way = Callable[[Sequence[np.ndarray], Style], list[np.ndarray]]
_SETTLED, _EVERY = 5, 8  # the style is measured of these frames
_SHOWN = slice(18, 21)


def main() -> None:
    parser = argparse.ArgumentParser(description="measure how calm the pictures of clips are")
    parser.add_argument("--clips", nargs="*", default=[], metavar="FILE[@SECOND]")
    parser.add_argument("--photos", nargs="*", type=Path, default=[], help="images or folders")
    parser.add_argument("--style", nargs="+", type=Path, required=True, help="paintings")
    parser.add_argument("--model", default="fast")
    parser.add_argument("--size", type=int, default=180, help="shorter side of frames")
    parser.add_argument("--frames", type=int, default=40, help="of each clip")
    parser.add_argument("--calm", type=float, default=CALM)
    parser.add_argument("--noise", type=float, default=4.0, help="in levels")
    parser.add_argument("-o", "--output", type=Path, default=Path("evaluation"))
    args = parser.parse_args()
    with process.script("evaluate_video.py"):
        run(args)


def run(args: argparse.Namespace) -> None:
    if not (args.clips or args.photos):
        raise ValueError("nothing to measure: give --clips or --photos")
    model, judge = adain_jax.load(args.model).prepare(), Judge()
    ways: dict[str, Way] = {
        "frame by frame": partial(everything, model, 0),
        "smoothed statistics": partial(smoothed, model, args.calm),
        "everything": partial(everything, model, args.calm),
    }
    make_folder(args.output)
    lines = [
        "| clip | style | way | warp | | style | sharp |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    made = list(clips(args))
    bar = tqdm(total=len(made) * len(args.style) * len(ways), unit="clip", disable=None)
    for name, clip in made:
        for path in args.style:
            painting = image.load(path, size=256, as_bytes=True).rgb
            style = adain_jax.encode_style(image.load(path, size=512).rgb, model=model)
            wanted = judge.features(to_float(painting, xp=np))
            usual, shown = None, []
            for way, function in ways.items():
                pictures = function(clip.frames, style)
                some = pictures[_SETTLED::_EVERY]
                found = (
                    unrest.warp_error(pictures, clip),
                    mean(judge.style(judge.features(to_float(x, xp=np)), wanted) for x in some),
                    mean(map(unrest.sharpness, some)),
                )
                usual = usual or found
                warp, style_, sharp = (a / b for a, b in zip(found, usual, strict=True))
                lines.append(
                    f"| {name} | {path.stem} | {way} | {found[0]:.2f} | {warp:.2f} | {style_:.3f} "
                    f"| {sharp:.2f} |"
                )
                shown += strip(pictures, clip)
                bar.update()
            save(args.output / f"{name}_{path.stem}.png", np.concatenate(shown))
    bar.close()
    text = "\n".join(lines) + "\n"
    with atomic_path(args.output / "video.md") as temporary:
        temporary.write_text(text, "utf-8")
    print(text)


def clips(args: argparse.Namespace) -> Iterator[tuple[str, unrest.Clip]]:
    for text in args.clips:
        path, _, second = text.rpartition("@") if "@" in text else (text, "", "0")
        clip = moving.open_clip(Path(path))
        size = clip.look.scaled(args.size).size
        frames = islice(clip.frames(Fraction(second)), args.frames)
        yield Path(path).stem, unrest.of_frames([scale(x.rgb, size) for x in frames])
    paths = [x for path in args.photos for x in (image.find(path) if path.is_dir() else [path])]
    size, count = (args.size, args.size * 16 // 9 // 2 * 2), args.frames
    for number, path in enumerate(paths):
        large = image.load(path, size=round(2.4 * args.size), as_bytes=True).rgb
        kind = ("pan", "zoom", "noise")[number % 3]
        if kind == "pan":
            yield f"pan_{path.stem}", unrest.pan(large, size, count, 3.3, 1.2)
        elif kind == "zoom":
            yield f"zoom_{path.stem}", unrest.zoom(large, size, count, 1.01)
        else:
            still = unrest.pan(large, size, 1, 0, 0).frames[0]
            yield f"noise_{path.stem}", unrest.noise(still, count, args.noise)


def everything(
    model: Model, calm: float, frames: Sequence[np.ndarray], style: Style
) -> list[np.ndarray]:
    return list(stylize_frames(frames, style, model=model, calm=calm))


def smoothed(
    model: Model, calm: float, frames: Sequence[np.ndarray], style: Style
) -> list[np.ndarray]:
    state, pictures = begin(model, ask(model, frames[0], style)), []
    for frame in frames:
        state, picture = step(model, ask(model, frame, style), state, calm)
        pictures.append(np.asarray(picture))
    return pictures


def strip(pictures: Sequence[np.ndarray], clip: unrest.Clip) -> list[np.ndarray]:
    """Some pictures in a row, and below what moved by itself, four times as bright."""
    numbers = range(len(pictures))[_SHOWN]
    moved = [
        unrest.differences(pictures[i - 1], pictures[i], clip.motions[i - 1].back) for i in numbers
    ]
    grey = [np.clip(4 * x, 0, 255).astype(np.uint8)[..., None].repeat(3, -1) for x in moved]
    return [np.concatenate([pictures[i] for i in numbers], 1), np.concatenate(grey, 1)]


def mean(values) -> float:
    return float(np.mean(list(values)))


def save(path: Path, picture: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary)


if __name__ == "__main__":
    main()
