r"""Measures the command for data sets: its speed, compared with the usual script, memory, workers.

    pip install -e '.[dataset]' torch
    python benchmarks/datasets.py speed --model vgg16
    python benchmarks/datasets.py speed --model fast --no-script
    python benchmarks/datasets.py memory 500 5000
    python benchmarks/datasets.py workers 1 2        # needs the extra ray

The speed is in images a second, from files to files. The usual script was written from the
description of those that made Stylized-ImageNet: for each image it opens the image and a random
painting, encodes both by a PyTorch port of the networks (here with the same weights), applies
AdaIN, decodes, and saves, one image after another. `kept` is the same with each painting encoded
once. Every program has its own process, and they take turns, a few images each, so that a busy
machine slows all equally. The table has medians and quartiles.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Turn = Callable[[], object]
EXAMPLES = Path(__file__).parents[1] / "examples"
OURS, ALONE, SCRIPT, KEPT = "adain_jax", "adain_jax, compute alone", "script", "script, kept"


def make_images(folder: Path, count: int, size: int, kind: str = "content") -> Path:
    """Write squares of the examples, repeatedly under new names, as JPEGs; return the folder."""
    squares = []
    for path in sorted((EXAMPLES / kind).iterdir()):
        image = Image.open(path).convert("RGB")
        side = min(image.size)
        image = image.crop((0, 0, side, side)).resize((size, size), Image.Resampling.LANCZOS)
        squares.append(image)
    folder.mkdir(parents=True)
    for i in range(count):
        squares[i % len(squares)].save(folder / f"{i:06}.jpg", quality=95)
    return folder


def make_paintings(place: Path) -> Path:
    """Write eight paintings, squares with sides of 256 pixels; return the folder."""
    return make_images(place, 8, 256, "style")


def ours(model: str, folder: Path, out: Path, *, alone: bool) -> Turn:
    import jax

    from adain_jax.datasets import Bank, Look
    from adain_jax.datasets.folders import Folder, FolderSink
    from adain_jax.datasets.part import Order, make_part
    from adain_jax.datasets.task import Tools
    from adain_jax.files import image
    from adain_jax.inference.request import Request
    from adain_jax.inference.stream import rendered
    from adain_jax.jobs import style_files
    from adain_jax.model import Model
    from adain_jax.runtime import process

    process.prepare()
    loaded = Model.load(model)
    bank_file = out / "bank.safetensors"
    list(style_files.bank([folder.parent / "paintings"], loaded, bank_file, size=256))
    bank = Bank.load(bank_file)
    tools = Tools.load(loaded, bank)
    source = Folder(folder, 1 << 20)
    [part] = source.parts()
    if alone:
        contents = [image.load(folder / name, as_bytes=True).rgb for name in part.items]

        def compute() -> None:
            requests = (
                Request(x, bank[i % len(bank)], np.float32(1)) for i, x in enumerate(contents)
            )
            for picture in rendered(tools.model, requests, batch_size=tools.batch):
                jax.block_until_ready(picture)

        return compute
    order = Order(source, FolderSink(by_part=False), out / "made", Look(), model, bank_file)
    return lambda: make_part(order, part, tools)


def script(model: str, folder: Path, out: Path, *, kept: bool) -> Turn:
    import torch
    from torch_network import Network, Stats

    import adain_jax

    network = Network(adain_jax.load(model)).eval()
    paintings = sorted((folder.parent / "paintings").iterdir())
    known: dict[Path, list[Stats]] = {}
    rng = np.random.default_rng(0)
    out.mkdir(parents=True, exist_ok=True)

    def read(path: Path, size: int = 0) -> torch.Tensor:
        image = Image.open(path).convert("RGB")
        if size:
            scale = size / min(image.size)
            image = image.resize((round(image.width * scale), round(image.height * scale)))
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255

    def style(path: Path) -> list[Stats]:
        if not kept or path not in known:
            known[path] = network.style(read(path, 256))
        return known[path]

    def run() -> None:
        with torch.inference_mode():
            for path in sorted(folder.iterdir()):
                painting = paintings[rng.integers(len(paintings))]
                picture = network(read(path), style(painting))[0]
                array = (picture * 255).round().byte().permute(1, 2, 0).numpy()
                Image.fromarray(array).save(out / path.name, quality=95, subsampling=0)

    return run


def work(args: argparse.Namespace) -> None:
    """Run a program's process: for each line of standard input, print the seconds of a turn."""
    folder, out = Path(args.folder), Path(tempfile.mkdtemp(dir=args.folder + "-out"))
    if args.worker in (OURS, ALONE):
        turn = ours(args.model, folder, out, alone=args.worker == ALONE)
    else:
        turn = script(args.model, folder, out, kept=args.worker == KEPT)
    turn()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        turn()
        print(time.perf_counter() - start, flush=True)


