"""Measure programs over pairs of photographs and paintings."""

import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from adain_jax.evaluation.judge import Judge
from adain_jax.evaluation.losses import picture_losses
from adain_jax.evaluation.magenta import Magenta
from adain_jax.evaluation.spectrum import peaks
from adain_jax.files import find, image
from adain_jax.model import Model
from adain_jax.ops.losses import reconstruction_loss
from adain_jax.stylize import encode_style, stylize


class Named:
    """An image with a name.

    Args:
        name: a unique name.
        read: a function that makes the image, float (H, W, 3) in [0, 1], on first use.
    """

    def __init__(self, name: str, read: Callable[[], np.ndarray]) -> None:
        self.name = name
        self._read = read

    @cached_property
    def image(self) -> np.ndarray:
        """The image, float (H, W, 3) in [0, 1]."""
        return self._read()


Program = Callable[[Named, Named], np.ndarray]  # content, style -> picture
PHOTOGRAPH = "the photograph"  # the name of the program that returns the photograph unchanged
_Encoded = TypeVar("_Encoded")  # a style, as a program encodes it
_MOVE, _MARGIN = 4, 16  # pixels, for `shift`
_KEPT = 100  # the images whose features are kept, of 512 pixels 11 MB each


@dataclass(frozen=True)
class Row:
    """The measurements of one picture; lower is better for all of them.

    Attributes:
        program: the name of the program.
        content: the name of the photograph.
        style: the name of the painting.
        content_distance: the LPIPS (AlexNet) to the photograph.
        style_distance: the `judge.style_distance` to the painting.
        content_loss: the paper's content loss (equation 12), in the features of `vgg16`.
        style_loss: the paper's style loss (equation 13), unweighted, in the same features.
        period_2: the strength of regular textures of 2 pixels, the first of `spectrum.peaks`.
        period_4: the same of 4 pixels.
        period_8: the same of 8 pixels.
    """

    program: str
    content: str
    style: str
    content_distance: float
    style_distance: float
    content_loss: float
    style_loss: float
    period_2: float
    period_4: float
    period_8: float


def measure(
    programs: Mapping[str, Program],
    pairs: Sequence[tuple[Named, Named]],
    judge: Judge,
    vgg: Model,
) -> Iterator[Row]:
    """Measure each pair with each program; yield a row for each. The losses use `vgg`.

    Raises:
        ValueError: if a picture and its photograph differ in size.
    """

    @lru_cache(_KEPT)
    def features_of(item: Named) -> list[jax.Array]:
        return judge.features(item.image)

    for content, style in pairs:
        photograph, painting = features_of(content), features_of(style)
        for name, program in programs.items():
            picture = program(content, style)
            if picture.shape != content.image.shape:
                raise ValueError(
                    f"{name}: the picture of {content.name} in the style of {style.name} is "
                    f"{picture.shape[1]} x {picture.shape[0]}, the square in the middle of the "
                    f"photograph {content.image.shape[1]} x {content.image.shape[0]}"
                )
            features = judge.features(picture)
            losses = picture_losses(vgg, picture, content.image, style.image)
            yield Row(
                name,
                content.name,
                style.name,
                judge.content(features, photograph),
                judge.style(features, painting),
                float(losses.target),
                float(losses.style),
                *peaks(picture),
            )


class Fidelity(NamedTuple):
    """The faithfulness of a program to photographs; lower is better.

    Attributes:
        reconstruction: the `reconstruction` of a model; None for other programs.
        shift: the `shift`.
    """

    reconstruction: float | None
    shift: float


def fidelity(
    program: Program, model: Model | None, pairs: Sequence[tuple[Named, Named]]
) -> Fidelity:
    """Measure a program, and the model that it is, by the photographs of pairs, each once."""
    first = list({content.name: (content, style) for content, style in reversed(pairs)}.values())
    error = reconstruction(model, [content for content, _ in first]) if model else None
    return Fidelity(error, shift(program, first))


def shift(program: Program, pairs: Sequence[tuple[Named, Named]]) -> float:
    """The mean absolute difference of the pictures of moved photographs and the moved pictures.

    Photographs move by 4 pixels, half a cell of a network's smallest map. Margins do not count.
    """
    differences = []
    for content, style in tqdm(pairs, desc="shift", unit="photograph"):
        cut = Named(f"{content.name}, moved", lambda content=content: content.image[_MOVE:, _MOVE:])
        difference = np.abs(program(content, style)[_MOVE:, _MOVE:] - program(cut, style))
        differences.append(difference[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN].mean())
    return float(np.mean(differences))


def reconstruction(model: Model, contents: Sequence[Named]) -> float:
    """The mean absolute difference of the pictures at alpha 0 and their photographs."""
    any_style = model.style(contents[0].image)
    losses = [
        reconstruction_loss(
            stylize(x.image, any_style, alpha=0.0, model=model), jnp.asarray(x.image)
        )
        for x in tqdm(contents, desc="reconstruction", unit="photograph")
    ]
    return float(np.mean([float(loss) for loss in losses]))


def of_model(model: Model) -> Program:
    """A model as a program."""
    return _encoding_once(
        partial(encode_style, model=model),
        lambda image, style: np.asarray(stylize(image, style, model=model)),
    )


def of_magenta(network: Magenta) -> Program:
    """Magenta's network as a program."""
    return _encoding_once(
        network.style,
        lambda image, style: np.clip(network.stylize(image[None], style)[0], 0, 1),
    )


def of_folder(folder: Path) -> Program:
    """Finished pictures as a program: files named `{content}_stylized_{style}`."""
    return lambda content, style: image.load(finished(folder, content, style)).rgb


def finished(folder: Path, content: Named, style: Named) -> Path:
    """Find a finished picture, `{content}_stylized_{style}`, in a folder.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if there are several, with different suffixes.
    """
    stem = f"{Path(content.name).stem}_stylized_{Path(style.name).stem}"
    # A longer name, with a dot after the stem, is that of another picture.
    named = sorted(folder.glob(f"{glob.escape(stem)}.*"))
    found = [x for x in named if x.stem == stem and x.suffix.lower() in find.READABLE]
    if not found:
        raise FileNotFoundError(f"no picture {stem}.* in {folder}")
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ValueError(f"{folder} has {names}: it is unclear which is meant; remove one")
    return found[0]


def untouched(content: Named, style: Named) -> np.ndarray:
    """The photograph itself: content distance 0, and the full style distance."""
    del style
    return content.image


def _encoding_once(
    encode: Callable[[np.ndarray], _Encoded],
    stylize: Callable[[np.ndarray, _Encoded], np.ndarray],
) -> Program:
    """A program that encodes each style once, when it is first used."""
    styles: dict[str, _Encoded] = {}

    def run(content: Named, style: Named) -> np.ndarray:
        if style.name not in styles:
            styles[style.name] = encode(style.image)
        return stylize(content.image, styles[style.name])

    return run
