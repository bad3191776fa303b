"""Figures 8 to 10, the controls at run time: mixed styles, kept colours, a style per region."""

from itertools import combinations
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from adain_jax.evaluation.losses import picture_losses
from adain_jax.model import Model
from adain_jax.model.mixtures import bilinear
from adain_jax.model.style import Style
from adain_jax.model.transfer import transfer
from adain_jax.ops.color import coral
from adain_jax.ops.pixels import to_float
from adain_jax.ops.statistics import channel_stats
from adain_jax.reproduce.page import Claim, Page, picture_grid, plot, save_plot, write_csv
from adain_jax.reproduce.settings import Settings
from adain_jax.stylize import stylize

GRID = 5  # mixtures per side of the grid
_CONTENTS = 3


def make(settings: Settings, folder: Path) -> Page:
    """Make pictures with the three controls, and measure what each should do."""
    model = Model.load(settings.model)
    contents, styles = settings.shown(_CONTENTS, 4)
    claims = [
        *_interpolation(model, contents[0], styles, folder),
        _color(model, contents, styles, folder),
        _space(model, contents[0], styles, folder),
    ]
    return Page(
        "Controls at run time",
        f"`{settings.model}` as it ships, at {settings.size} pixels. No control needs training. "
        "Each region has AdaIN of its own, with statistics of its part of the photograph; all "
        "pairs of four styles are measured, on one photograph.",
        claims,
        ("control", "how"),
        [
            ("interpolation (fig. 8)", "`Style.mix`: one AdaIN with mixed statistics"),
            ("colour (fig. 9)", "`ops.color.coral`: the painting is given the photo's colours"),
            ("space (fig. 10)", "`stylize(masks=)`: AdaIN for each region"),
        ],
        {
            "plot.png": "Style losses on the way from the first style to the second",
            "interpolation.jpg": "Four styles at the corners, their mixtures between",
            "color.jpg": "Photograph, style, stylized, and with the photograph's colours",
            "space.jpg": "A photograph, two styles, and one on each side",
        },
    )


def _interpolation(
    model: Model, content: np.ndarray, styles: np.ndarray, folder: Path
) -> list[Claim]:
    known = [model.style(style) for style in styles]
    ramp = np.linspace(0, 1, GRID)
    weights = [[bilinear(x, y) for x in ramp] for y in ramp]
    pictures = [
        [np.asarray(stylize(content, Style.mix(known, shares), model=model)) for shares in row]
        for row in weights
    ]
    rows = [
        [
            styles[0 if i == 0 else 2] if j == 0 and i in (0, GRID - 1) else
            styles[1 if i == 0 else 3] if j == GRID + 1 and i in (0, GRID - 1) else
            pictures[i][j - 1] if 0 < j <= GRID else None
            for j in range(GRID + 2)
        ]
        for i in range(GRID)
    ]  # fmt: skip
    picture_grid(folder / "interpolation.jpg", rows)

    features = model.encode(to_float(jnp.asarray(content))[None])
    shares = weights[1][1]
    at_once = transfer(features, Style.mix(known, shares))["relu4_1"]
    one_by_one = jnp.zeros_like(at_once)
    for share, style in zip(shares, known, strict=True):
        one_by_one += share * transfer(features, style)["relu4_1"]
    difference = float(jnp.abs(at_once - one_by_one).max() / jnp.abs(at_once).max())

    def to_corner(k: int) -> list[float]:
        """The style losses to style `k` along the upper edge of the grid."""
        return [style_loss(model, picture, content, styles[k]) for picture in pictures[0]]

    left, right = to_corner(0), to_corner(1)
    columns = ("share of the second style", "style loss to the first", "to the second")
    write_csv(folder / "numbers.csv", columns, list(zip(ramp, left, right, strict=True)))
    figure, [axis] = plot()
    for name, values in zip(columns[1:], (left, right), strict=True):
        axis.plot(ramp, values, marker="o", label=name)
    axis.set(xlabel=columns[0], ylabel="style loss")
    axis.legend(fontsize=8)
    save_plot(folder / "plot.png", figure)
    steady = bool((np.diff(left) > 0).all() and (np.diff(right) < 0).all())
    return [
        Claim(
            "mixing statistics is mixing the feature maps of all styles (largest difference)",
            "equal",
            f"{difference:.1e} of the largest value",
            difference < 1e-4,
        ),
        Claim(
            "between two corners, the style loss to one rises and to the other falls, steadily",
            "pictures",
            f"{_list(left)}; {_list(right)}",
            steady,
        ),
    ]


def _color(model: Model, contents: np.ndarray, styles: np.ndarray, folder: Path) -> Claim:
    rows, plain, kept = [], [], []
    for content, style in zip(contents, styles, strict=False):
        photo, painting = (to_float(jnp.asarray(x)) for x in (content, style))
        recolored = jnp.clip(coral(painting, photo), 0, 1)
        pictures = [stylize(photo, model.style(x), model=model) for x in (painting, recolored)]
        rows.append([content, style, *map(np.asarray, pictures)])
        for distances, picture in zip((plain, kept), pictures, strict=True):
            theirs = channel_stats(photo)
            ours = channel_stats(picture)
            distances.append(
                float(
                    jnp.abs(ours.mean - theirs.mean).mean() + jnp.abs(ours.std - theirs.std).mean()
                )
            )
    picture_grid(
        folder / "color.jpg", rows, columns=("photograph", "style", "stylized", "its colours")
    )
    return Claim(
        "with the painting's colours matched to the photograph's, the picture has the "
        "photograph's (distance of means and deviations of RGB, without and with)",
        "pictures",
        f"{np.mean(plain):.3f}, {np.mean(kept):.3f}",
        bool(np.mean(kept) < np.mean(plain)),
    )


def _space(model: Model, content: np.ndarray, styles: np.ndarray, folder: Path) -> Claim:
    known = [model.style(style) for style in styles]
    middle = content.shape[1] // 2
    left = np.broadcast_to(np.arange(content.shape[1]) < middle, content.shape[:2])
    parts = (slice(None), slice(middle)), (slice(None), slice(middle, None))
    rows, closer = [], []
    for one, other in combinations(range(len(styles)), 2):
        both = Style.stack([known[one], known[other]])
        picture = np.asarray(stylize(to_float(content, xp=np), both, masks=left[None], model=model))
        rows.append([content, styles[one], styles[other], picture])
        for part, own, foreign in zip(parts, (one, other), (other, one), strict=True):
            to_own, to_foreign = (
                style_loss(model, picture[part], content[part], styles[k]) for k in (own, foreign)
            )
            closer.append(bool(to_own < to_foreign))
    picture_grid(folder / "space.jpg", rows[::2], columns=("photograph", "left", "right", "both"))
    return Claim(
        "each half of a picture is closer, by the style loss, to its own style than to the other's",
        "pictures",
        f"{sum(closer)} of {len(closer)} halves",
        all(closer),
    )


def style_loss(model: Model, picture: np.ndarray, content: np.ndarray, style: np.ndarray) -> float:
    """The style loss of a picture, summed over channels, as in the other figures."""
    return float(picture_losses(model, picture, content, style, reduction="sum").style)


def _list(values: list[float]) -> str:
    return " ".join(f"{value:.3g}" for value in values)
