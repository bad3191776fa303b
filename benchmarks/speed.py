r"""Times pictures, and compares with PyTorch, exports and Magenta's network, in one run.

    pip install -e '.[evaluate]' torch
    python benchmarks/speed.py --model vgg16 --size 256 512 1024 --peer torch
    python benchmarks/speed.py --model fast --size 256 512 --peer onnx stablehlo magenta

A picture is made by encoding the content, AdaIN with a style that was encoded before, and decoding;
our programs and PyTorch use the same weights. Every program has its own process, as its users would
start it, and they take turns, a picture each, so that a busy machine slows all of them equally. The
table has medians, quartiles and ratios, and the processor time, which on one core (`taskset -c 0
python ...`) hardly depends on other work.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

Program = Callable[[np.ndarray], object]


def ours(model: str, dtype: str) -> Program:
    import jax

    import adain_jax
    from adain_jax.runtime.memory import keep_freed_memory

    keep_freed_memory()
    ready = adain_jax.load(model).prepare(dtype=dtype)
    style = ready.style(np.random.default_rng(0).random((256, 256, 3), dtype=np.float32))
    return lambda images: jax.block_until_ready(adain_jax.stylize(images, style, model=ready))


def pytorch(model: str, dtype: str, mode: str) -> Program:
    import torch
    from torch_network import Network

    import adain_jax
    from adain_jax.runtime.memory import keep_freed_memory

    if mode == "memory":  # as in `ours`; PyTorch does not do this, but its users can
        keep_freed_memory()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = getattr(torch, dtype)
    layout = torch.contiguous_format if mode == "eager" else torch.channels_last
    network = Network(adain_jax.load(model)).eval()
    network.to(device, kind, memory_format=layout)  # type: ignore[call-overload]
    painting = torch.rand((1, 3, 256, 256), device=device, dtype=kind)
    with torch.inference_mode():
        style = [(mean.to(kind), std.to(kind)) for mean, std in network.style(painting)]
    function = torch.compile(network) if mode in ("compile", "memory") else network

    def run(images: np.ndarray) -> object:
        with torch.inference_mode():
            x = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).to(kind)
            x = x / 255 if images.dtype == np.uint8 else x
            output = function(x.contiguous(memory_format=layout), style)
            if device == "cuda":
                torch.cuda.synchronize()
            return output

    return run


def magenta() -> Program:
    from adain_jax.evaluation.magenta import Magenta

    network = Magenta(exact=False)
    vector = np.random.default_rng(0).normal(size=(1, 1, 1, 100)).astype(np.float32)
    return lambda images: network.stylize(images, vector)


def exported(model: str, to: Literal["onnx", "stablehlo"]) -> Program:
    import adain_jax
    from adain_jax.export import Options, export

    with tempfile.TemporaryDirectory() as folder:
        made = export(adain_jax.load(model), folder, to=to, options=Options(images="float32"))
        program = made.files[1].read_bytes()
    rng = np.random.default_rng(0)
    style = adain_jax.load(model).style(rng.random((256, 256, 3), dtype=np.float32))
    mean, std = (np.asarray(x)[None] for x in (style.mean, style.std))

    def inputs(images: np.ndarray) -> dict[str, np.ndarray]:
        n = len(images)
        stats = {"mean": np.repeat(mean, n, 0), "std": np.repeat(std, n, 0)}
        return {"image": images, **stats, "strength": np.ones(n, np.float32)}

    if to == "stablehlo":
        import jax
        from jax.export import deserialize

        call = jax.jit(deserialize(bytearray(program)).call)
        return lambda images: jax.block_until_ready(call(*inputs(images).values()))
    import onnxruntime

    session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, inputs(images))


def create(name: str, model: str, dtype: str) -> Program:
    kind, _, rest = name.partition("=")
    if kind == "adain_jax":
        return ours(model, dtype)
    if kind == "export":
        return exported(model, "onnx" if rest == "onnx" else "stablehlo")
    return magenta() if kind == "magenta" else pytorch(model, dtype, rest)


def work(name: str, model: str, dtype: str) -> None:
    """Run a program's process: for each `size batch` of standard input, print the seconds.

    These are the elapsed time and the processor time.
    """
    program = create(name, model, dtype)
    print("ready", flush=True)
    for line in sys.stdin:
        size, batch = map(int, line.split())
        images = np.random.default_rng(0).random((batch, size, size, 3), dtype=np.float32)
        start, used = time.perf_counter(), time.process_time()
        program(images)
        print(time.perf_counter() - start, time.process_time() - used, flush=True)


class Worker:
    """A program in its own process."""

    def __init__(self, name: str, args: argparse.Namespace) -> None:
        command = [sys.executable, __file__, "--worker", name]
        command += ["--model", args.model, "--dtype", args.dtype]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._read()

    def __call__(self, size: int, batch: int) -> tuple[float, float]:
        """Make a batch of pictures; return the seconds, and the seconds of processor time."""
        assert self._process.stdin
        self._process.stdin.write(f"{size} {batch}\n")
        self._process.stdin.flush()
        seconds, used = self._read().split()
        return float(seconds), float(used)

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            sys.exit("speed.py: error: a program ended; what it said is above")
        return line


def main() -> None:
    parser = argparse.ArgumentParser(description="seconds for a picture, against other programs")
    parser.add_argument("--model", default="vgg16", help="a shipped model or a file")
    parser.add_argument("--size", type=int, nargs="+", default=[256, 512], help="sides in pixels")
    parser.add_argument("--batch", type=int, nargs="+", default=[1], help="images at once")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument(
        "--peer",
        nargs="*",
        default=[],
        choices=["torch", "onnx", "stablehlo", "magenta"],
        help="programs to compare with",
    )
    parser.add_argument("--runs", type=int, default=9, help="timed pictures of each program")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.worker, args.model, args.dtype)
        return

    names = {"adain_jax": "adain_jax"}
    for peer in args.peer:
        if peer == "torch":
            names |= {
                "PyTorch, eager": "torch=eager",
                "PyTorch, channels_last": "torch=channels_last",
                "PyTorch, torch.compile": "torch=compile",
                "PyTorch, torch.compile, freed memory kept": "torch=memory",
            }
        elif peer == "magenta":
            names["Magenta, onnxruntime"] = peer
        else:
            runtime = "onnxruntime" if peer == "onnx" else "jax.export"
            names[f"exported, {runtime}"] = f"export={peer}"
    workers = {title: Worker(name, args) for title, name in names.items()}
    print(f"{machine()}\n{args.model}, {args.dtype}, {args.runs} runs each\n")
    print(
        "| size | batch | program | ms (quartiles) | images/s | adain_jax is faster by "
        "| ms of processors |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for size in args.size:
        for batch in args.batch:
            for worker in workers.values():
                for _ in range(2):  # to compile and warm up
                    worker(size, batch)
            times: dict[str, list[tuple[float, float]]] = {title: [] for title in workers}
            for _ in range(args.runs):
                for title, worker in workers.items():
                    times[title].append(worker(size, batch))
            own = statistics.median(seconds for seconds, _ in times["adain_jax"])
            for title, measured in times.items():
                seconds, used = zip(*measured, strict=True)
                low, middle, high = statistics.quantiles(seconds, n=4)
                rows.append(
                    {"size": size, "batch": batch, "program": title, "seconds": seconds}
                    | {"median": middle, "ratio": middle / own, "processors": used}
                )
                print(
                    f"| {size} | {batch} | {title} | {middle * 1e3:.0f} ({low * 1e3:.0f}-"
                    f"{high * 1e3:.0f}) | {batch / middle:.1f} | {middle / own:.2f} | "
                    f"{statistics.median(used) * 1e3:.0f} |",
                    flush=True,
                )
    if args.json:
        about = {"machine": machine(), "model": args.model, "dtype": args.dtype}
        args.json.write_text(json.dumps({**about, "rows": rows}, indent=2))


def machine() -> str:
    """The name of the processor or accelerator, and the versions of Python and the packages."""
    import jax

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if jax.default_backend() != "cpu":
        name = jax.devices()[0].device_kind
    elif cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        name = f"{len(models)} cores of {models[0]}" if models else name
    packages = ("jax", "torch", "onnxruntime")
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return f"{name}; Python {platform.python_version()}, {', '.join(versions)}"


if __name__ == "__main__":
    main()
