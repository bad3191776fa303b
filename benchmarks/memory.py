r"""Measures the peak memory of stylizing one picture, for each size in its own process.

    pip install -e . torch
    python benchmarks/memory.py --size 512 1024 2048 --peer torch
    python benchmarks/memory.py --size 2048 4096 8192 --tiled

The table has the peak resident memory of the process, from its start to its picture, and its peak
before the picture, that is of interpreter, packages and weights.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from speed import create, machine


def work(name: str, model: str, size: int) -> None:
    program = tiled(model) if name == "tiled" else create(name, model, "float32")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng = np.random.default_rng(0)
    if name == "tiled":  # uint8, as files are read
        program(rng.integers(256, size=(size, size, 3), dtype=np.uint8))
    else:
        program(rng.random((1, size, size, 3), dtype=np.float32))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([before * 1024, after * 1024]))


def tiled(name: str) -> Callable[[np.ndarray], object]:
    """A function that makes a picture in windows, as `adain-jax stylize` does for large ones."""
    from tqdm import tqdm

    import adain_jax
    from adain_jax.runtime.memory import keep_freed_memory

    keep_freed_memory()
    model = adain_jax.load(name).prepare()
    style = model.style(np.random.default_rng(0).random((512, 512, 3), dtype=np.float32))

    def run(image: np.ndarray) -> object:
        with tqdm(unit="window") as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return adain_jax.stylize(
                image, style, model=model, plan=adain_jax.Tiled(progress=progress)
            )

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description="peak memory of stylizing one picture")
    parser.add_argument("--model", default="vgg16", help="a shipped model or a file")
    parser.add_argument("--size", type=int, nargs="+", default=[512, 1024, 2048])
    parser.add_argument("--peer", nargs="*", default=[], choices=["torch"])
    parser.add_argument("--tiled", action="store_true", help="by windows, and nothing else")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.worker, args.model, args.size[0])
        return

    programs = {"adain_jax, by windows": "tiled"} if args.tiled else {"adain_jax": "adain_jax"}
    if args.peer:
        programs |= {
            "PyTorch, eager": "torch=eager",
            "PyTorch, channels_last": "torch=channels_last",
        }
    print(f"{machine()}\n{args.model}, float32\n")
    print("| size | program | before, GB | peak, GB |")
    print("| --- | --- | --- | --- |")
    rows = []
    for size in args.size:
        for title, name in programs.items():
            command = [sys.executable, __file__, "--worker", name, "--model", args.model]
            done = subprocess.run(
                [*command, "--size", str(size)], stdout=subprocess.PIPE, check=True, text=True
            )
            before, peak = json.loads(done.stdout.splitlines()[-1])
            rows.append({"size": size, "program": title, "before": before, "peak": peak})
            print(f"| {size} | {title} | {before / 1e9:.2f} | {peak / 1e9:.2f} |", flush=True)
    if args.json:
        about = {"machine": machine(), "model": args.model}
        args.json.write_text(json.dumps({**about, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
