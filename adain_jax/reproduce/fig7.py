"""Figure 7: the trade-off of content and style, by alpha at run time and by training weights."""

from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from adain_jax.model import Model
from adain_jax.networks import variant_of
from adain_jax.ops.pixels import to_float
from adain_jax.reproduce.measure import mean_losses
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.race import decoder_runner, pairs_of_crops, race
from adain_jax.reproduce.settings import Settings
from adain_jax.stylize import stylize
from adain_jax.training.combinations import choose_pairs
from adain_jax.training.config import TrainConfig

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
LAMBDAS = (0.1, 1.0, 10.0, 100.0)
_SHOWN = 3


def make(settings: Settings, folder: Path) -> Page:
    """Measure the shipped decoder at several alphas, and after training at several weights."""
    model = Model.load(settings.model)
    contents, styles = settings.shown(6, 8)
    pairs = choose_pairs(len(contents), len(styles), settings.pairs)
    trained, steps = _trained(settings, model)
    alphas = [(alpha, *_measured(model, alpha, contents, styles, pairs)) for alpha in ALPHAS]
    lambdas = [
        (weight, *_measured(trained[weight], 1.0, contents, styles, pairs)) for weight in LAMBDAS
    ]

    rows = [("alpha", *row) for row in alphas] + [("lambda", *row) for row in lambdas]
    columns = ("control", "value", "style loss", "content loss")
    write_csv(folder / "numbers.csv", columns, rows)
    figure, axes = plot(2, width=4)
    for axis, name, values in zip(axes, ("alpha", "lambda"), (alphas, lambdas), strict=True):
        axis.plot([x[2] for x in values], [x[1] for x in values], marker="o")
        for value, style, content in values:
            axis.annotate(f"{value:g}", (content, style), xytext=(4, 4),
                          textcoords="offset points", fontsize=8)  # fmt: skip
        axis.set(xlabel="content loss", title=name)
    axes[0].set_ylabel("style loss")
    save_plot(folder / "plot.png", figure)
    known = [model.style(style) for style in styles[:_SHOWN]]
    triples = list(zip(contents[:_SHOWN], styles[:_SHOWN], known, strict=True))
    picture_grid(
        folder / "alpha.jpg",
        [
            [
                content,
                *(np.asarray(stylize(content, one, alpha=alpha, model=model)) for alpha in ALPHAS),
                style,
            ]
            for content, style, one in triples
        ],
        columns=("photograph", *(f"alpha {alpha:g}" for alpha in ALPHAS), "style"),
    )
    picture_grid(
        folder / "lambda.jpg",
        [
            [
                content,
                *(np.asarray(stylize(content, one, model=trained[x])) for x in LAMBDAS),
                style,
            ]
            for content, style, one in triples
        ],
        columns=("photograph", *(f"lambda {weight:g}" for weight in LAMBDAS), "style"),
    )
    return Page(
        "Figure 7: content against style",
        f"Means over {len(pairs)} pairs of {len(contents)} photographs and {len(styles)} paintings "
        f"at {settings.size} pixels; the style loss is summed over channels, the content loss is "
        f"to the photograph. Alpha: `{settings.model}` as it ships. Lambda: its decoder trained on "
        f"for {steps} steps of {settings.batch} crops of {settings.crop} pixels at each weight of "
        "the style loss, at alpha 1.",
        _claims(alphas, lambdas),
        columns,
        rows,
        {
            "plot.png": "The numbers are alpha and lambda",
            "alpha.jpg": "By alpha, at run time",
            "lambda.jpg": "By lambda, the weight of the style loss in training",
        },
    )


def _trained(settings: Settings, model: Model) -> tuple[dict[float, Model], int]:
    """Continue the training of the decoder at each weight, side by side.

    Returns the models by weight, and the number of steps.
    """
    states, curves = race(
        {
            f"{weight:g}": decoder_runner(
                _config(settings, model, weight), model, {"decoder": model.params["decoder"]}
            )
            for weight in LAMBDAS
        },
        pairs_of_crops(settings),
        seconds=settings.left(0.7),
        steps=settings.steps,
        title="fig. 7, lambda",
    )
    models = {
        weight: Model(
            {**model.params, **states[f"{weight:g}"].params}, model.architecture, model.fingerprint
        )
        for weight in LAMBDAS
    }
    return models, len(curves["1"])


def _config(settings: Settings, model: Model, weight: float) -> TrainConfig:
    recipe = TrainConfig(
        variant=variant_of(model.architecture)[1],  # that of the shipped decoder
        style_weight=weight,
        learning_rate=3e-4,
        lr_warmup_steps=20,
        gradient_clip=1.0,
    )
    return settings.sized(recipe)


def _measured(
    model: Model,
    alpha: float,
    contents: np.ndarray,
    styles: np.ndarray,
    pairs: Sequence[tuple[int, int]],
) -> tuple[float, float]:
    known = [model.style(style) for style in styles]

    def method(content: np.ndarray, style: np.ndarray, i: int, j: int) -> jax.Array:
        return stylize(to_float(content, xp=np), known[j], alpha=alpha, model=model)

    losses = mean_losses(model, method, contents, styles, pairs)
    return float(losses.style), float(losses.content)


def _claims(alphas: Sequence[tuple], lambdas: Sequence[tuple]) -> list[Claim]:
    def claim(text: str, rows: Sequence[tuple], place: int, sign: int) -> Claim:
        values = [row[place] for row in rows]
        ours = " ".join(f"{value:.3g}" for value in values)
        return Claim(text, "pictures", ours, bool((sign * np.diff(values) > 0).all()))

    return [
        claim("the style loss falls all the way from alpha 0 to 1", alphas, 1, -1),
        claim("and the content loss rises", alphas, 2, 1),
        Claim(
            "alpha 0 brings the photograph back (less than half of alpha 1's content loss)",
            "pictures",
            f"{alphas[0][2]:.3g} against {alphas[-1][2]:.3g}",
            alphas[0][2] < 0.5 * alphas[-1][2],
        ),
        claim("a larger lambda in training does the same: the style loss falls", lambdas, 1, -1),
        claim("and the content loss rises (lambda 0.1 to 100)", lambdas, 2, 1),
    ]
