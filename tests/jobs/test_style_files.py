import os

import numpy as np
import pytest

from adain_jax.files import image
from adain_jax.jobs import style_files
from adain_jax.model import Style
from adain_jax.weights import store


@pytest.fixture
def paintings(rng, tmp_path):
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        image.save(path, rng.random((16, 16, 3)))
    return paths


def average(paths, model, output):
    assert list(style_files.average_style(paths, model, output, size=16)) == paths
    return Style.load(output)


def test_the_styles_of_a_bank_count_one_by_one(tiny, paintings, tmp_path):
    bank = tmp_path / "bank.safetensors"
    list(style_files.bank(paintings[:2], tiny, bank, size=16))
    for others in ([], paintings[2:]):
        made = average([bank, *others], tiny, tmp_path / "made.safetensors")
        expected = average([*paintings[:2], *others], tiny, tmp_path / "expected.safetensors")
        assert made.mean.ndim == 1
        np.testing.assert_array_equal(made.mean, expected.mean)
        np.testing.assert_array_equal(made.std, expected.std)


def test_a_bank_without_the_names_of_all(tiny, paintings, tmp_path):
    bank = tmp_path / "bank.safetensors"
    styles = [style for _, style in style_files.each(paintings[:2], tiny, size=16)]
    style_files.write_bank(bank, styles, ["a"], tiny.architecture)
    with pytest.raises(ValueError, match="is damaged: it has 1 names, 2 styles"):
        list(style_files.each([bank], tiny))


def test_names_that_are_not_utf8(tiny, paintings, tmp_path):
    path, output = tmp_path / os.fsdecode(b"caf\xe9.png"), tmp_path / "made.safetensors"
    paintings[0].rename(path)
    average([path], tiny, output)
    assert store.describe(output).metadata["made_of"] == r"caf\udce9.png"
    list(style_files.bank([path], tiny, output, size=16))
    assert style_files.bank_names(output) == (r"caf\udce9.png",)


@pytest.mark.parametrize("names", ["a, b", "{}", "[1, 2]"])
def test_names_that_are_none(tiny, rng, tmp_path, names):
    style = tiny.style(rng.random((2, 16, 16, 3), np.float32))
    style.save(tmp_path / "a.safetensors", metadata={"names": names})
    with pytest.raises(ValueError, match=r"a\.safetensors: the names of its styles are no"):
        list(style_files.each([tmp_path / "a.safetensors"], tiny))


def test_a_bank_is_no_style(tiny, rng, tmp_path):
    path = tmp_path / "a.safetensors"
    tiny.style(rng.random((2, 16, 16, 3), np.float32)).save(path)
    with pytest.raises(ValueError, match=r"a\.safetensors is a bank of 2 styles"):
        style_files.encode(path, style_files.read(path, 16), tiny)
    assert len(list(style_files.each([path], tiny))) == 2
