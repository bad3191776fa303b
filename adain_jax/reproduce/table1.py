"""Table 1: seconds for a picture, by every method."""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from adain_jax.baselines import feedforward, style_swap
from adain_jax.baselines.feedforward import FeedForward
from adain_jax.baselines.gatys import Optimization
from adain_jax.model import Model
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.settings import Settings, squares
from adain_jax.stylize import stylize

STEPS = 500  # the steps of the optimisation, as in the paper
_STYLES = 32  # the styles of the network with conditional instance normalisation
# The paper's seconds at 256 and at 512 pixels, each without and with the encoding of the style, on
# a Titan X (Pascal).
PAPER = {
    "Gatys et al.": ((14.17, 14.19), (46.75, 46.79)),
    "Chen and Schmidt": ((0.171, 0.407), (3.214, 4.144)),
    "Ulyanov et al.": ((0.011, None), (0.038, None)),
    "Dumoulin et al.": ((0.011, None), (0.038, None)),
    "AdaIN": ((0.018, 0.027), (0.065, 0.098)),
}
_PAPER_SIZES = (256, 512)


def make(settings: Settings, folder: Path) -> Page:
    """Time all methods. The values of the weights do not matter for the time."""
    model = Model.load(settings.model)
    times: dict[tuple[str, int], tuple[float, float | None]] = {}
    share = settings.seconds / (len(PAPER) * len(settings.timed))
    with tqdm(total=len(PAPER) * len(settings.timed), unit="method", disable=None) as bar:
        for size in settings.timed:
            content = squares(settings.shown_content, size, 1)[0]
            style = squares(settings.shown_style, size, 1)[0]
            for name, timed in _methods(model, content, style, share / 2).items():
                bar.set_description(f"{name}, {size} px")
                times[name, size] = timed()
                bar.update()

    rows = []
    for name in PAPER:
        for size in settings.timed:
            paper = PAPER[name][_PAPER_SIZES.index(size)] if size in _PAPER_SIZES else (None, None)
            rows.append((name, size, *times[name, size], *paper))
    columns = ("method", "size", "seconds", "with the style", "paper", "paper, with the style")
    write_csv(folder / "numbers.csv", columns, rows)

    figure, [axis] = plot(width=6)
    places = np.arange(len(PAPER))
    for k, size in enumerate(settings.timed):
        values = [times[name, size][0] for name in PAPER]
        axis.bar(places + 0.4 * k, values, 0.38, label=f"{size} px")
    axis.set(yscale="log", ylabel="seconds", xticks=places + 0.2)
    axis.set_xticklabels(list(PAPER), fontsize=8)
    axis.legend()
    save_plot(folder / "plot.png", figure)
    photo, painting = (images[0] for images in settings.shown(1, 1))
    pictures = (
        style_swap.stylize(model, photo, painting),
        stylize(photo, model.style(painting), model=model),
    )
    picture_grid(
        folder / "pictures.jpg",
        [[photo, painting, *map(np.asarray, pictures)]],
        columns=("photograph", "style", "Chen and Schmidt", "AdaIN"),
    )
    return Page(
        "Table 1: seconds for a picture",
        f"On {_device()}. Medians of calls after the first, which compiles. Gatys et al. is timed "
        f"for a few steps of L-BFGS, and multiplied to {STEPS}; a picture's loss is evaluated once "
        "or more in a step. Ulyanov et al. and Dumoulin et al. are the network of "
        "`baselines/feedforward.py`, which is smaller than theirs; AdaIN and Chen and Schmidt have "
        f"`{settings.model}` for encoder and decoder. The paper's times are a Titan X's, so that "
        "ratios are to be compared.",
        _claims(times, settings.timed),
        columns,
        rows,
        {
            "plot.png": "Seconds for a picture, the style encoded before",
            "pictures.jpg": "What the methods make that need no training of their own",
        },
    )


