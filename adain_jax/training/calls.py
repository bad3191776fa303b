"""The work of devices in one call: they draw and vary crops, renew the pool, and make steps."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import optax

from adain_jax.networks.params import Params
from adain_jax.training.config import TrainConfig
from adain_jax.training.loss import Batch, Metrics, Phase, make_description
from adain_jax.training.packed import Packed, crop
from adain_jax.training.step import TrainState, make_step
from adain_jax.training.synthetic import synthetic
from adain_jax.training.vary import mix, recolor

KINDS = ("content", "style")
SYNTHETIC = -1  # the number of a generated style, which is not an image of the list

Pool = dict[str, Batch]  # the described crops of each kind that has a pool
_Tree = TypeVar("_Tree")


class Run(NamedTuple):
    """The state that calls change. It is the same on all devices.

    Attributes:
        state: the state of the training.
        pool: the crops whose features are kept, by kind.
    """

    state: TrainState
    pool: Pool


class Supply(NamedTuple):
    """The source of crops on one device.

    Attributes:
        rank: the number of the device, an int32 scalar; devices are counted host by host.
        images: for each kind `Packed`, or a dictionary of crops that the host cut, with `image` and
            `number`.
    """

    rank: jax.Array
    images: Mapping[str, Packed | Batch]


class Outcome(NamedTuple):
    """The results of a call. The first axis is that of its steps.

    Attributes:
        metrics: the means over all devices.
        numbers: the numbers of the images in the batch, by kind, (steps, batch_size).
    """

    metrics: Metrics
    numbers: dict[str, jax.Array]


CallFunction = Callable[..., tuple[Run, Outcome]]


def make_call(
    config: TrainConfig,
    architecture: str,
    optimizer: optax.GradientTransformation,
    phase: Phase,
    devices: int = 1,
    axis_name: str | None = None,
    steps: int = 1,
) -> CallFunction:
    """The steps of one device in a call, `(run, frozen, supply, position, count) -> (run, told)`.

    The function is not compiled. `position` is the position on the schedules, in steps; it is used
    if the recipe has `minutes`, otherwise the schedules follow the steps. `count` is the number of
    steps to make, at most `steps`.

    Args:
        config: the recipe.
        architecture: the architecture of the frozen model.
        optimizer: from `make_optimizer`.
        phase: as in `make_loss`.
        devices: the number of devices of all hosts.
        axis_name: the name of the axis of these devices.
        steps: the largest number of steps in a call. It may exceed 1 only if all images are packed.
    """
    samplers = _Samplers(config, architecture)
    train = make_step(config, architecture, optimizer, phase, axis_name)
    share, renewal = config.batch_size // devices, renewed(config, devices) // devices

    def step(run: Run, frozen: Params, supply: Supply, position: jax.Array) -> tuple[Run, Outcome]:
        state, pool = run
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(config.seed), 0), state.step)
        new, cut, picked, mixed = jax.random.split(key, 4)
        if pool:
            due = state.step % config.renew_every == 0
            turn = state.step // config.renew_every
            fresh = samplers.fresh(new, frozen, supply, dict.fromkeys(pool, renewal), due)
            fresh = _gathered(fresh, axis_name)
            pool = {kind: _renew(pool[kind], fresh[kind], turn, due) for kind in pool}
        direct = {kind: share for kind in KINDS if kind not in pool}
        batch = samplers.fresh(cut, frozen, supply, direct)
        for kind in pool:
            keys = samplers.keys(_of(kind, picked), supply, share)
            batch[kind] = jax.tree.map(lambda x, keys=keys: x[_places(keys, len(x))], pool[kind])
        numbers = _gathered({kind: batch[kind].pop("number") for kind in KINDS}, axis_name)
        batch = {name: x for part in batch.values() for name, x in part.items()}
        if config.style_mix:
            others = _gathered(batch["style_stats"], axis_name)
            keys = samplers.keys(mixed, supply, share)
            batch["style_stats"] = jax.vmap(lambda key, x: mix(key, x, others, config.style_mix))(
                keys, batch["style_stats"]
            )
        where = position if config.minutes else state.step
        state, metrics = train(state, frozen, batch, where)
        return Run(state, pool), Outcome(metrics, numbers)

    def call(
        run: Run, frozen: Params, supply: Supply, position: jax.Array, count: jax.Array
    ) -> tuple[Run, Outcome]:
        if steps == 1:
            run, told = step(run, frozen, supply, position)
            return run, jax.tree.map(lambda x: x[None], told)
        shapes = jax.eval_shape(lambda: step(run, frozen, supply, position))[1]
        room = jax.tree.map(lambda x: jnp.zeros((steps, *x.shape), x.dtype), shapes)

        def body(number: jax.Array, carry: tuple[Run, Outcome]) -> tuple[Run, Outcome]:
            run, told = carry
            run, new = step(run, frozen, supply, position)
            return run, jax.tree.map(lambda x, y: x.at[number].set(y), told, new)

        return jax.lax.fori_loop(0, count, body, (run, room))

    return call


def make_fill(
    config: TrainConfig, architecture: str, kind: str, devices: int, axis_name: str | None = None
) -> Callable[[Params, Supply, jax.Array], Batch]:
    """A function `(frozen, supply, number) -> batch` that makes a batch for the pool of a kind.

    The function is not compiled. `number` is the number of the batch. The result is the same on all
    devices.
    """
    samplers = _Samplers(config, architecture)
    share = config.batch_size // devices

    def fill(frozen: Params, supply: Supply, number: jax.Array) -> Batch:
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(config.seed), 1), number)
        return _gathered(samplers.fresh(key, frozen, supply, {kind: share})[kind], axis_name)

    return fill


def renewed(config: TrainConfig, devices: int) -> int:
    """The number of samples that are renewed at once: `renew`, rounded up to equal device shares.

    >>> renewed(TrainConfig(renew=3), devices=2)
    4
    """
    return -(-config.renew // devices) * devices


def crop_size(config: TrainConfig, kind: str) -> int:
    """The side of the crops of a kind, in pixels."""
    return config.crop_size if kind == "content" else config.style_crop_size


class _Samplers:
    """Makes samples: crops and their descriptions."""

    def __init__(self, config: TrainConfig, architecture: str) -> None:
        self._config = config
        self._describe = make_description(config, architecture)

    def keys(self, key: jax.Array, supply: Supply, count: int) -> jax.Array:
        """A key for each of this device's `count` samples.

        The keys of all devices together do not depend on the number of devices.
        """
        numbers = supply.rank * count + jnp.arange(count, dtype=jnp.int32)
        return jax.vmap(lambda number: jax.random.fold_in(key, number))(numbers)

    def fresh(
        self,
        key: jax.Array,
        frozen: Params,
        supply: Supply,
        counts: dict[str, int],
        due: jax.Array | None = None,
    ) -> dict[str, Batch]:
        """Make `counts` new samples of each kind, with descriptions; zeros if they are not due."""

        def make() -> dict[str, Batch]:
            squares, numbers = {}, {}
            for kind, count in counts.items():
                keys = self.keys(_of(kind, key), supply, count)
                squares[kind], numbers[kind] = self._squares(kind, keys, supply.images[kind])
            known = self._known(frozen, squares)
            return {kind: {**known[kind], "number": numbers[kind]} for kind in counts}

        if due is None or not counts:
            return make()
        shapes = jax.eval_shape(make)
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        return jax.lax.cond(due, make, lambda: zeros)

    def _squares(
        self, kind: str, keys: jax.Array, images: Packed | Batch
    ) -> tuple[jax.Array, jax.Array]:
        config = self._config
        size = crop_size(config, kind)
        if isinstance(images, Packed):
            squares, numbers = jax.vmap(lambda key: crop(images, key, size, flip=config.flip))(keys)
        else:
            squares, numbers = images["image"], images["number"]
        if kind == "content":
            return squares, numbers
        vary = jax.vmap(lambda key, square, number: _varied(key, square, number, config))
        return vary(keys, squares, numbers)

    def _known(self, frozen: Params, squares: Batch) -> dict[str, Batch]:
        """The descriptions by kind, computed in `accumulate` parts if these divide all batches."""
        parts = self._config.accumulate
        if not squares or parts == 1 or any(len(x) % parts for x in squares.values()):
            known = self._describe(frozen, squares)
        else:
            cut = jax.tree.map(lambda x: x.reshape(parts, -1, *x.shape[1:]), squares)
            known = jax.lax.map(lambda part: self._describe(frozen, part), cut)
            known = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), known)
        known.pop("style", None)  # its pixels are not used again
        return {
            kind: {k: x for k, x in known.items() if k.startswith("style") == (kind == "style")}
            for kind in squares
        }


def _varied(
    key: jax.Array, square: jax.Array, number: jax.Array, config: TrainConfig
) -> tuple[jax.Array, jax.Array]:
    """Change the colours of a style, or replace it by a generated one."""
    whether, how, colors = jax.random.split(jax.random.fold_in(key, 1), 3)
    if config.style_synthetic:
        made = jax.random.bernoulli(whether, config.style_synthetic)
        square = jnp.where(made, synthetic(how, square.shape[0]), square)
        number = jnp.where(made, SYNTHETIC, number)
    return recolor(colors, square, config), number


def _gathered(tree: _Tree, axis_name: str | None) -> _Tree:
    """Gather the samples of all devices on every device."""
    if axis_name is None:
        return tree
    return jax.tree.map(lambda x: jax.lax.all_gather(x, axis_name, tiled=True), tree)


def _renew(pool: Batch, fresh: Batch, turn: jax.Array, due: jax.Array) -> Batch:
    """Replace the oldest samples of a pool by new ones, if they are due."""

    def put(kept: jax.Array, new: jax.Array) -> jax.Array:
        places = (turn * len(new) + jnp.arange(len(new), dtype=jnp.int32)) % len(kept)
        return kept.at[places].set(jnp.where(due, new.astype(kept.dtype), kept[places]))

    return jax.tree.map(put, pool, fresh)


def _places(keys: jax.Array, count: int) -> jax.Array:
    """A random index below `count` for each key."""
    return jax.vmap(lambda key: jax.random.randint(key, (), 0, count, jnp.int32))(keys)


def _of(kind: str, key: jax.Array) -> jax.Array:
    """Derive a separate key for each kind."""
    return jax.random.fold_in(key, KINDS.index(kind))
