"""The training loop."""

import time
from pathlib import Path

import jax
from tqdm import tqdm

from adain_jax.model import Model
from adain_jax.runtime.atomic import make_folder
from adain_jax.runtime.interrupt import Interrupted, Interrupts
from adain_jax.training.bank import StyleBank
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import Pairs
from adain_jax.training.devices import Placement, largest_over_hosts
from adain_jax.training.initial import first_params
from adain_jax.training.record import Record
from adain_jax.training.sources import Cache, Images, Part
from adain_jax.training.step import create_state, make_optimizer, make_schedule, make_step

_AGREE_EVERY = 10  # steps between the hosts' asking each other whether to stop


def train(config: TrainConfig) -> Model:
    """Train a network as `config` says, or go on with it; returns the finished model.

    `workdir` gets `checkpoints/`, `log.jsonl`, `tensorboard/`, `pictures/`, and, with every
    checkpoint, `model.safetensors`, which `adain_jax.load` and `adain-jax stylize --model` take.

    Raises:
        ValueError: if the recipe does not fit the devices, the data or the checkpoint, or, naming
            the step and the images, if a loss is not finite.
        FileNotFoundError: if images or weights are not there.
        Interrupted: on SIGTERM and SIGINT, once the state is saved.
    """
    placement = Placement(jax.devices())
    _check_batch(config, len(placement.devices))
    workdir = Path(config.workdir)

    # ------------------------------------------------------------------ data
    held_out = config.validation_fraction > 0
    cache = Cache.of_share(config.cache_share)
    contents, styles = _images(config, "training" if held_out else "all", cache)
    shown = _images(config, "validation", cache) if held_out else (contents, styles)
    model = Model.load(config.encoder)
    if config.teacher_weight and "decoder" not in model.params:
        raise ValueError(f"config: teacher_weight: {config.encoder} has no decoder to learn from")
    make_folder(workdir)

    def freeze(styles: Images) -> StyleBank:
        return StyleBank(styles, model, config.style_crop_size, workdir)

    pairs = Pairs(config, contents, styles, freeze if config.frozen_styles else None)

    # ------------------------------------------------------------------ state
    optimizer = make_optimizer(config)
    state = create_state(config, first_params(config, model), optimizer)
    record = Record(config, model, shown, write=jax.process_index() == 0)
    state, used = record.restore(state)
    start = int(state.step)

    # ------------------------------------------------------------------ compilation
    steps = {
        phase: placement.compile(
            make_step(config, model.architecture, optimizer, phase, placement.axis_name)
        )
        for phase in ("reconstruction", "style")
    }
    frozen = placement.replicate(model.params)
    state = placement.replicate(state)
    schedule = make_schedule(config)

    # ------------------------------------------------------------------ steps
    batches = pairs.batches(
        used, config.batch_size, process=jax.process_index(), processes=jax.process_count()
    )
    waited, since, last = 0.0, time.perf_counter(), start
    bar = tqdm(
        total=config.steps, initial=start, desc="train", unit="step", disable=not record.writes
    )
    with record, bar, Interrupts() as interrupts:
        for number in range(start + 1, config.steps + 1):
            asked = time.perf_counter()
            batch = placement.shard(next(batches))
            waited += time.perf_counter() - asked
            phase = "reconstruction" if number <= config.reconstruction_steps else "style"
            state, metrics = steps[phase](state, frozen, batch)
            used += config.batch_size
            record.add(placement.first(metrics))
            bar.update()

            stop = interrupts.received
            if jax.process_count() > 1:
                stop = largest_over_hosts(stop) if number % _AGREE_EVERY == 0 else 0
            end = number == config.steps or bool(stop)
            if number % config.log_every == 0 or end:
                record.check(number, pairs, used)
                seconds = time.perf_counter() - since
                images = (number - last) * config.batch_size / seconds
                means = record.line(
                    number,
                    phase=phase,
                    learning_rate=float(schedule(number - 1)),
                    images_per_second=round(images, 2),
                    seconds_per_step=round(seconds / (number - last), 4),
                    waiting_for_data=round(waited / seconds, 4),
                )
                bar.set_postfix(loss=f"{means['loss']:.3f}", images_per_s=f"{images:.1f}")
                waited, since, last = 0.0, time.perf_counter(), number
                record.skipped(number, contents, styles)
            if record.due(number) or end:
                record.look(number, placement.first(state), pairs, used, end=end)
            if stop:
                raise Interrupted(stop, f"stopped at step {number}, saved in {workdir}")
    return record.model(placement.first(state))


def _check_batch(config: TrainConfig, devices: int) -> None:
    if config.batch_size % (devices * config.accumulate):
        times = f" times accumulate {config.accumulate}" if config.accumulate > 1 else ""
        raise ValueError(
            f"config: batch_size {config.batch_size} is no multiple of the {devices} devices{times}"
        )


def _images(config: TrainConfig, part: Part, cache: Cache) -> tuple[Images, Images]:
    options = {
        "part": part,
        "validation_fraction": config.validation_fraction,
        "cache": cache,
    }
    return (
        Images(config.content, config.content_size, **options),
        Images(config.style, config.style_size, **options),
    )
