"""The training loop."""

import math
import time
from pathlib import Path

import jax
import numpy as np
from tqdm import tqdm

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES
from adain_jax.runtime.atomic import make_folder
from adain_jax.runtime.interrupt import Interrupted, Interrupts
from adain_jax.training.calls import KINDS, Run, make_call
from adain_jax.training.checkpoint import Progress
from adain_jax.training.clock import Clock
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import (
    Placement,
    check_joined,
    check_same,
    largest_over_hosts,
    processes_here,
)
from adain_jax.training.initial import first_params
from adain_jax.training.record import Record
from adain_jax.training.sources import Cache, Images, Part
from adain_jax.training.step import create_state, make_optimizer, make_schedule
from adain_jax.training.supply import Supplies, counts_of, pool_shapes

_AGREE_EVERY = 10  # steps after which the hosts agree whether to stop
# The progress of a training by the clock, without tqdm's own count: a share is no number of steps.
_BY_TIME = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"


def train(config: TrainConfig, *, until: float = math.inf) -> Model:
    """Train a network by a recipe, or continue an interrupted training; return the model.

    `workdir` gets `checkpoints/`, `log.jsonl`, `tensorboard/` and `pictures/`, and with every
    checkpoint a `model.safetensors` for `adain_jax.load` and `adain-jax stylize --model`.

    Args:
        config: the recipe.
        until: the latest end of `minutes`, by `time.monotonic()`; at least one step is made.

    Raises:
        ValueError: if the recipe does not fit the devices, the data, the encoder or the checkpoint,
            or, naming the step and the images, if a loss is not finite.
        FileNotFoundError: if images or weights do not exist.
        Interrupted: on SIGTERM and SIGINT, once the state is saved.
    """
    check_joined()
    placement = Placement(jax.devices())
    devices = len(placement.devices)
    _check_batch(config, devices)
    workdir = Path(config.workdir)

    # ------------------------------------------------------------------ data
    held_out = config.validation_fraction > 0
    cache = Cache.of_share(config.cache_share / processes_here())
    images = _images(config, "training" if held_out else "all", cache)
    shown = _images(config, "validation", cache) if held_out else images
    model = Model.load(config.encoder)
    _check_teacher(config, model)
    make_folder(workdir)
    supplies = Supplies(config, images, placement)

    # ------------------------------------------------------------------ state
    optimizer = make_optimizer(config)
    writes = jax.process_index() == 0
    record = Record(config, model, images, (shown["content"], shown["style"]), write=writes)
    run = Run(
        create_state(config, first_params(config, model, replaced=record.resumes), optimizer),
        pool_shapes(config, model.architecture, model.params),
    )
    check_same(record.step, f"{workdir} has another newest checkpoint")
    run, progress = record.restore(run)
    supplies.start(progress.read)

    # ------------------------------------------------------------------ compilation
    most = config.steps_per_call if supplies.resident else 1
    calls = {
        phase: placement.compile(
            make_call(
                *(config, model.architecture, optimizer, phase),
                devices=devices,
                axis_name=placement.axis_name,
                steps=most,
            )
        )
        for phase in ("reconstruction", "style")
    }
    frozen = placement.replicate(model.params)
    clock = Clock(config, progress.seconds, until)
    position = clock.position(int(run.state.step))
    if not run.pool and not clock.over(int(run.state.step)):
        run = run._replace(pool=supplies.fill(model.architecture, frozen))
    number, pairs = int(run.state.step), progress.pairs
    run = placement.replicate(run)
    schedule = make_schedule(config)

    # ------------------------------------------------------------------ steps
    since, last, told, compiled = time.perf_counter(), number, None, set()
    bar = tqdm(
        total=config.steps,
        initial=round(position),
        desc="compile",
        unit="step",
        bar_format=_BY_TIME if config.minutes else None,
        disable=not writes,
    )
    with record, bar, Interrupts() as interrupts:
        if clock.over(number):
            record.finished(placement.first(run).state, progress)
        while not clock.over(number):
            phase = "reconstruction" if position < config.reconstruction_steps else "style"
            count = min(most, _steps_until_something(config, number))
            previous = told
            if phase not in compiled:
                clock.pause()
            supply = supplies.take(counts_of(config, number, devices))
            arguments = np.float32(position), np.int32(count)
            run, told = calls[phase](
                *(run, frozen, supply), *(placement.everywhere(x) for x in arguments)
            )
            if (
                not clock.running
            ):  # a phase's first call includes its compilation, without the clock
                jax.block_until_ready(told)
                compiled.add(phase)
                clock.start()
                bar.set_description("train")
            jax.block_until_ready(previous)  # the host is at most one call ahead of the devices
            record.add(placement.first(told), count)
            reached = position if config.minutes else number + count - 1
            number, pairs = number + count, pairs + count * config.batch_size
            position = clock.position(number)
            bar.update(round(position) - bar.n)

            stop = interrupts.received
            if jax.process_count() > 1:
                stop = largest_over_hosts(stop) if number % _AGREE_EVERY == 0 else 0
            end = clock.over(number) or bool(stop)
            if number % config.log_every == 0 or end:
                record.check(number)
                seconds = time.perf_counter() - since
                speed = (number - last) * config.batch_size / seconds
                means = record.line(
                    number,
                    phase=phase,
                    learning_rate=float(schedule(reached)),
                    images_per_second=round(speed, 2),
                    seconds_per_step=round(seconds / (number - last), 4),
                    waiting_for_data=round(supplies.waited / seconds, 4),
                )
                known = {"step": number} if config.minutes else {}
                bar.set_postfix(known, loss=f"{means['loss']:.3f}", images_per_s=f"{speed:.1f}")
                supplies.waited, since, last = 0.0, time.perf_counter(), number
                record.skipped(number)
            if record.due(number) or end:
                progress = Progress(pairs, dict(supplies.read), clock.seconds)
                record.look(number, placement.first(run), progress, end=end, stopped=bool(stop))
            if stop:
                raise Interrupted(stop, f"stopped at step {number}, saved in {workdir}")
    return record.model(placement.first(run).state)


