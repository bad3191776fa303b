"""Makes figures one after another; the folder of each appears whole or not at all."""

import dataclasses
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import jax
from tqdm import tqdm

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES
from adain_jax.networks.params import check_vgg
from adain_jax.reproduce import fig1, fig3, fig6, fig7, figures8to10, table1
from adain_jax.reproduce.page import check_plots, claims_table, read_claims
from adain_jax.reproduce.settings import Settings
from adain_jax.runtime.atomic import atomic_path, make_folder

# For each figure, the function that makes it and its share of the time.
FIGURES = {
    "table1": (table1.make, 0.1),
    "fig1": (fig1.make, 0.2),
    "fig3": (fig3.make, 0.34),
    "fig6": (fig6.make, 0.22),
    "fig7": (fig7.make, 0.1),
    "controls": (figures8to10.make, 0.04),
}
_ALL_TRAINED = ("fig1", "fig6")  # these make no picture with the model's own decoder


def run(
    names: Sequence[str], out: str | os.PathLike, settings: Settings, *, again: bool = False
) -> Path:
    """Make figures in subfolders of `out`, and an index of all figures there.

    Args:
        names: names of `FIGURES`.
        out: the folder, which is created if it is missing.
        settings: their `seconds` are divided among the figures that have to be made.
        again: whether to make figures again that exist.

    Returns:
        The path of the index.

    Raises:
        ValueError: if the model is not a VGG, or has no decoder that the figures can use.
        FileNotFoundError: if a folder of images is missing or has no image.
        ImportError: if matplotlib is missing.
    """
    _check_model(settings.model, names)
    settings.check_folders()
    check_plots()
    names = list(dict.fromkeys(names))
    out = Path(out)
    make_folder(out)
    wanted = [name for name in names if again or not (out / name).is_dir()]
    for name in names:
        if name not in wanted:
            tqdm.write(f"{out / name} exists and is not made again (--again makes it)")
    total = sum(FIGURES[name][1] for name in wanted)
    for name in wanted:
        make, share = FIGURES[name]
        mine = dataclasses.replace(
            settings, seconds=settings.seconds * share / total, started=time.monotonic()
        )
        part = out / f".{name}"  # an interrupted run may have left it
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            make(mine, part).write(part)
            shutil.rmtree(out / name, ignore_errors=True)
            part.rename(out / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        jax.clear_caches()  # no other figure uses these programs
        took = time.monotonic() - mine.started
        tqdm.write(f"{out / name}/page.md ({took:.0f} s)")
        _index(out)
    return _index(out)


def _check_model(name: str, figures: Sequence[str]) -> None:
    model = Model.load(name)
    check_vgg(model.architecture)
    stylizes = "decoder" in model.params and not ARCHITECTURES[model.architecture].concatenates
    shown = [figure for figure in figures if figure not in _ALL_TRAINED]
    if shown and not stylizes:
        raise ValueError(
            f"{name} has no decoder that takes styles, and {', '.join(shown)} would show its "
            "pictures: take vgg16"
        )


def _index(out: Path) -> Path:
    lines = ["# What held", ""]
    for name in FIGURES:
        if (out / name / "page.md").is_file():
            title = (out / name / "page.md").read_text(encoding="utf-8").splitlines()[0]
            lines += [f"## [{title.lstrip('# ')}]({name}/page.md)", ""]
            lines += [*claims_table(read_claims(out / name)), ""]
    with atomic_path(out / "README.md") as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")
    return out / "README.md"
