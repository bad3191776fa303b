import csv
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax.evaluation import evaluate, run
from adain_jax.evaluation.evaluate import Named
from adain_jax.files import image


class Stub:
    """A judge of colours, for the real one's weights are not everywhere."""

    def features(self, image):
        return np.mean(image, (0, 1))

    def content(self, a, b):
        return float(np.abs(a - b).mean())

    style = content


@pytest.fixture
def judge() -> Any:
    return Stub()


@pytest.fixture
def images(rng):
    arrays = rng.random((3, 16, 24, 3), dtype=np.float32)
    return [Named(f"{i}.jpg", partial(np.array, array)) for i, array in enumerate(arrays)]


def test_rows(judge, tiny, images):
    content, style, _ = images
    programs = {"same": evaluate.untouched, "tiny": evaluate.of_model(tiny)}
    same, ours = evaluate.measure(programs, [(content, style)], judge, tiny)
    assert (same.program, same.content, same.style) == ("same", "0.jpg", "1.jpg")
    assert same.content_distance == 0 < same.style_distance
    picture = adain_jax.stylize(content.image, tiny.style(style.image), model=tiny)
    assert ours.content_distance == pytest.approx(
        np.abs(picture.mean((0, 1)) - content.image.mean((0, 1))).mean(), rel=1e-4
    )
    assert ours.style_loss > 0
    assert same.style_loss > 0


def test_losses_vanish_where_they_should(judge, tiny, images):
    content = images[0]
    [row] = evaluate.measure({"same": evaluate.untouched}, [(content, content)], judge, tiny)
    assert row.content_loss < 1e-4
    assert row.style_loss < 1e-6


def test_a_picture_of_another_size(judge, tiny, images):
    programs = {"cut": lambda content, style: content.image[:8]}
    with pytest.raises(ValueError, match=r"cut: the picture of 0.jpg .* is 24 x 8, .* 24 x 16"):
        list(evaluate.measure(programs, [(images[0], images[1])], judge, tiny))


def test_reconstruction(tiny, images):
    error = np.mean(
        [
            float(
                jnp.abs(
                    adain_jax.stylize(x.image, tiny.style(x.image), alpha=0.0, model=tiny) - x.image
                ).mean()
            )
            for x in images
        ]
    )
    assert evaluate.reconstruction(tiny, images) == pytest.approx(error, rel=1e-4)


def test_only_what_is_painted_anew_is_a_shift(tiny, rng):
    noise = Named("noise", lambda: rng.random((64, 72, 3), np.float32))
    flat = Named("flat", lambda: np.full((64, 72, 3), 0.4, np.float32))
    paint = evaluate.of_model(tiny)
    assert evaluate.shift(evaluate.untouched, [(noise, noise)]) == 0
    assert evaluate.shift(paint, [(flat, noise)]) == pytest.approx(0, abs=1e-5)
    moving = evaluate.shift(paint, [(noise, noise)])
    assert moving > 1e-3
    pairs = [(flat, noise), (noise, noise), (flat, flat)]
    both = evaluate.fidelity(paint, tiny, pairs)
    assert both.shift == pytest.approx(moving / 2, abs=1e-5)
    assert both.reconstruction == evaluate.reconstruction(tiny, [noise, flat])
    assert evaluate.fidelity(paint, None, pairs).reconstruction is None


