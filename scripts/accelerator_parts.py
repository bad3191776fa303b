"""The parts of accelerator.py, each of which runs in a process of its own."""

import argparse
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.accelerator_files import write_numbers

if TYPE_CHECKING:
    from adain_jax.evaluation.run import Task
    from adain_jax.training.config import TrainConfig

ROOT = Path(__file__).resolve().parents[1]
# Images in a step. A few dozen of 256 pixels use all of an H100; a larger batch would hardly make
# more images a second, and fewer steps.
BATCHES = {"vgg16": 32, "fast": 64}
# A training ends by itself `SAVING` + `GRACE` seconds before its time is over. If it still runs
# `GRACE` seconds before its time is over, it is told to stop, and at the end it is killed.
SAVING = 8.0
GRACE = 8.0


def train_part(part: str, args: argparse.Namespace) -> None:
    """Continue the training of a shipped model, until the part's time is over."""
    import jax

    from adain_jax.runtime.interrupt import Interrupted

    config = dataclasses.replace(
        config_of(part, args, accelerator=jax.default_backend() != "cpu"),
        workdir=str(Path(args.work) / part),
    )
    write_numbers(Path(args.work) / f"{part}.json", {"device": jax.devices()[0].device_kind})
    left = float(args.until) - time.time() - GRACE - SAVING
    try:
        train_what_fits(config, time.monotonic() + left)
    except Interrupted as stop:
        sys.exit(str(stop))


def config_of(part: str, args: argparse.Namespace, *, accelerator: bool) -> "TrainConfig":
    """The settings of a part's training, apart from its folder.

    Raises:
        ValueError: if --size, --crop or --minutes is wrong.
    """
    from adain_jax.training.recipes import load

    recipe = load({"vgg16": "refine", "fast": "fast_refine"}[part])
    batch = BATCHES[part] if accelerator else 2
    return dataclasses.replace(
        recipe,
        content=str(args.content),
        style=str(args.style),
        content_weights=without(args.only_content, args.content),
        style_weights=without(args.only, args.style),
        content_size=args.size,
        style_size=args.size,
        crop_size=args.crop,
        style_crop_size=args.crop,
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


def without(patterns: Sequence[str], folder: Path) -> str:
    """The weights of a training's images that exclude the images of the folder to be judged."""
    from adain_jax.files import find

    names = [path.relative_to(folder).as_posix() for path in find.images(folder)]
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
        *("--size", str(judge_task(args).size), "--pairs", str(args.pairs), "-o", "judge"),
    ]
    os.chdir(work)
    os.execv(sys.executable, command)


def judge_task(args: argparse.Namespace) -> "Task":
    """The task of the part that judges, without the models that are trained before it.

    Raises:
        ValueError: if --pairs is wrong.
    """
    from adain_jax.evaluation.run import Task

    return Task(
        (str(args.judge_content),),
        (str(args.judge_style),),
        models=tuple(BATCHES),
        only_style=tuple(args.only) or None,
        only_content=tuple(args.only_content) or None,
        pairs=args.pairs,
    )


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
            write_numbers(Path(args.work) / "speed.json", {**numbers, "rows": rows})
            print(rows[-1], flush=True)


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "vgg16": lambda args: train_part("vgg16", args),
    "fast": lambda args: train_part("fast", args),
    "speed": speed,
    "judge": judge,
}
