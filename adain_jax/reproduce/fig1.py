"""Figure 1: instance against batch normalisation, on images as they are and normalised."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from PIL import Image, ImageOps
from tqdm import tqdm

from adain_jax.baselines import feedforward
from adain_jax.baselines.feedforward import FeedForward
from adain_jax.model import Model
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.race import crops, race, smooth, tail
from adain_jax.reproduce.settings import Settings
from adain_jax.training.losses import tap_stats

KINDS = ("batch", "instance")
SETS = ("as they are", "contrast-normalised", "style-normalised")
LEARNING_RATE = 1e-3
_SHOWN = 3


def make(settings: Settings, folder: Path) -> Page:
    """Train a network for one style with each normalisation on each set of images."""
    model = Model.load(settings.model)
    contents, [style] = settings.shown(_SHOWN, 1)
    stats = tap_stats(model.taps(jnp.asarray(style, jnp.float32)[None] / 255))
    images = settings.training
    sets = dict(
        zip(SETS, (images, equalized(images), _stylized(model, images, style)), strict=True)
    )

    optimizer = optax.adam(optax.linear_schedule(LEARNING_RATE / 10, LEARNING_RATE, 30))
    networks = {kind: FeedForward(kind) for kind in KINDS}
    steps: dict[str, Any] = {
        kind: jax.jit(feedforward.make_step(feedforward.make_loss(network), optimizer))
        for kind, network in networks.items()
    }
    key = jax.random.key(settings.seed)
    curves, pictures = {}, {}
    for number, (name, array) in enumerate(sets.items(), start=1):
        runners = {
            kind: (
                partial(_step, steps[kind], model, stats),
                feedforward.create_state(feedforward.initialize(network, key), optimizer),
            )
            for kind, network in networks.items()
        }
        states, curves[name] = race(
            runners,
            _batches(array, settings),
            # A third of the time each, and what those before left.
            seconds=settings.left() / (len(sets) - number + 1),
            steps=settings.steps,
            title=f"fig. 1, images {name}",
        )
        if name == SETS[0]:
            batch = _middle(array[:64], settings.crop)
            for kind, network in networks.items():
                variables = {"params": states[kind].params}
                if kind == "batch":
                    variables |= feedforward.population(network, states[kind].params, batch)
                pictures[kind] = feedforward.stylize(network, variables, jnp.asarray(contents))

    rows = [
        (name, kind, number, values["style_loss"], values["content_loss"])
        for name in SETS
        for kind in KINDS
        for number, values in enumerate(curves[name][kind])
    ]
    write_csv(folder / "numbers.csv", ("images", "kind", "step", "style", "content"), rows)
    _plot(folder / "plot.png", curves)
    picture_grid(
        folder / "pictures.jpg",
        [list(contents), *(list(np.asarray(pictures[kind])) for kind in KINDS)],
        names=("photograph", "batch", "instance"),
    )
    table = [
        (name, len(curves[name]["batch"]), *(tail(curves[name][kind], "style_loss")
                                             for kind in KINDS), _gap(curves[name]))
        for name in SETS
    ]  # fmt: skip
    return Page(
        "Figure 1: instance against batch normalisation",
        "A network for one style, trained twice from the same weights and on the same crops of "
        f"{settings.crop} pixels, {settings.batch} in a batch, by Adam at {LEARNING_RATE:g}: with "
        "batch normalisation and with instance normalisation. Contrast-normalised images have "
        "their luminance equalised; style-normalised ones were brought to the style before, by "
        f"`{settings.model}` (the paper: by a network for that style). Losses are means over the "
        "last quarter of the steps; the gap is batch over instance, less one.",
        _claims({name: _gap(curves[name]) for name in SETS}),
        ("images", "steps", "style loss, batch", "instance", "gap"),
        table,
        {
            "plot.png": "Style loss while training",
            "pictures.jpg": "Pictures of both networks, trained on images as they are",
        },
    )


def equalized(images: np.ndarray) -> np.ndarray:
    """Images, uint8 (N, H, W, 3), with an even histogram of luminance."""

    def equalize(image: np.ndarray) -> np.ndarray:
        luma, *chroma = Image.fromarray(image).convert("YCbCr").split()
        return np.asarray(Image.merge("YCbCr", (ImageOps.equalize(luma), *chroma)).convert("RGB"))

    return np.stack([equalize(image) for image in images])


def _stylized(model: Model, images: np.ndarray, style: np.ndarray) -> np.ndarray:
    known, ready = model.style(style), model.prepare()
    bar = tqdm(images, desc="normalise the style", unit="image", disable=None, leave=False)
    return np.stack([np.asarray(ready.stylize(image, known)) for image in bar])


def _batches(images: np.ndarray, settings: Settings) -> Iterator[Any]:
    rng = np.random.default_rng(settings.seed)
    for batch in crops(images, settings.crop, settings.batch, rng):
        yield {"content": batch, "style": np.zeros(len(batch), int)}


def _step(step: Any, model: Model, stats: Any, state: Any, batch: Any) -> Any:
    return step(state, model, stats, batch)


def _middle(images: np.ndarray, size: int) -> jax.Array:
    start = (images.shape[1] - size) // 2
    return jnp.asarray(images[:, start : start + size, start : start + size])


def _gap(curves: Any) -> float:
    return tail(curves["batch"], "style_loss") / tail(curves["instance"], "style_loss") - 1


def _claims(gaps: dict[str, float]) -> list[Claim]:
    plain, contrast, styled = (gaps[name] for name in SETS)
    return [
        Claim(
            "instance normalisation converges faster than batch normalisation",
            "curves",
            f"style loss of batch {plain:+.0%}",
            plain > 0.02,
        ),
        Claim(
            "it still does on images of normalised contrast (more than half of the gap)",
            "curves",
            f"{contrast:+.0%}",
            contrast > max(0.02, plain / 2),
        ),
        Claim(
            "it hardly does on images that are in the style already (less than half of the gap)",
            "curves",
            f"{styled:+.0%}",
            plain > 0.02 and styled < plain / 2,
        ),
    ]


def _plot(path: Path, curves: dict[str, Any]) -> None:
    figure, axes = plot(len(SETS), width=3.2)
    for axis, name in zip(axes, SETS, strict=True):
        for kind in KINDS:
            axis.plot(smooth([x["style_loss"] for x in curves[name][kind]]), label=kind)
        axis.set(title=f"images {name}", xlabel="step", yscale="log")
    axes[0].set_ylabel("style loss")
    axes[0].legend()
    save_plot(path, figure)
