import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.datasets.bank import Bank, as_bank
from adain_jax.jobs import style_files
from adain_jax.model import Style
from tests.datasets.common import make_tree


@pytest.fixture
def paintings(tmp_path):
    return make_tree(tmp_path / "paintings", 4)


def test_each_painting_by_its_name(tiny, paintings, tmp_path):
    path = tmp_path / "bank.safetensors"
    names = list(style_files.bank([paintings], tiny, path, size=32))
    assert names == ["cat/000.png", "cat/002.png", "dog/001.jpg", "dog/003.jpg"]
    bank = Bank.load(path)
    assert bank.names == tuple(names)
    assert len(bank) == 4
    one = style_files.read(paintings / "dog/001.jpg", 32)
    np.testing.assert_array_equal(bank[2].mean, style_files.encode(paintings, one, tiny).mean)


def test_a_bank_among_others(tiny, paintings, tmp_path):
    path = tmp_path / "bank.safetensors"
    list(style_files.bank([paintings / "cat"], tiny, path, size=32))
    both = tmp_path / "both.safetensors"
    list(style_files.bank([path, paintings / "dog"], tiny, both, size=32))
    assert Bank.load(both).names == ("000.png", "002.png", "001.jpg", "003.jpg")


def test_styles_without_names():
    bank = as_bank(Style(jnp.zeros((2, 3)), jnp.ones((2, 3)), "model"))
    assert bank.names == ("0", "1")
    assert bank[1].mean.shape == (3,)
    assert as_bank(bank) is bank
    assert len(as_bank(Style(jnp.zeros(3), jnp.ones(3)))) == 1
    assert bank.digest != Bank.of(Style(jnp.ones((2, 3)), jnp.ones((2, 3)))).digest


def test_what_is_no_bank(tmp_path):
    with pytest.raises(ValueError, match=r"one name for each style: 1 for 2"):
        Bank.of(Style(jnp.zeros((2, 3)), jnp.ones((2, 3))), ["a"])
    with pytest.raises(ValueError, match="made of a Style"):
        Bank.of("a")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match=r"no such file: .*none\.safetensors"):
        as_bank(tmp_path / "none.safetensors")
