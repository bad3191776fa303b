"""Figure 6: training curves of AdaIN, concatenation, and decoders with normalisation."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from adain_jax.model import Model
from adain_jax.model.transfer import statistics, transfer
from adain_jax.networks import initialize
from adain_jax.networks.params import Params
from adain_jax.ops.pixels import to_float
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.race import decoder_runner, pairs_of_crops, race, smooth, tail
from adain_jax.reproduce.settings import Settings
from adain_jax.training.config import TrainConfig

# By the paper's name: the variant here, and the final style and content loss in the paper's plot.
VARIANTS = {
    "Enc-AdaIN-Dec": ("", 1.3, 1.0),
    "Enc-Concat-Dec": ("concatenation", 0.9, 2.3),
    "Enc-AdaIN-BNDec": ("batch", 1.7, 1.1),
    "Enc-AdaIN-INDec": ("instance", 3.1, 1.5),
}
METRICS = ("style_loss", "content_loss")
_MARGIN = 1.02  # smaller ratios count as equal
_SHOWN = 3


def make(settings: Settings, folder: Path) -> Page:
    """Train the four networks from scratch, side by side."""
    model = Model.load(settings.model)
    configs = {
        name: settings.sized(
            TrainConfig(
                variant=variant,
                learning_rate=5e-4,
                lr_warmup_steps=50,
                style_warmup_steps=100,
                gradient_clip=1.0,
                pictures_every=0,
            )
        )
        for name, (variant, _, _) in VARIANTS.items()
    }
    runners = {
        name: decoder_runner(config, model, _first(config, model, settings.seed))
        for name, config in configs.items()
    }
    states, curves = race(
        runners,
        pairs_of_crops(settings),
        seconds=settings.left(0.93),
        steps=settings.steps,
        title="fig. 6",
    )

    rows = [
        (name, number, *(values[metric] for metric in METRICS))
        for name, curve in curves.items()
        for number, values in enumerate(curve)
    ]
    write_csv(folder / "numbers.csv", ("network", "step", "style", "content"), rows)
    figure, axes = plot(len(METRICS), width=4)
    for axis, metric in zip(axes, METRICS, strict=True):
        for name, curve in curves.items():
            axis.plot(smooth([values[metric] for values in curve]), label=name)
        axis.set(title=metric.replace("_", " "), xlabel="step", yscale="log")
    axes[0].legend(fontsize=7)
    save_plot(folder / "plot.png", figure)
    contents, styles = settings.shown(_SHOWN, _SHOWN)
    picture_grid(
        folder / "pictures.jpg",
        [
            [
                style,
                content,
                *(
                    _picture(model, configs[name], states[name].params, content, style)
                    for name in VARIANTS
                ),
            ]
            for content, style in zip(contents, styles, strict=True)
        ],
        columns=("style", "photograph", *VARIANTS),
    )
    ends = {
        name: tuple(tail(curve, metric) for metric in METRICS) for name, curve in curves.items()
    }
    steps = len(curves["Enc-AdaIN-Dec"])
    return Page(
        "Figure 6: what the parts are for",
        f"Four networks trained from scratch, side by side on the same crops of {settings.crop} "
        f"pixels, {settings.batch} pairs in a batch, for {steps} steps (the paper: 160,000 of 8 of "
        "256). Losses are unweighted, means over channels and over the last quarter of the steps; "
        "the content loss is that to AdaIN's result for all of them. The paper's numbers are read "
        "off its plot; its losses have other units, so that orders and ratios are to be compared. "
        f"Differences of less than {_MARGIN - 1:.0%} are taken for none. In the pictures, batch "
        "normalisation takes the statistics of the one picture that is made.",
        _claims(ends),
        ("network", "style loss", "content loss", "paper: style", "content"),
        [(name, *ends[name], *VARIANTS[name][1:]) for name in VARIANTS],
        {
            "plot.png": "Losses while training",
            "pictures.jpg": f"Pictures after {steps} steps",
        },
    )


def _first(config: TrainConfig, model: Model, seed: int) -> Params:
    params = initialize(config.architecture(model.architecture), jax.random.key(seed))
    return {"decoder": params["decoder"]}


def _picture(
    model: Model, config: TrainConfig, params: Params, content: np.ndarray, style: np.ndarray
) -> np.ndarray:
    network = Model({**model.params, **params}, config.architecture(model.architecture), "")
    ours, theirs = (
        network.encode(to_float(jnp.asarray(image))[None]) for image in (content, style)
    )
    if config.variant == "concatenation":
        features = {name: jnp.concatenate([ours[name], theirs[name]], -1) for name in ours}
    else:
        features = transfer(ours, statistics(theirs))
    return np.asarray(network.decode(features)[0])


def _claims(ends: dict[str, tuple[float, ...]]) -> list[Claim]:
    ours = {name: dict[str, float](zip(METRICS, ends[name], strict=True)) for name in VARIANTS}
    base = ours["Enc-AdaIN-Dec"]

    def claim(text: str, name: str, metric: str, higher: bool) -> Claim:
        place = 1 + METRICS.index(metric)
        paper = f"{VARIANTS[name][place]} against {VARIANTS['Enc-AdaIN-Dec'][place]}"
        ratio = ours[name][metric] / base[metric]
        held = ratio > _MARGIN if higher else ratio < 1 / _MARGIN
        return Claim(text, paper, f"{ours[name][metric]:.3g} against {base[metric]:.3g}", held)

    return [
        claim("concatenation reaches a style loss below AdaIN's", "Enc-Concat-Dec",
              "style_loss", False),
        claim("but leaves a higher content loss: it does not part style from content",
              "Enc-Concat-Dec", "content_loss", True),
        claim("batch normalisation in the decoder raises the style loss", "Enc-AdaIN-BNDec",
              "style_loss", True),
        claim("and the content loss, a little", "Enc-AdaIN-BNDec", "content_loss", True),
        claim("instance normalisation in the decoder raises the style loss", "Enc-AdaIN-INDec",
              "style_loss", True),
        claim("and the content loss", "Enc-AdaIN-INDec", "content_loss", True),
        Claim(
            "of the style loss, instance normalisation leaves more than batch normalisation",
            "3.1 against 1.7",
            f"{ours['Enc-AdaIN-INDec']['style_loss']:.3g} against "
            f"{ours['Enc-AdaIN-BNDec']['style_loss']:.3g}",
            ours["Enc-AdaIN-INDec"]["style_loss"]
            > _MARGIN * ours["Enc-AdaIN-BNDec"]["style_loss"],
        ),
    ]  # fmt: skip
