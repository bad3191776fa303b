"""The training loop."""

import math
import time
from pathlib import Path

import jax
import jax.numpy as jnp
from tqdm import tqdm

from adain_jax.checks import Params
from adain_jax.model import Model
from adain_jax.networks import DEPTHS, Decoder
from adain_jax.training.checkpoint import Checkpoints
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import make_batches
from adain_jax.training.devices import Placement
from adain_jax.training.metrics import MetricsLog
from adain_jax.training.step import TrainState, create_state, make_optimizer, make_step


def train(config: TrainConfig) -> Model:
    """Train a decoder as `config` says, or go on with it; returns the finished model.

    `workdir` gets `checkpoints/`, `log.jsonl`, and, with every checkpoint, `model.safetensors`,
    which `adain_jax.load` and `adain-jax stylize --model` take.

    Raises:
        ValueError: if the batch cannot be shared among the devices, or the loss is not finite.
        FileNotFoundError: if images or the encoder are not there.
    """
    placement = Placement(jax.local_devices())
    if config.batch_size % len(placement.devices):
        raise ValueError(
            f"config: batch_size {config.batch_size} is no multiple of the "
            f"{len(placement.devices)} devices"
        )
    workdir = Path(config.workdir)
    workdir.mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------------ model and optimizer
    model = Model.load(config.encoder)
    module = Decoder(DEPTHS[model.architecture])
    features = jnp.zeros((1, 1, 1, 512))
    decoder: Params = dict(module.init(jax.random.key(config.seed), features)["params"])
    optimizer = make_optimizer(config)
    state = create_state(decoder, optimizer)

    # ------------------------------------------------------------------ data and checkpoints
    batches = iter(make_batches(config, model))
    checkpoints = Checkpoints(workdir / "checkpoints", config.keep)
    state = checkpoints.restore(state, batches)
    start = int(state.step)
    if start:
        print(f"going on from step {start} in {workdir}")

    # ------------------------------------------------------------------ steps
    steps = {
        phase: placement.compile(make_step(config, model, optimizer, phase, placement.axis_name))
        for phase in ("reconstruction", "style")
    }
    encoder = placement.replicate(model.params["encoder"])
    state = placement.replicate(state)
    log = MetricsLog(workdir / "log.jsonl")
    last = time.perf_counter(), start
    try:
        with tqdm(total=config.steps, initial=start, desc="train", unit="step") as bar:
            for number in range(start + 1, config.steps + 1):
                phase = "reconstruction" if number <= config.reconstruction_steps else "style"
                state, metrics = steps[phase](state, encoder, placement.shard(next(batches)))
                log.add(placement.first(metrics))
                bar.update()
                if number % config.log_every == 0 or number == config.steps:
                    now = time.perf_counter()
                    seconds, last = (now - last[0]) / (number - last[1]), (now, number)
                    means = log.write(step=number, phase=phase, seconds_per_step=round(seconds, 4))
                    bar.set_postfix(loss=f"{means['loss']:.3f}")
                if number % config.checkpoint_every == 0 or number == config.steps:
                    loss = float(placement.first(metrics)["loss"])
                    if not math.isfinite(loss):  # and so keep the last good checkpoint
                        raise ValueError(f"the loss is {loss} at step {number}")
                    current = placement.first(state)
                    # The model first: a run that finds its last checkpoint has no step to make.
                    _export(config, model, current, workdir)
                    checkpoints.save(current, batches)
    finally:
        log.close()
        checkpoints.close()
    return Model.load(workdir / "model.safetensors")


def _export(config: TrainConfig, model: Model, state: TrainState, workdir: Path) -> None:
    trained = Model.create(model.architecture, model.params["encoder"], state.decoder)
    samples = int(state.step) * config.batch_size
    metadata = {"steps": str(int(state.step)), "samples": str(samples)}
    trained.save(workdir / "model.safetensors", metadata=metadata)
