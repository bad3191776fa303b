from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import adain_jax
from adain_jax import batch
from adain_jax.files import image
from adain_jax.recolor import COLORS


@pytest.fixture
def folders(tmp_path):
    for name in ("c/a.jpg", "c/b.png", "s/x.png", "s/y.gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(0).integers(256, size=(24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / "c", tmp_path / "s"


def names(jobs):
    return [job.output.name for job in jobs]


def test_one_picture(tmp_path):
    content, style = tmp_path / "a.jpg", tmp_path / "x.png"
    alone = batch.Mixture(((style, 1.0),))
    for output, made in (
        (tmp_path / "out.png", tmp_path / "out.png"),
        (tmp_path, tmp_path / "a_stylized_x.jpg"),
        (tmp_path / "new", tmp_path / "new/a_stylized_x.jpg"),
    ):
        assert batch.plan([content], [style], output) == [batch.Job(content, alone, made)]


def test_every_combination(folders, tmp_path):
    contents, styles = folders
    jobs = batch.plan([contents], [styles], tmp_path / "out")
    assert names(jobs) == [
        "a_stylized_x.jpg",
        "a_stylized_y.jpg",
        "b_stylized_x.png",
        "b_stylized_y.png",
    ]
    twice = batch.plan([contents / "a.jpg", contents], [styles], tmp_path / "out")
    assert twice == jobs


def test_a_folder_of_one_and_a_folder_with_a_dot(folders, tmp_path):
    contents, styles = folders
    (styles / "y.gif").unlink()
    one = batch.plan([contents / "a.jpg"], [styles], tmp_path / "out.png")
    assert names(one) == ["out.png"]
    several = batch.plan([contents], [styles], tmp_path / "results.v2")
    assert several[0].output == tmp_path / "results.v2/a_stylized_x.jpg"


def test_a_content_that_cannot_be_written_becomes_png(folders, tmp_path):
    assert names(batch.plan([folders[1] / "y.gif"], [folders[1] / "x.png"], tmp_path)) == [
        "y_stylized_x.png"
    ]


@pytest.mark.parametrize(
    ("contents", "styles", "output", "message"),
    [
        (["c"], ["s"], "out.png", "name for one picture, but there are 4"),
        (["c/a.jpg"], ["s/x.png"], "out.gif", "cannot write"),
        (["c/a.jpg", "d/a.jpg"], ["s/x.png"], "out", "would both become"),
        (["c/a.jpg"], ["s/x.png"], "c/a.jpg", "would replace one of the images"),
        (["c/a.jpg"], ["s/x.png"], "s/x.png", "would replace one of the images"),
        (["empty"], ["s"], "out", "no image in"),
    ],
)
def test_what_cannot_be_planned(folders, tmp_path, contents, styles, output, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        batch.plan(
            [tmp_path / c for c in contents], [tmp_path / s for s in styles], tmp_path / output
        )


def test_run(folders, tmp_path, tiny):
    contents, styles = folders
    jobs = batch.plan([contents], [styles], tmp_path / "out")
    (contents / "a.jpg").write_bytes(b"no image")
    results = list(batch.run(jobs, tiny, sizes=batch.Sizes(style=16)))
    assert [job for job, _ in results] == jobs
    assert [error is None for _, error in results] == [False, False, True, True]
    assert "a.jpg is not an image" in str(results[0][1])
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["b_stylized_x.png", "b_stylized_y.png"]
    picture = image.load(tmp_path / "out" / written[0])
    expected = tiny.stylize(
        image.load(contents / "b.png").rgb, tiny.style(image.load(styles / "x.png", size=16).rgb)
    )
    np.testing.assert_allclose(picture.rgb, expected, atol=1 / 255)


def test_sizes_alpha_and_transparency(tmp_path, tiny):
    alpha = np.linspace(0, 1, 30 * 20).reshape(30, 20)
    image.save(tmp_path / "a.png", np.full((30, 20, 3), 0.5), alpha)
    image.save(tmp_path / "s.png", np.random.default_rng(0).random((16, 16, 3)))
    jobs = batch.plan([tmp_path / "a.png"], [tmp_path / "s.png"], tmp_path / "out")
    [(job, error)] = batch.run(jobs, tiny, alpha=0.5, sizes=batch.Sizes(content=10, style=0))
    assert error is None
    made = image.load(job.output)
    assert made.rgb.shape == (15, 10, 3)
    assert made.alpha is not None
    assert made.alpha[0, 0] < 0.1
    assert made.alpha[-1, -1] > 0.9


def test_large_contents_are_reduced_and_said_to_be(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(batch, "LONGEST", 16)
    image.save(tmp_path / "a.png", np.zeros((24, 32, 3)))
    image.save(tmp_path / "s.png", np.zeros((8, 8, 3)))
    jobs = [
        batch.Job(
            tmp_path / "a.png", batch.Mixture(((tmp_path / "s.png", 1.0),)), tmp_path / "o.png"
        )
    ]
    for size, shape, notes in ((None, (12, 16), 1), (0, (24, 32), 0), (20, (20, 27), 0)):
        said: list[str] = []
        sizes = batch.Sizes(content=size, style=8)
        [(_, error)] = batch.run(jobs, tiny, sizes=sizes, note=said.append)
        assert error is None
        assert image.load(tmp_path / "o.png").rgb.shape == (*shape, 3)
        assert len(said) == notes
        assert all("reduced from 32x24 to 16x12" in message for message in said)


def test_an_unwritable_folder(folders, tmp_path, tiny):
    contents, styles = folders
    (tmp_path / "file").touch()
    jobs = batch.plan([contents / "a.jpg"], [styles / "x.png"], tmp_path / "file" / "out.png")
    [(_, error)] = batch.run(jobs, tiny, sizes=batch.Sizes(style=16))
    assert isinstance(error, OSError)


def test_a_style_is_read_once(folders, tmp_path, tiny, monkeypatch):
    read: list[Path] = []
    load = image.load

    def counting_load(path, **options):
        read.append(path)
        return load(path, **options)

    monkeypatch.setattr(image, "load", counting_load)
    contents, styles = folders
    jobs = batch.plan([contents], [styles / "x.png"], tmp_path / "out")
    assert all(error is None for _, error in batch.run(jobs, tiny, sizes=batch.Sizes(style=16)))
    assert read.count(styles / "x.png") == 1


@pytest.mark.parametrize("color", COLORS[1:])
def test_colors(folders, tmp_path, tiny, color):
    """As `stylize` has them, of each content its own, and with no program for each size."""
    contents, styles = folders
    Image.fromarray(np.full((25, 40, 3), (200, 90, 20), np.uint8)).save(contents / "b.png")
    jobs = batch.plan([contents], [styles / "x.png"], tmp_path / "out")
    assert all(error is None for _, error in batch.run(jobs, tiny, color=color))
    painting = image.load(styles / "x.png", size=512).rgb
    for job in jobs:
        content = image.load(job.content).rgb
        expected = adain_jax.stylize(content, painting, color=color, model=tiny)
        # A JPEG is as near as its quantisation.
        atol = 0.02 if job.output.suffix == ".png" else 0.1
        np.testing.assert_allclose(image.load(job.output).rgb, expected, atol=atol)


def test_a_style_without_an_image_cannot_be_recolored(folders, tmp_path, tiny):
    contents, styles = folders
    tiny.style(image.load(styles / "x.png").rgb).save(tmp_path / "x.safetensors")
    jobs = batch.plan([contents], [tmp_path / "x.safetensors"], tmp_path / "out")
    errors = [error for _, error in batch.run(jobs, tiny, color="coral")]
    assert len(errors) == 2
    for error in errors:
        assert "x.safetensors is a style without an image" in str(error)
    assert all(error is None for _, error in batch.run(jobs, tiny, color="luminance"))
