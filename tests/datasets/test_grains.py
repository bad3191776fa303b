from typing import Any

import grain
import numpy as np
import pytest

from adain_jax.datasets.grains import RandomStyle


@pytest.fixture
def bank(tiny, rng):
    return tiny.style(rng.integers(256, size=(3, 32, 32, 3), dtype=np.uint8))


def photos(count):
    rng = np.random.default_rng(1)
    return [
        {"image": rng.integers(256, size=(16, 24, 3), dtype=np.uint8), "id": i}
        for i in range(count)
    ]


def test_follows_from_the_seed(tiny, bank):
    source = grain.MapDataset.source(photos(6))
    transform = RandomStyle(bank, alpha=(0.5, 1.0), model=tiny)

    def images(seed):
        return [x["image"] for x in source.seed(seed).random_map(transform)]

    first, again, other = images(0), images(0), images(1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.shape(first) == (6, 16, 24, 3)


def test_batches(tiny, bank):
    transform = RandomStyle(bank, probability=0.5, alpha=(1.0, 1.0), model=tiny)
    dataset = grain.MapDataset.source(photos(16)).seed(0).batch(16).random_map(transform)
    batch: Any = dataset[0]
    assert batch["id"].tolist() == list(range(16))
    before = np.stack([x["image"] for x in photos(16)])
    kept = (batch["image"] == before).all((1, 2, 3))
    assert 2 < kept.sum() < 14


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alpha": (1.0, 0.5)}, "0 <= low <= high <= 1"),
        ({"probability": 2.0}, "probability is between 0 and 1, not 2"),
        ({"model": "fast"}, "model is a Model"),
    ],
)
def test_what_is_wrong(tiny, bank, options, words):
    with pytest.raises(ValueError, match=words):
        RandomStyle(bank, **{"model": tiny, **options})