@pytest.mark.parametrize("missing", ["an image", "a picture"])
def test_what_is_missing_is_told_before_anything_is_measured(tmp_path, monkeypatch, missing):
    """All images that cannot be used, or the first picture that is not there."""
    pixels = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    for name in ("c/a.png", "c/b.png", "s/a.png", "s/b.png", "s/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image.save(tmp_path / name, pixels)
    if missing == "an image":
        for name in ("s/b.png", "s/c.png"):
            (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-2000])
    monkeypatch.setattr(run, "Judge", lambda: None)
    monkeypatch.setattr(evaluate, "measure", lambda *_: pytest.fail("it was measured"))
    monkeypatch.setattr(run.Model, "load", lambda _: SimpleNamespace(prepare=lambda: None))
    (tmp_path / "made").mkdir()
    task = run.Task(
        (f"{tmp_path}/c",), (f"{tmp_path}/s",), pictures=(tmp_path / "made",), size=64, pairs=6
    )
    expected = {
        "an image": r"[bc]\.png is a damaged.*; [bc]\.png is a damaged",
        "a picture": "no picture ._stylized_",
    }
    with pytest.raises((ValueError, FileNotFoundError), match=expected[missing]):
        list(run.run(task, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_measurement_of_finished_pictures(tmp_path, monkeypatch, tiny):
    rng = np.random.default_rng(0)
    for name in ("c/a.png", "s/x_1.png", "s/y_1.png", "made/a_stylized_x_1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image.save(tmp_path / name, rng.integers(256, size=(64, 64, 3), dtype=np.uint8))
    monkeypatch.setattr(run, "Judge", Stub)
    monkeypatch.setattr(run.Model, "load", lambda _: SimpleNamespace(prepare=lambda: tiny))
    made = tmp_path / "made"
    task = run.Task(
        *((f"{tmp_path}/c",), (f"{tmp_path}/s",)),
        pictures=(made,),
        only_style=("x_*",),
        size=64,
    )
    report, worst = run.run(task, tmp_path / "out")
    assert report.startswith("1 pairs of 1 photographs and 1 styles")
    assert report == (tmp_path / "out/report.md").read_text()
    with (tmp_path / "out/pictures.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["program"] for row in rows] == ["the photograph", str(made)]
    assert float(rows[0]["content_distance"]) == 0 < float(rows[1]["content_distance"])
    assert image.load(worst).rgb.size


@pytest.mark.parametrize("measured", [0, 2])
def test_what_was_measured_before_an_interruption_is_kept(measured, tmp_path, monkeypatch, tiny):
    rng = np.random.default_rng(0)
    for name in ("c/a.png", "s/x.png", "made/a_stylized_x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image.save(tmp_path / name, rng.integers(256, size=(64, 64, 3), dtype=np.uint8))
    rows = [evaluate.Row(name, "a.png", "x.png", *range(7)) for name in ("first", "second")]

    def measure(*_):
        yield from rows[:measured]
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "Judge", Stub)
    monkeypatch.setattr(run.Model, "load", lambda _: SimpleNamespace(prepare=lambda: tiny))
    monkeypatch.setattr(evaluate, "measure", measure)
    task = run.Task((f"{tmp_path}/c",), (f"{tmp_path}/s",), pictures=(tmp_path / "made",), size=64)
    with pytest.raises(KeyboardInterrupt):
        list(run.run(task, tmp_path / "out"))
    if not measured:
        assert not (tmp_path / "out").exists()
        return
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pictures.partial.csv"]
    with (tmp_path / "out/pictures.partial.csv").open() as file:
        assert [row["program"] for row in csv.DictReader(file)] == ["first", "second"]


def test_a_fidelity_shows_its_progress(tiny, rng, capsys):
    images = [Named(f"{i}.png", lambda: rng.random((40, 40, 3), np.float32)) for i in range(2)]
    evaluate.fidelity(evaluate.untouched, tiny, [(x, x) for x in images])
    told = capsys.readouterr().err
    assert "reconstruction: 100%" in told
    assert "shift: 100%" in told


def test_finished_pictures(tmp_path, images):
    content, style, _ = images
    program = evaluate.of_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no picture 0_stylized_1\.\*"):
        program(content, style)
    image.save(tmp_path / "0_stylized_1.png", content.image)
    np.testing.assert_allclose(program(content, style), content.image, atol=1 / 500)
    image.save(tmp_path / "0_stylized_1.0.png", style.image)  # of a painting called 1.0
    np.testing.assert_allclose(program(content, style), content.image, atol=1 / 500)
    image.save(tmp_path / "0_stylized_1.jpg", content.image)
    with pytest.raises(ValueError, match=r"0_stylized_1\.jpg and 0_stylized_1\.png: it is unclear"):
        program(content, style)
    odd = Named("a [1].jpg", lambda: content.image)
    image.save(tmp_path / "a [1]_stylized_1.png", content.image)
    assert program(odd, style).shape == content.image.shape
