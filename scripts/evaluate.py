r"""Measure models, Magenta's network or finished pictures over photographs and paintings.

    pip install -e '.[evaluate]'
    python scripts/evaluate.py --model vgg16 fast --magenta --content examples/content \
        --style examples/style -o evaluation

A folder may end in a share of it: `photos:0.05` is the twentieth that a training with
`validation_fraction=0.05` never saw. `--only PATTERN ...` (styles) and `--only-content PATTERN ...`
take the images with such names alone. The same images always make the same pairs.

Prints, and writes as `report.md`, means over all pairs, lower being better:

    content   LPIPS (AlexNet) to the photograph
    style     mean relative distance of AlexNet's channel means and deviations to the painting
    shares    both, divided by the untouched photograph's style distance over the same pairs
    losses    the paper's, in the features of `vgg16`
    alpha 0   mean absolute error of the pictures at alpha 0

then means by groups of styles (their names without the last `_part`) and the worst pairs of each
program, which `worst_PROGRAM.jpg` shows. Writes `pictures.csv`, a line for each picture, and with
`--sheet` a contact sheet for each program that makes pictures. AlexNet is the judge because nothing
is trained against it.
"""

import argparse
import csv
import re
from dataclasses import asdict, fields
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

import adain_jax
from adain_jax.evaluation import evaluate
from adain_jax.evaluation.judge import Judge
from adain_jax.evaluation.magenta import Magenta
from adain_jax.evaluation.report import report, share, worst
from adain_jax.files import image
from adain_jax.files.sheet import contact_sheet, sheet
from adain_jax.ops.pixels import to_float
from adain_jax.runtime import process
from adain_jax.runtime.atomic import atomic_path, make_folder
from adain_jax.runtime.memory import keep_freed_memory
from adain_jax.training.combinations import choose_pairs
from adain_jax.training.sources import Images, middle_square

SHEET = (6, 8)  # contents and styles


def main() -> None:
    args = parse()
    keep_freed_memory()
    with process.script("evaluate.py"):
        run(args)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure models over contents and styles")
    parser.add_argument("--model", nargs="*", default=[], help="shipped models or files")
    parser.add_argument("--magenta", action="store_true", help="Magenta's network, too")
    parser.add_argument(
        "--pictures",
        nargs="*",
        type=Path,
        default=[],
        help="folders of finished pictures, named {content}_stylized_{style}",
    )
    parser.add_argument("--content", nargs="+", required=True, help="folders of photographs")
    parser.add_argument("--style", nargs="+", required=True, help="folders of paintings")
    parser.add_argument(
        "--only", nargs="+", metavar="PATTERN", help="only styles with such names: 'ink_*' 'map_*'"
    )
    parser.add_argument(
        "--only-content", nargs="+", metavar="PATTERN", help="only photographs with such names"
    )
    parser.add_argument("--size", type=int, default=512, help="side of the squares, in pixels")
    parser.add_argument("--pairs", type=int, default=100, help="combinations to measure")
    parser.add_argument("--sheet", action="store_true", help="make contact sheets, too")
    parser.add_argument("-o", "--output", type=Path, default=Path("evaluation"), help="a folder")
    args = parser.parse_args()
    if not (args.model or args.magenta or args.pictures):
        parser.error("nothing to measure: give --model, --magenta or --pictures")
    if args.pairs < 1 or args.size < 64 or args.size % 8:
        parser.error("--pairs is at least 1, --size a multiple of 8 from 64 on")
    return args


