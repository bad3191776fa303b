r"""Times the training step, and compares it with the same step in PyTorch, in one run.

    pip install -e '.[train,convert]'
    python benchmarks/train_step.py --crop 128 --batch 8 --json train_step.json

Both train a plain decoder, from the shipped convolutions, on the same images with known styles: a
step encodes the contents, applies AdaIN, decodes, encodes the pictures, and computes content and
style loss, gradients and Adam's update. The programs take turns, a step each, so that a busy
machine slows all of them equally. The table has medians, quartiles, and ratios to the fastest of
PyTorch's.

    python benchmarks/train_step.py --crop 128 --batch 8 --recipe refine

instead times the whole step of a recipe, with crops and augmentation: with the recipe's pool, with
every crop encoded in its step, with a pool that is never renewed, and without the identity loss.
Ratios are then to the second of these.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

import adain_jax
from adain_jax.ops.losses import tap_stats
from adain_jax.runtime.memory import keep_freed_memory
from adain_jax.training.calls import Run, Supply, make_call, make_fill
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import Placement
from adain_jax.training.initial import first_params
from adain_jax.training.packed import pack
from adain_jax.training.recipes import load
from adain_jax.training.step import create_state, make_optimizer, make_step
from adain_jax.training.supply import halved, pool_sizes

Step = Callable[[], None]


def ours(model: adain_jax.Model, batch: dict, compute: str) -> Step:
    """A function that makes one step of `adain_jax.training`, on one device."""
    size = batch["content"].shape[1]
    config = TrainConfig(crop_size=size, batch_size=len(batch["content"]), compute=compute)
    placement = Placement(jax.devices()[:1])
    optimizer = make_optimizer(config)
    step = placement.compile(make_step(config, model.architecture, optimizer, "style"))
    state = placement.replicate(
        create_state(config, {"decoder": model.params["decoder"]}, optimizer)
    )
    frozen = placement.replicate(model.params)

    def run() -> None:
        nonlocal state
        state, metrics = step(state, frozen, batch)
        metrics["loss"].block_until_ready()

    return run


def of_recipe(config: TrainConfig, model: adain_jax.Model) -> Step:
    """A function that makes one call of a recipe's training, on noise in the device's memory."""
    rng = np.random.default_rng(0)
    placement = Placement(jax.devices()[:1])
    optimizer = make_optimizer(config)
    images = {}
    for kind, size in (("content", config.crop_size), ("style", config.style_crop_size)):
        noise = rng.integers(256, size=(8, size + 32, size + 32, 3), dtype=np.uint8)
        images[kind] = placement.replicate(pack(list(noise), np.arange(8), np.ones(8)))
    supply = Supply(placement.everywhere(np.int32(0)), images)
    frozen = placement.replicate(model.params)
    pool = {}
    for kind, count in pool_sizes(config).items():
        fill = placement.compile(make_fill(config, "vgg16", kind, 1), donate=False)
        batch = fill(frozen, supply, placement.everywhere(np.int32(0)))
        pool[kind] = jax.tree.map(
            lambda x, n=count: np.repeat(halved(x), n // config.batch_size, 0), batch
        )
    state = create_state(config, first_params(config, model), optimizer)
    run = placement.replicate(Run(state, pool))
    call = placement.compile(make_call(config, "vgg16", optimizer, "style"))
    scalars = placement.everywhere(np.float32(0)), placement.everywhere(np.int32(1))

    def step() -> None:
        nonlocal run
        run, told = call(run, frozen, supply, *scalars)
        jax.block_until_ready(told)

    return step


def recipes(name: str, crop: int, batch: int) -> dict[str, TrainConfig]:
    """A recipe and three variants that leave something out, by name."""
    config = load(name)
    config = replace(config, crop_size=crop, batch_size=batch)
    every = replace(config, pool_contents=0, pool_styles=0)
    return {
        name: config,
        f"{name}, every crop encoded": every,
        f"{name}, never renewed": replace(config, renew_every=1 << 30),
        f"{name}, no identity loss": replace(config, identity_weight=0.0),
    }


def theirs(model: adain_jax.Model, batch: dict, *, compiled: bool, autocast: bool) -> Step:
    """A function that makes the same step in PyTorch, channels last, eager or compiled."""
    import torch
    from torch.nn import functional
    from torch_network import Decoder, Encoder, statistics_of

    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder, decoder = Encoder(model), Decoder(replace(model, architecture="vgg16"))
    encoder.requires_grad_(False)
    for module in (encoder, decoder):
        module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(decoder.parameters(), 1e-4)
    stats = [
        tuple(torch.tensor(np.asarray(x), device=device)[:, :, None, None] for x in pair)
        for _, pair in sorted(batch["style_stats"].items())
    ]

    def loss_of(images):
        with torch.no_grad():
            content = encoder(images)[-1]
            mean, std = statistics_of(content)
            target = (content - mean) / std * stats[-1][1] + stats[-1][0]
        taps = encoder(decoder([target]))
        style = sum(
            functional.mse_loss(x, y)
            for tap, wanted in zip(taps, stats, strict=True)
            for x, y in zip(statistics_of(tap), wanted, strict=True)
        )
        return functional.mse_loss(taps[-1].float(), target.float()) + 10 * style

    function = torch.compile(loss_of) if compiled else loss_of
    pixels = torch.tensor(batch["content"])

    def run() -> None:
        images = pixels.to(device).permute(0, 3, 1, 2).float() / 255
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16, enabled=autocast):
            loss = function(images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device

    return run


def against_torch(model: adain_jax.Model, crop: int, batch_size: int) -> dict[str, Step]:
    """The programs that make the same step in PyTorch and here, by name."""
    import torch

    rng = np.random.default_rng(0)
    content, style = rng.integers(256, size=(2, batch_size, crop, crop, 3), dtype=np.uint8)
    encode = jax.jit(lambda model, images: tap_stats(model.taps(images)))
    stats = jax.tree.map(np.asarray, encode(model, style.astype(np.float32) / 255))
    batch = {"content": content, "style_stats": stats}

    programs = {
        "PyTorch, eager": theirs(model, batch, compiled=False, autocast=False),
        "PyTorch, torch.compile": theirs(model, batch, compiled=True, autocast=False),
        "adain_jax": ours(model, batch, "float32"),
    }
    if torch.cuda.is_available():
        programs["PyTorch, torch.compile, bfloat16"] = theirs(
            model, batch, compiled=True, autocast=True
        )
        programs["adain_jax, bfloat16"] = ours(model, batch, "bfloat16")
    return programs


def main() -> None:
    parser = argparse.ArgumentParser(description="the training step against PyTorch's")
    parser.add_argument("--crop", type=int, default=128, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, default=8, help="images in a step")
    parser.add_argument("--steps", type=int, default=10, help="timed steps of each program")
    parser.add_argument("--recipe", help="time the whole step of a recipe in configs/")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    args = parser.parse_args()

    keep_freed_memory()
    model = adain_jax.load()
    if args.recipe:
        configs = recipes(args.recipe, args.crop, args.batch)
        programs = {name: of_recipe(config, model) for name, config in configs.items()}
    else:
        programs = against_torch(model, args.crop, args.batch)

    times: dict[str, list[float]] = {name: [] for name in programs}
    for name, program in programs.items():
        start = time.perf_counter()
        for _ in range(3):  # to compile and warm up
            program()
        print(f"{name}: ready after {time.perf_counter() - start:.0f} s", flush=True)
    for _ in range(args.steps):
        for name, program in programs.items():
            start = time.perf_counter()
            program()
            times[name].append(time.perf_counter() - start)

    if args.recipe:
        against = list(times)[1]
        best = statistics.median(times[against])
    else:
        against = "PyTorch's best"
        best = min(statistics.median(x) for name, x in times.items() if name.startswith("PyTorch"))
    where = f"{jax.devices()[0].device_kind}, {platform.processor() or platform.machine()}"
    print(
        f"\n{args.batch} images of {args.crop}x{args.crop} on {where}; Python "
        f"{platform.python_version()}, jax {jax.__version__}\n"
    )
    print(f"| program | ms a step (quartiles) | images/s | times as fast as {against} |")
    print("| --- | --- | --- | --- |")
    rows = {}
    for name, seconds in times.items():
        low, middle, high = statistics.quantiles(seconds, n=4)
        rows[name] = {"median_s": middle, "quartiles_s": [low, high], "ratio": best / middle}
        print(
            f"| {name} | {middle * 1e3:.0f} ({low * 1e3:.0f}-{high * 1e3:.0f}) | "
            f"{args.batch / middle:.1f} | {best / middle:.2f} |"
        )
    if args.json:
        args.json.write_text(json.dumps({**vars(args), "json": None, "programs": rows}, indent=2))


if __name__ == "__main__":
    main()