def _methods(
    model: Model, content: np.ndarray, style: np.ndarray, seconds: float
) -> dict[str, Callable[[], tuple[float, float | None]]]:
    """For each method, a function that returns its seconds without and with encoding the style."""

    def gatys() -> tuple[float, float | None]:
        optimization = Optimization()
        targets = optimization.targets(model, content, style)
        encoding = _time(lambda: optimization.targets(model, content, style), seconds / 4)
        state = optimization.start(content)

        def step() -> jax.Array:
            nonlocal state
            state, loss = optimization.step(model, targets, state)
            return loss

        total = STEPS * _time(step, seconds)
        return total, total + encoding

    ready = model.prepare()

    def chen() -> tuple[float, float | None]:
        painting, photo = jnp.asarray(style), jnp.asarray(content)
        encoded = style_swap.encode_style(ready, painting)
        one = jnp.float32(1)
        run = partial(style_swap._stylize, ready, photo, encoded, one)
        encode = partial(style_swap.encode_style, ready, painting)
        return _with_style(run, encode, seconds)

    def feed(network: FeedForward, index: int | None) -> tuple[float, float | None]:
        params = feedforward.initialize(network, jax.random.key(0))
        images = jnp.asarray(content)[None]
        return (
            _time(lambda: feedforward.stylize(network, {"params": params}, images, index), seconds),
            None,
        )

    def ours() -> tuple[float, float | None]:
        known = ready.style(style)
        return _with_style(
            lambda: stylize(content, known, model=ready), lambda: ready.style(style), seconds
        )

    return {
        "Gatys et al.": gatys,
        "Chen and Schmidt": chen,
        "Ulyanov et al.": lambda: feed(FeedForward("instance"), None),
        "Dumoulin et al.": lambda: feed(FeedForward("conditional", styles=_STYLES), 3),
        "AdaIN": ours,
    }


def _with_style(
    run: Callable[[], object], encode: Callable[[], object], seconds: float
) -> tuple[float, float]:
    alone = _time(run, seconds / 2)
    return alone, alone + _time(encode, seconds / 2)


def _time(call: Callable[[], object], seconds: float) -> float:
    """The median time of 3 to 50 calls, after one that is not counted."""
    jax.block_until_ready(call())
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 50):
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _claims(
    times: Mapping[tuple[str, int], tuple[float, float | None]], sizes: Sequence[int]
) -> list[Claim]:
    def ratio(other: str, size: int) -> float:
        return times[other, size][0] / times["AdaIN", size][0]

    def paper(other: str) -> str:
        return ", ".join(
            f"{PAPER[other][k][0] / PAPER['AdaIN'][k][0]:.2g}" for k in range(len(_PAPER_SIZES))
        )

    def ours(other: str) -> str:
        return ", ".join(f"{ratio(other, size):.2g}" for size in sizes)

    encoding = [(times["AdaIN", size][1] or 0) / times["AdaIN", size][0] for size in sizes]
    return [
        Claim(
            "optimisation takes nearly three orders of magnitude longer than AdaIN (at least 300 "
            "times)",
            paper("Gatys et al."),
            ours("Gatys et al."),
            all(ratio("Gatys et al.", size) >= 300 for size in sizes),
        ),
        Claim(
            "style swap takes one to two orders longer (at least 3 times), and the more the larger "
            "the picture",
            paper("Chen and Schmidt"),
            ours("Chen and Schmidt"),
            all(ratio("Chen and Schmidt", size) >= 3 for size in sizes)
            and ratio("Chen and Schmidt", max(sizes)) >= ratio("Chen and Schmidt", min(sizes)),
        ),
        Claim(
            "a network for one style is faster, but not by an order",
            paper("Ulyanov et al."),
            ours("Ulyanov et al."),
            all(0.1 < ratio("Ulyanov et al.", size) < 1 for size in sizes),
        ),
        Claim(
            "encoding the style as well makes AdaIN about half as slow again (1.2 to 1.8 times)",
            "1.5, 1.5",
            ", ".join(f"{x:.2g}" for x in encoding),
            all(1.2 <= x <= 1.8 for x in encoding),
        ),
    ]


def _device() -> str:
    kind, backend = jax.devices()[0].device_kind, jax.default_backend()
    name = f"{os.cpu_count()} CPU cores" if backend == "cpu" else kind
    return f"{name}, JAX {jax.__version__}"
