"""What a picture follows from."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

import adain_jax
from adain_jax.datasets import pictures
from adain_jax.datasets.bank import Bank
from adain_jax.datasets.pictures import make
from adain_jax.datasets.records import Record
from adain_jax.datasets.task import Look, Tools
from adain_jax.files import image
from adain_jax.model import Style
from tests.datasets.common import decoded, picture

LOOK = Look(alpha=(0.5, 1.0), batch=2)


@pytest.fixture(scope="module")
def tools(tiny):
    rng = np.random.default_rng(0)
    paintings = [rng.integers(256, size=(32, 32, 3), dtype=np.uint8) for _ in range(5)]
    bank = Bank.of(Style.stack([tiny.style(x) for x in paintings]))
    return Tools.load(tiny, bank, LOOK.batch)


def record(number):
    return Record(f"{number}.png", picture(number), str(number), ".png")


def made(numbers, tools, look=LOOK):
    found = {}
    for one in make(map(record, numbers), look, tools):
        assert one.picture, one.error
        found[one.picture.stem] = one.picture.data
    return found


@pytest.mark.slow
def test_the_others_have_no_part_in_it(tools):
    """Neither those in its batch, nor its place among them, nor how many there are."""
    every = made(range(30), tools)
    rng = np.random.default_rng(1)
    for count in (1, 3, 11, 30):
        numbers = rng.permutation(30)[:count]
        some = made(numbers, tools)
        assert list(some) == [str(n) for n in numbers]
        assert some == {str(n): every[str(n)] for n in numbers}


def test_is_what_stylize_makes(tools, tiny):
    for one in make(map(record, range(6)), LOOK, tools):
        assert one.copy
        assert one.picture
        choice = one.copy.choice
        expected = adain_jax.stylize(
            decoded(one.record.image), tools.bank[choice.style], alpha=choice.alpha, model=tiny
        )
        difference = np.asarray(expected).astype(int) - decoded(one.picture.data)
        assert np.abs(difference).max() <= 1


def test_copies_and_crops(tools):
    look = Look(per_image=3, crop=24, format=".bmp", batch=2)
    found = list(make([record(0), record(1)], look, tools))
    assert [one.picture.stem for one in found if one.picture] == [
        *("0_0", "0_1", "0_2", "1_0", "1_1", "1_2")
    ]
    assert all(one.picture and one.picture.suffix == ".bmp" for one in found)
    assert {decoded(one.picture.data).shape for one in found if one.picture} == {(24, 24, 3)}
    assert len({one.copy.corner for one in found if one.copy}) > 1
    assert len({one.copy.choice.style for one in found[:3] if one.copy}) == 3


def test_what_cannot_be_read(tools):
    """It is told of in its place, and stops nothing."""
    records = [
        Record("no.png", b"no image", "no", ".png"),
        record(1),
        Record("none", None, "", error="has no image"),
        Record("lost.png", None, "lost"),
        record(2),
    ]
    found = list(make(records, Look(crop=34, batch=2), tools))
    assert [bool(one.picture) for one in found] == [False, True, False, False, False]
    assert [one.error for one in found[2:]] == [
        "has no image",
        "there is no image",
        "has 48 x 33 pixels, too few for a crop of 34",
    ]
    assert found[0].error == "is not an image, or of an unknown format"
    assert found[0].record.image is None  # many may wait


def test_what_its_format_cannot_hold_is_not_computed(tools, monkeypatch):
    monkeypatch.setattr(pictures, "rendered", lambda model, requests, batch_size: requests)
    data = image.encode(".png", np.zeros((8, 16_384, 3), np.uint8))
    [one] = make([Record("long.png", data, "long", ".png")], Look(format=".webp"), tools)
    assert one.error.startswith("cannot write long.webp: 16384 x 8 pixels, but a side has at most")


def test_transparency_is_kept(tools):
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGBA", (40, 33), (10, 200, 30, 99)).save(buffer, "PNG")
    [one] = make([Record("a", buffer.getvalue(), "a")], LOOK, tools)
    assert one.picture
    again = Image.open(io.BytesIO(one.picture.data))
    assert again.mode == "RGBA"
    assert again.getpixel((3, 3))[3] == 99  # type: ignore[index]


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Look(alpha=(0.7, 0.5)), "from the least to the greatest"),
        (Look(alpha=(0.0, 1.5)), "between 0 and 1"),
        (Look(per_image=0), "per_image is a whole number of at least 1, not 0"),
        (Look(size=20, crop=30), "crop 30 is larger than size 20"),
        (Look(format=".gif"), "cannot write image.gif"),
        (Look(quality=0), "quality is a whole number from 1 to 100, not 0"),
        (Look(quality=90.0), "quality is a whole number from 1 to 100, not 90.0"),  # type: ignore[arg-type]
        (Look(quality=101), "quality is a whole number from 1 to 100, not 101"),
        (Look(alpha=0.5), r"alpha is two numbers, .* not 0\.5"),  # type: ignore[arg-type]
        (Look(alpha=(0.5,)), r"alpha is two numbers, .* not \(0\.5,\)"),  # type: ignore[arg-type]
        (Look(alpha=("a", 1.0)), "alpha is two numbers"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_made(look, words):
    with pytest.raises(ValueError, match=words):
        look.check()


def test_numbers_of_numpy():
    """They are written in the journal's settings as Python's."""
    numbers: dict[str, Any] = {name: np.int64(90) for name in ("seed", "per_image", "quality")}
    look = Look(**numbers, alpha=(np.float32(0.5), np.float32(1)), crop=np.uint8(8))  # type: ignore[arg-type]
    look.check()
    assert look == Look(seed=90, per_image=90, quality=90, alpha=(0.5, 1.0), crop=8)
    assert json.loads(json.dumps(asdict(look)))["alpha"] == [0.5, 1.0]
    assert Look(alpha=np.array([0.5, 1.0])).alpha == (0.5, 1.0)  # type: ignore[arg-type]