def run(args: argparse.Namespace) -> None:
    names = [*args.model, *(["Magenta"] if args.magenta else []), *map(str, args.pictures)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{', '.join(sorted(twice))}: to be measured twice")
    contents = only(
        read(args.content, args.size), args.only_content, "--only-content", "photographs"
    )
    styles = only(read(args.style, args.size), args.only, "--only", "styles")
    models = {name: adain_jax.load(name).prepare() for name in args.model}
    makers = {name: evaluate.of_model(model) for name, model in models.items()}
    if args.magenta:
        makers["Magenta"] = evaluate.of_magenta(Magenta())
    finished = {str(folder): evaluate.of_folder(folder) for folder in args.pictures}
    programs = {evaluate.PHOTOGRAPH: evaluate.untouched, **makers, **finished}

    chosen = choose_pairs(len(contents), len(styles), args.pairs)
    pairs = [(contents[i], styles[j]) for i, j in chosen]
    vgg = models.get("vgg16") or adain_jax.load("vgg16").prepare()
    measured = evaluate.measure(programs, pairs, Judge(), vgg)
    total = len(pairs) * len(programs)
    rows = list(tqdm(measured, total=total, desc="measure", unit="picture"))
    make_folder(args.output)
    with (
        atomic_path(args.output / "pictures.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, [field.name for field in fields(evaluate.Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)

    photographs = list({content.name: content for content, _ in pairs}.values())
    errors = {name: evaluate.reconstruction(model, photographs) for name, model in models.items()}
    text = report(rows, errors, args.size)
    with atomic_path(args.output / "report.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(text, flush=True)

    for name in (*makers, *finished):
        show_worst(args.output, name, programs[name], rows, pairs)
    for name, program in makers.items() if args.sheet else ():
        make_sheet(args.output, name, program, contents, styles)


def read(places: list[str], size: int) -> list[evaluate.Named]:
    """The images of folders, or of the share of a folder that a training kept for validation."""
    found: dict[str, evaluate.Named] = {}
    for place in places:
        folder, _, share = place.rpartition(":")
        if not Path(place).exists() and folder and re.fullmatch(r"0?\.\d+", share):
            images = Images(folder, size, part="validation", validation_fraction=float(share))
        else:
            images = Images(place, size)
        for index, name in enumerate(images.names):
            if name in found:
                raise ValueError(f"{name} is in two of the folders: rename one")
            found[name] = evaluate.Named(name, partial(square, images, index))
    return list(found.values())


def only(
    images: list[evaluate.Named], patterns: list[str] | None, option: str, kind: str
) -> list[evaluate.Named]:
    """Those whose names fit one of the patterns, if there are any."""
    for pattern in patterns or ():
        if not any(fnmatchcase(x.name, pattern) for x in images):
            raise ValueError(f"{option}: {pattern} fits none of the {len(images)} {kind}")
    if patterns is None:
        return images
    return [x for x in images if any(fnmatchcase(x.name, pattern) for pattern in patterns)]


def square(images: Images, index: int) -> np.ndarray:
    array, name = images[index], images.names[index]
    if reason := images.skipped.get(name):  # the next one would stand for it
        raise ValueError(f"{reason}: leave it out")
    return to_float(middle_square(array, images.size), xp=np)


def make_sheet(
    folder: Path,
    name: str,
    program: evaluate.Program,
    contents: list[evaluate.Named],
    styles: list[evaluate.Named],
) -> None:
    contents, styles = contents[: SHEET[0]], styles[: SHEET[1]]
    with tqdm(total=len(contents) * len(styles), desc=f"sheet of {name}", unit="picture") as bar:
        pictures = []
        for style in styles:
            row = []
            for content in contents:
                row.append(program(content, style))
                bar.update()
            pictures.append(row)
    made = contact_sheet([x.image for x in contents], [x.image for x in styles], pictures)
    save(folder / f"{file_name(name)}.jpg", made)


def show_worst(
    folder: Path,
    name: str,
    program: evaluate.Program,
    rows: list[evaluate.Row],
    pairs: list[tuple[evaluate.Named, evaluate.Named]],
) -> None:
    """Photograph, painting and picture of the worst pairs, at full size."""
    images = {(content.name, style.name): (content, style) for content, style in pairs}
    shown, names = [], []
    for row in worst(rows, name):
        content, style = images[row.content, row.style]
        shown.append([content.image, style.image, program(content, style)])
        names.append(f"{share(rows, [row]):.2f}  {row.style}")
    made = sheet(
        shown,
        shown[0][0].shape[:2],
        columns=("photograph", "painting", f"picture: {name}"),
        names=names,
    )
    save(folder / f"worst_{file_name(name)}.jpg", made)


def file_name(program: str) -> str:
    return re.sub(r"\W+", "_", program.removesuffix(".safetensors")).strip("_")


def save(path: Path, picture: np.ndarray) -> None:
    image.save(path, picture)
    print(path)


if __name__ == "__main__":
    main()