def _steps_until_something(config: TrainConfig, step: int) -> int:
    """The number of steps from `step` to the next one after which the loop has something to do."""
    every = [config.log_every, config.checkpoint_every, config.pictures_every]
    every += [config.validate_every] * (config.validation_fraction > 0)
    every += [_AGREE_EVERY] * (jax.process_count() > 1)
    ends = [] if config.minutes else [config.reconstruction_steps, config.steps]
    return min(*(x - step % x for x in every if x), *(x - step for x in ends if x > step))


def _check_batch(config: TrainConfig, devices: int) -> None:
    if config.batch_size % (devices * config.accumulate):
        times = f" times accumulate {config.accumulate}" if config.accumulate > 1 else ""
        raise ValueError(
            f"config: batch_size {config.batch_size} is no multiple of the {devices} devices{times}"
        )


def _check_teacher(config: TrainConfig, model: Model) -> None:
    network = ARCHITECTURES[model.architecture]
    teaches = "decoder" in model.params and not (network.content or network.concatenates)
    if config.teacher_weight and not teaches:
        raise ValueError(
            f"config: teacher_weight: {config.encoder} cannot teach: it is no VGG with a decoder "
            "that takes styles; set encoder to one, such as vgg16, or teacher_weight to 0"
        )


def _images(config: TrainConfig, part: Part, cache: Cache) -> dict[str, Images]:
    places = {"content": config.content, "style": config.style}
    sizes = {"content": config.content_size, "style": config.style_size}
    options = {
        "part": part,
        "validation_fraction": config.validation_fraction,
        "cache": cache,
    }
    return {kind: Images(places[kind], sizes[kind], **options) for kind in KINDS}