def speed(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = make_images(Path(place) / "in", args.images, args.size)
        make_paintings(Path(place) / "paintings")
        (Path(place) / "in-out").mkdir()
        names = [OURS, ALONE, *([] if args.no_script else [SCRIPT, KEPT])]
        workers = {}
        for name in names:
            command = [sys.executable, __file__, "speed", "--worker", name]
            command += ["--model", args.model, "--folder", str(folder)]
            workers[name] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert workers[name].stdout.readline() == "ready\n"  # type: ignore[union-attr]
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(args.rounds):
            for name, worker in workers.items():
                worker.stdin.write("\n")  # type: ignore[union-attr]
                worker.stdin.flush()  # type: ignore[union-attr]
                seconds[name].append(float(worker.stdout.readline()))  # type: ignore[union-attr]
        for worker in workers.values():
            worker.communicate()
    print(f"{args.model}, {args.images} JPEGs of {args.size} pixels a turn, {args.rounds} rounds")
    print("| program | ms an image (quartiles) | images/s | time of adain_jax |")
    print("| --- | --- | --- | --- |")
    ours_ = statistics.median(seconds[OURS])
    for name, times in seconds.items():
        low, middle, high = (1e3 * x / args.images for x in statistics.quantiles(times, n=4))
        ratio = statistics.median(times) / ours_
        print(
            f"| {name} | {middle:.1f} ({low:.1f}-{high:.1f}) | {1e3 / middle:.1f} | {ratio:.2f} |"
        )


def whole(args: argparse.Namespace, count: int, *more: str) -> dict[str, float]:
    """Run the whole command in its own process; return its seconds and its peak memory in MB."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_images(Path(place) / "in", count, args.size)
        paintings = make_paintings(Path(place) / "paintings")
        command = ["dataset", str(folder), f"{place}/out", "--styles", str(paintings)]
        command += ["--model", args.model, "--style-size", "256", *more]
        if args.batch:
            command += ["--batch", str(args.batch)]
        code = "import json, sys, benchmarks.datasets as b; b.timed(json.loads(sys.argv[1]))"
        root = str(Path(__file__).parents[1])
        ended = subprocess.run(
            [sys.executable, "-c", code, json.dumps(command)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": root},
        )
        return json.loads(ended.stdout.splitlines()[-1])


def timed(command: list[str]) -> None:
    from adain_jax.cli import main

    start = time.perf_counter()
    main(command)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak}))


def memory(args: argparse.Namespace) -> None:
    print("| images | peak memory, MB | seconds |")
    print("| --- | --- | --- |")
    for count in args.counts:
        found = whole(args, count)
        print(f"| {count} | {found['peak']:.0f} | {found['seconds']:.0f} |", flush=True)


def workers(args: argparse.Namespace) -> None:
    """Time the whole command, start and compilation included, by numbers of workers in turn."""
    seconds: dict[int, list[float]] = {count: [] for count in args.counts}
    for _ in range(args.rounds):
        for count in args.counts:
            options = ("--workers", str(count), "--part", str(args.images // 8))
            seconds[count].append(whole(args, args.images, *options)["seconds"])
    print(f"{args.model}, {args.images} JPEGs of {args.size} pixels, {args.rounds} rounds")
    print("| workers | seconds, start included |")
    print("| --- | --- |")
    for count, times in seconds.items():
        print(f"| {count} | {statistics.median(times):.0f} ({min(times):.0f}-{max(times):.0f}) |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Data sets: speed, memory, workers.")
    commands = parser.add_subparsers(required=True)
    for function, size in ((speed, 256), (memory, 64), (workers, 256)):
        command = commands.add_parser(function.__name__)
        command.set_defaults(run=function)
        command.add_argument("--model", default="vgg16" if function is speed else "fast")
        command.add_argument("--size", type=int, default=size)
        command.add_argument("--images", type=int, default=16 if function is speed else 160)
        command.add_argument("--batch", type=int, default=0)
        if function is speed:
            command.add_argument("--rounds", type=int, default=7)
            command.add_argument("--no-script", action="store_true")
            command.add_argument("--worker", choices=(OURS, ALONE, SCRIPT, KEPT))
            command.add_argument("--folder")
        else:
            command.add_argument("counts", type=int, nargs="+")
            command.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    work(args) if getattr(args, "worker", None) else args.run(args)


if __name__ == "__main__":
    main()
