import csv
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adain_jax.baselines.feedforward import FeedForward
from adain_jax.evaluation.losses import PictureLosses
from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.reproduce import fig1, fig3, fig6, fig7, page, run, table1
from adain_jax.reproduce.settings import Settings
from tests.conftest import ROOT
from tests.tiny import tiny_film, tiny_model

pytest.importorskip("matplotlib")

ROWS = {"table1": 5, "fig1": 3 * 2 * 3 * 2, "fig3": 6, "fig6": 4 * 2, "fig7": 5 + 2, "controls": 5}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Of everything very little."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.safetensors"
    tiny_film().save(path)  # as what ships
    content, style = (str(ROOT / "examples" / kind) for kind in ("content", "style"))
    return Settings(
        content,
        style,
        content,
        style,
        seconds=2,  # which the table takes, whatever the steps
        steps=2,
        crop=32,
        size=32,
        timed=(32,),
        batch=2,
        pairs=2,
        model=str(path),
    )


@pytest.fixture(scope="module")
def report(settings, tmp_path_factory):
    """All figures, made with smaller networks."""
    small = partial(FeedForward, widths=(8, 8, 8), blocks=1, method="xla")
    out = tmp_path_factory.mktemp("out") / "report"
    with pytest.MonkeyPatch.context() as patch:
        for module in (fig1, fig3, table1):
            patch.setattr(module, "FeedForward", small)
        patch.setattr(fig7, "LAMBDAS", (1.0, 100.0))
        index = run.run(list(run.FIGURES), out, settings)
    assert index == out / "README.md"
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", list(run.FIGURES))
def test_a_figure(report, name):
    text = (report / name / "page.md").read_text()
    with (report / name / "numbers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == ROWS[name]
    claims = page.read_claims(report / name)
    assert claims
    for claim in claims:
        assert claim.row in text
        assert claim.row in (report / "README.md").read_text()
    pictures = [x.name for x in (report / name).iterdir() if x.suffix in (".png", ".jpg")]
    assert {x.rpartition(".")[2] for x in pictures} == {"png", "jpg"}  # a plot, and pictures
    for picture in pictures:
        assert f"]({picture})" in text


@pytest.mark.slow
def test_nothing_is_made_twice(report, settings, capsys):
    before = {path: path.stat().st_mtime_ns for path in report.glob("*/*")}
    run.run(list(run.FIGURES), report, settings)
    assert {path: path.stat().st_mtime_ns for path in report.glob("*/*")} == before
    assert "exists and is not made again" in capsys.readouterr().out


def test_folders_are_checked_at_the_size_at_which_they_are_used(settings, tmp_path):
    """Training images are smaller than pictures that are shown."""
    image.save(tmp_path / "small.png", np.zeros((20, 20, 3), np.uint8))
    small = str(tmp_path)
    larger = replace(settings, size=256)
    replace(larger, content=small, style=small).check_folders()
    for name in ("shown_content", "shown_style"):
        with pytest.raises(ValueError, match=f"no image in {small} can be used: .* too small"):
            replace(larger, **{name: small}).check_folders()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"no image in {small} can be used: .* too small"):
        replace(larger, crop=128, style=small).check_folders()


def test_what_is_interrupted_leaves_nothing(settings, tmp_path, monkeypatch):
    def interrupted(settings, folder):
        (folder / "numbers.csv").touch()
        raise KeyboardInterrupt

    monkeypatch.setitem(run.FIGURES, "fig1", (interrupted, 1.0))
    with pytest.raises(KeyboardInterrupt):
        run.run(["fig1"], tmp_path, settings)
    assert not list(tmp_path.iterdir())


def test_a_model_without_a_decoder_that_takes_styles(settings, tiny, tmp_path, monkeypatch):
    """It is refused before anything is made, unless the figures train all their decoders."""

    class BegunError(Exception):
        pass

    def begin(settings, folder):
        raise BegunError

    for name in run.FIGURES:
        monkeypatch.setitem(run.FIGURES, name, (begin, 1.0))
    Model.create("tiny", tiny.params["encoder"]).save(tmp_path / "encoder.safetensors")
    tiny_model("concatenation").save(tmp_path / "concatenation.safetensors")
    for path in tmp_path.glob("*.safetensors"):
        other = replace(settings, model=str(path))
        with pytest.raises(ValueError, match=f"{path} has no decoder .*, and fig3, fig7 would"):
            run.run(["fig3", "fig6", "fig7"], tmp_path / "out", other)
        assert not (tmp_path / "out").exists()
        with pytest.raises(BegunError):
            run.run(["fig1", "fig6"], tmp_path / "trained", other)


def held(claims):
    return [claim.held for claim in claims]


def test_the_paper_s_numbers_hold():
    """And their contrary does not."""
    ends = {name: (style, content) for name, (_, style, content) in fig6.VARIANTS.items()}
    assert all(held(fig6._claims(ends)))
    flat = dict.fromkeys(ends, (1.0, 1.0))
    assert not any(held(fig6._claims(flat)))

    times = {
        (name, size): table1.PAPER[name][k]
        for name in table1.PAPER
        for k, size in enumerate((256, 512))
    }
    assert all(held(table1._claims(times, (256, 512))))
    even = dict.fromkeys(times, (1.0, 1.0))
    assert not any(held(table1._claims(even, (256, 512))))

    def losses_of(style: float, content: float | None) -> PictureLosses:
        return PictureLosses(np.exp(style), np.exp(content or 9.0), 0.0)

    losses = {name: losses_of(*logarithms) for name, logarithms in fig3.PAPER.items()}
    losses |= {
        "style swap": losses_of(3.0, 1.0),
        "optimisation, 25 steps": losses_of(3.0, 1.0),
        "optimisation, 100 steps": losses_of(2.6, 1.0),
    }
    assert all(held(fig3._claims(losses, "optimisation, 500 steps")))
    losses |= {"AdaIN": losses_of(6.0, 9.7)}
    assert held(fig3._claims(losses, "optimisation, 25 steps")) == [
        False,
        False,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((0.5, 0.4, 0.1), [True, True, True]),
        ((0.5, 0.1, 0.4), [True, False, False]),
        ((0.0, 0.0, 0.0), [False, False, False]),
    ],
)
def test_claims_of_figure_1(gaps, expected):
    """Of the mean of three trainings."""
    claims = fig1._claims(
        {name: gap + np.array([-0.3, 0.0, 0.3]) for name, gap in zip(fig1.SETS, gaps, strict=True)}
    )
    assert held(claims) == expected
    assert f"({gaps[0] - 0.3:+.0%} {gaps[0]:+.0%} {gaps[0] + 0.3:+.0%})" in claims[0].ours


def test_claims_of_figure_7():
    rising = [(x, 5.0 - x, x) for x in range(4)]
    assert held(fig7._claims(rising, rising[::-1])) == [True, True, True, False, False]
    high = [(x, y, z + 9) for x, y, z in rising]
    assert held(fig7._claims(high, high)) == [True, True, False, True, True]
