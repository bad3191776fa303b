import dataclasses

import jax
import numpy as np
import pytest

from adain_jax.training.data import ImageFolder, StyleBank, make_batches
from adain_jax.training.losses import tap_stats


def take(batches, count):
    return [next(batches) for _ in range(count)]


def assert_same(ours, theirs):
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_shapes(config, model):
    batch = next(iter(make_batches(config, model)))
    assert batch["content"].shape == batch["style"].shape == (2, 16, 16, 3)
    assert batch["content"].dtype == np.uint8


def test_the_seed_alone_decides(config, model):
    first = take(iter(make_batches(config, model)), 8)
    assert_same(take(iter(make_batches(config, model)), 8), first)
    other = dataclasses.replace(config, seed=1)
    different = take(iter(make_batches(other, model)), 8)
    assert any((a["content"] != b["content"]).any() for a, b in zip(first, different, strict=True))


def test_goes_on_from_a_saved_state(config, model):
    batches = iter(make_batches(config, model))
    take(batches, 3)
    state = batches.get_state()
    expected = take(batches, 4)
    again = iter(make_batches(config, model))
    again.set_state(state)
    assert_same(take(again, 4), expected)


def test_every_image_comes_once_in_an_epoch(config, folders):
    folder = ImageFolder(str(folders / "content"), 20)
    assert len(folder) == 6
    shapes = [folder[i].shape for i in range(6)]
    assert all(min(shape[:2]) == 20 for shape in shapes)
    assert folder[0] is folder[0]  # decoded once


def test_several_folders(folders):
    both = ImageFolder(f"{folders / 'content'}, {folders / 'style'}", 20)
    assert len(both) == 11


def test_frozen_styles_are_the_statistics_of_the_squares(config, model, folders):
    bank = StyleBank(str(folders / "style"), 16, model, batch_size=4)
    assert len(bank) == 5
    from adain_jax.files import image

    paths = image.find(folders / "style")
    square = image.load(paths[4], size=16, square=True).rgb[None]
    expected = tap_stats(model.taps(square))
    for name, stats in bank[4].items():
        np.testing.assert_allclose(stats.mean, expected[name].mean[0], atol=1e-3)
        np.testing.assert_allclose(stats.std, expected[name].std[0], atol=1e-3)
    frozen = dataclasses.replace(config, frozen_styles=True, style_size=16)
    batch = next(iter(make_batches(frozen, model)))
    assert batch["style"]["relu4_1"].mean.shape == (2, 512)


def test_no_images(config, model, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no image in"):
        make_batches(dataclasses.replace(config, content=str(tmp_path / "empty")), model)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        make_batches(dataclasses.replace(config, style=str(tmp_path / "nix")), model)
