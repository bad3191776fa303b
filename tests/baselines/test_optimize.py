import sys

import numpy as np
import pytest
from PIL import Image

from adain_jax.baselines import gatys
from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.stylize import stylize


@pytest.fixture
def optimize(main, photo, painting, tiny_file):
    """`adain-jax optimize` of the photo and the painting."""

    def optimize(*args, code=0, content=photo):
        return main("optimize", content, painting, "--model", tiny_file, *args, code=code)

    return optimize


def test_a_picture_and_those_of_the_way(optimize, photo, tmp_path):
    args = ("--steps", 5, "--every", 2, "--method", "adam", "--start", "content")
    out = optimize("-o", "out.png", *args).out
    assert out.splitlines() == ["out_00002.png", "out_00004.png", "out.png"]
    pictures = [image.load(tmp_path / name).rgb for name in out.splitlines()]
    before = image.load(photo).rgb
    assert {x.shape for x in pictures} == {before.shape}
    assert 0 < np.abs(pictures[0] - before).max() < np.abs(pictures[2] - before).max()


@pytest.mark.slow
def test_it_begins_as_what_the_model_makes(optimize, photo, painting, tiny, tmp_path):
    """Unless told otherwise: of there, the first steps of Adam do not get far."""
    args = ("--steps", 1, "--method", "adam", "--learning-rate", 1e-3)
    style = image.load(painting, size=512).rgb
    made = np.asarray(stylize(image.load(photo).rgb, style, model=tiny))
    for start, near in ((), True), (("--start", "content"), False):
        optimize("-o", "out.png", *args, *start)
        distance = np.abs(image.load(tmp_path / "out.png").rgb - made).max()
        assert (distance < 0.02) == near


@pytest.mark.slow
def test_stopping_and_going_on(optimize, tmp_path, monkeypatch):
    """The picture is that of a run that was not stopped, and the state is gone."""
    args = ("--steps", 5, "--method", "adam", "--size", 24)
    optimize("-o", "new/whole.png", *args)
    run = gatys.Optimization.run

    def stopped(self, *rest):
        for number, result in enumerate(run(self, *rest), start=1):
            if number == 3:
                raise KeyboardInterrupt
            yield result

    with monkeypatch.context() as patch:
        patch.setattr(gatys.Optimization, "run", stopped)
        optimize("-o", "parts.png", "--state", "s.safetensors", *args, code=130)
    assert not (tmp_path / "parts.png").exists()
    fewer = ("--steps", 1, *args[2:])
    error = optimize("-o", "parts.png", "--state", "s.safetensors", *fewer, code=2).err
    assert "s.safetensors is at step 2 already, beyond --steps 1" in error
    assert (tmp_path / "s.safetensors").exists()
    out = optimize("-o", "parts.png", "--state", "s.safetensors", *args).out
    assert out.startswith("going on from step 2 in s.safetensors")
    assert (tmp_path / "new/whole.png").read_bytes() == (tmp_path / "parts.png").read_bytes()
    assert not (tmp_path / "s.safetensors").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-o", "out.png", "--steps", "0"), "--steps is at least 1, not 0"),
        (("-o", "out.txt"), "cannot write out.txt"),
        (("-o", "photo.png/out.png"), "photo.png"),
        (
            ("-o", "out.png", "--size", "-1"),
            "--size: must be a whole number between 0 and 32768, not -1",
        ),
        (("-o", "out.png", "--style-weight", "-1"), "style_weight is at least 0"),
        (("-o", "out.png", "--model", "fast"), "fast is no VGG"),
        (("-o", "out.png", "--seed", "99999999999"), "--seed is from 0 to 4294967295"),
        (("-o", "out.png", "--state", "."), "--state: . is a folder"),
        (("-o", "photo.png"), "photo.png would replace one of the files read"),
        (("-o", "out.png", "--state", "./out.png"), "out.png would replace one of the files"),
        (("-o", "out.png", "--state", "photo.png"), "photo.png would replace one of the files"),
        (("-o", "out.png", "--state", "nowhere/s.safetensors"), "or in none that exists"),
    ],
)
def test_one_line_for_what_is_wrong(optimize, tmp_path, args, message):
    error = optimize(*args, code=2).err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("out*"))


def test_what_its_format_cannot_hold_is_not_begun(optimize, tmp_path, monkeypatch):
    monkeypatch.setattr(Model, "load", lambda name: pytest.fail("the work began"))
    image.save(tmp_path / "long.png", np.zeros((8, 16_384, 3), np.uint8))
    error = optimize("-o", "out.webp", content="long.png", code=2).err
    assert "cannot write out.webp: 16384 x 8 pixels" in error


def test_no_intermediate_picture_replaces_what_is_read(optimize, photo, tmp_path):
    photo.rename(tmp_path / "out_00100.png")
    error = optimize("-o", "out.png", "--every", "50", content="out_00100.png", code=2).err
    assert "out_00100.png would replace one of the files read" in error


def test_exif_data_are_kept(optimize, photo, tmp_path):
    exif = Image.Exif()
    exif[0x013B] = "Ann"  # the artist
    image.save(tmp_path / "by.jpg", image.load(photo).rgb, exif=exif)
    args = ("--steps", 1, "--method", "adam", "--start", "content")
    optimize("-o", "out.jpg", *args, content="by.jpg")
    kept = image.load(tmp_path / "out.jpg").exif
    assert kept is not None
    assert kept[0x013B] == "Ann"


def test_no_photograph(optimize):
    assert "no such file: none.jpg" in optimize("-o", "out.png", content="none.jpg", code=2).err


def test_without_optax(optimize, monkeypatch):
    monkeypatch.delitem(sys.modules, "adain_jax.baselines.gatys", raising=False)
    monkeypatch.delattr("adain_jax.baselines.gatys", raising=False)
    monkeypatch.setitem(sys.modules, "optax", None)
    error = optimize("-o", "out.png", code=2).err
    assert "optimize needs the package optax: pip install 'adain-jax[train]'" in error
