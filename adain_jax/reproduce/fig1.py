"""Figure 1: instance and batch normalisation on plain and on normalised images."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from PIL import Image, ImageOps
from tqdm import tqdm

from adain_jax.baselines import feedforward
from adain_jax.baselines.feedforward import FeedForward, StepFunction
from adain_jax.model import Model
from adain_jax.networks.params import Params
from adain_jax.ops.losses import TapStats, tap_stats
from adain_jax.ops.pixels import from_float, to_float
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.race import Curves, crops, race, smooth, tail
from adain_jax.reproduce.settings import Settings
from adain_jax.training.loss import Batch, Metrics
from adain_jax.training.step import TrainState

KINDS = ("batch", "instance")
SETS = ("as they are", "contrast-normalised", "style-normalised")
SEEDS = 3  # trainings of each kind, with different initial weights and crops
LEARNING_RATE = 1e-3
_SHOWN = 3
_NORMALIZED_AT_ONCE = 16


def make(settings: Settings, folder: Path) -> Page:
    """Train networks for one style with each normalisation on each set of images."""
    model = Model.load(settings.model)
    contents, [style] = settings.shown(_SHOWN, 1)
    stats = tap_stats(model.taps(to_float(jnp.asarray(style))[None]))
    optimizer = optax.adam(optax.linear_schedule(LEARNING_RATE / 10, LEARNING_RATE, 30))
    networks = {kind: FeedForward(kind) for kind in KINDS}
    steps = {
        kind: jax.jit(feedforward.make_step(feedforward.make_loss(network), optimizer))
        for kind, network in networks.items()
    }

    def train(name: str, images: np.ndarray) -> tuple[dict[str, TrainState], Curves]:
        runners = {
            _runner(kind, seed): (
                partial(_step, steps[kind], model, stats, seed),
                feedforward.create_state(
                    feedforward.initialize(network, jax.random.key(settings.seed + seed)),
                    optimizer,
                ),
            )
            for kind, network in networks.items()
            for seed in range(SEEDS)
        }
        return race(
            runners,
            _batches(images, settings),
            # An equal share of the time that is left.
            seconds=settings.left() / (len(SETS) - SETS.index(name)),
            steps=settings.steps,
            title=f"fig. 1, images {name}",
        )

    plain, contrast, styled = SETS
    images, curves = settings.training, {}
    states, curves[plain] = train(plain, images)
    _, curves[contrast] = train(contrast, equalized(images))
    trained = {kind: states[_runner(kind, 0)].params for kind in KINDS}
    # The images are stylized by a network for this style, as in the paper.
    normalized = _stylized(networks["instance"], trained["instance"], images)
    _, curves[styled] = train(styled, normalized)

    pictures = []
    for kind, network in networks.items():
        variables = {"params": trained[kind]}
        if kind == "batch":
            batch = _middle(images[:64], settings.crop)
            variables |= feedforward.population(network, trained[kind], batch)
        pictures.append(feedforward.stylize(network, variables, jnp.asarray(contents)))

    rows = [
        (name, kind, seed, number, values["style_loss"], values["content_loss"])
        for name in SETS
        for kind in KINDS
        for seed in range(SEEDS)
        for number, values in enumerate(curves[name][_runner(kind, seed)])
    ]
    columns = ("images", "kind", "seed", "step", "style", "content")
    write_csv(folder / "numbers.csv", columns, rows)
    _plot(folder / "plot.png", curves)
    picture_grid(
        folder / "pictures.jpg",
        [list(contents), *(list(np.asarray(each)) for each in pictures)],
        names=("photograph", "batch", "instance"),
    )
    gaps = {name: _gaps(curves[name]) for name in SETS}
    table = [
        (name, len(curves[name][_runner("batch", 0)]),
         *(float(_tails(curves[name], kind).mean()) for kind in KINDS), _list(gaps[name]))
        for name in SETS
    ]  # fmt: skip
    return Page(
        "Figure 1: instance against batch normalisation",
        "Networks for one style, trained in pairs, one with batch and one with instance "
        f"normalisation, from the same weights and on the same crops of {settings.crop} pixels, "
        f"{settings.batch} in a batch, by Adam at {LEARNING_RATE:g}; {SEEDS} pairs, each of other "
        "weights and crops. Contrast-normalised images have their luminance equalised; "
        "style-normalised ones were first brought to the style by the first pair's network with "
        "instance normalisation, trained on images as they are. Losses are means over the last "
        "quarter of the steps; the gap is batch over instance, less one, and claims are judged by "
        "its mean.",
        _claims(gaps),
        ("images", "steps", "style loss, batch", "instance", "gaps"),
        table,
        {
            "plot.png": "Style loss while training: means, and the range of the trainings",
            "pictures.jpg": "Pictures of two networks, trained on images as they are",
        },
    )


def equalized(images: np.ndarray) -> np.ndarray:
    """Equalise the histograms of luminance of images, uint8 (N, H, W, 3)."""

    def equalize(image: np.ndarray) -> np.ndarray:
        luma, *chroma = Image.fromarray(image).convert("YCbCr").split()
        return np.asarray(Image.merge("YCbCr", (ImageOps.equalize(luma), *chroma)).convert("RGB"))

    return np.stack([equalize(image) for image in images])


def _stylized(network: FeedForward, params: Params, images: np.ndarray) -> np.ndarray:
    """Stylize images with a network for one style; uint8, as the images."""
    parts = np.split(images, range(_NORMALIZED_AT_ONCE, len(images), _NORMALIZED_AT_ONCE))
    bar = tqdm(parts, desc="normalise the style", unit="batch", disable=None, leave=False)
    pictures = [feedforward.stylize(network, {"params": params}, jnp.asarray(x)) for x in bar]
    return from_float(np.concatenate(pictures), np.uint8, xp=np)


def _batches(images: np.ndarray, settings: Settings) -> Iterator[list[Batch]]:
    """Yield lists with one batch for each seed."""
    each = [
        crops(images, settings.crop, settings.batch, np.random.default_rng(settings.seed + seed))
        for seed in range(SEEDS)
    ]
    for batches in zip(*each, strict=True):
        yield [{"content": batch, "style": np.zeros(len(batch), int)} for batch in batches]


def _step(
    step: StepFunction,
    model: Model,
    stats: TapStats,
    seed: int,
    state: TrainState,
    batches: list[Batch],
) -> tuple[TrainState, Metrics]:
    return step(state, model, stats, batches[seed])


def _runner(kind: str, seed: int) -> str:
    return f"{kind} {seed}"


def _middle(images: np.ndarray, size: int) -> jax.Array:
    start = (images.shape[1] - size) // 2
    return jnp.asarray(images[:, start : start + size, start : start + size])


def _tails(curves: Curves, kind: str) -> np.ndarray:
    return np.array([tail(curves[_runner(kind, seed)], "style_loss") for seed in range(SEEDS)])


def _gaps(curves: Curves) -> np.ndarray:
    """For each seed, by which share the style loss is higher with batch normalisation."""
    return _tails(curves, "batch") / _tails(curves, "instance") - 1


def _list(gaps: np.ndarray) -> str:
    return " ".join(f"{gap:+.0%}" for gap in gaps)


def _claims(gaps: dict[str, np.ndarray]) -> list[Claim]:
    plain, contrast, styled = means = [float(gaps[name].mean()) for name in SETS]
    claims = {
        "instance normalisation converges faster than batch normalisation": plain > 0.02,
        "it still does on images of normalised contrast (more than half of the gap)": (
            contrast > max(0.02, plain / 2)
        ),
        "it hardly does on images that are in the style already (less than half of the gap)": (
            plain > 0.02 and styled < plain / 2
        ),
    }
    return [
        Claim(text, "curves", f"style loss of batch {mean:+.1%} ({_list(gaps[name])})", held)
        for (text, held), name, mean in zip(claims.items(), SETS, means, strict=True)
    ]


def _plot(path: Path, curves: dict[str, Curves]) -> None:
    figure, axes = plot(len(SETS), width=3.2)
    for axis, name in zip(axes, SETS, strict=True):
        for kind in KINDS:
            each = [
                smooth([x["style_loss"] for x in curves[name][_runner(kind, seed)]])
                for seed in range(SEEDS)
            ]
            axis.plot(np.mean(each, 0), label=kind)
            axis.fill_between(range(len(each[0])), np.min(each, 0), np.max(each, 0), alpha=0.25)
        axis.set(title=f"images {name}", xlabel="step", yscale="log")
    axes[0].set_ylabel("style loss")
    axes[0].legend()
    save_plot(path, figure)
