import dataclasses

import numpy as np
import pytest

from adain_jax.training import validation
from adain_jax.training.validation import Validation


class Flat:
    """Images of one value each, by which they are known again."""

    def __init__(self, count):
        self.asked = []
        self._count = count

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        self.asked.append(int(index))
        return np.full((16, 16, 3), index, np.uint8)


@pytest.mark.parametrize(("contents", "styles"), [(40, 7), (40, 35), (5, 70), (3, 2)])
def test_validation_sees_all_styles_and_contents(config, contents, styles):
    config = dataclasses.replace(config, validation_samples=40)
    images = Flat(contents), Flat(styles)
    Validation(config, "tiny", *images)  # type: ignore[arg-type]
    pairs = list(zip(*(x.asked for x in images), strict=True))
    assert len(pairs) == min(40, contents * styles)
    for x, count in zip(images, (contents, styles), strict=True):
        assert set(x.asked) <= set(range(count))
        assert len(set(x.asked)) == min(count, len(pairs))
    again = Flat(contents), Flat(styles)
    Validation(config, "tiny", *again)  # type: ignore[arg-type]
    assert [x.asked for x in again] == [x.asked for x in images]  # or losses could not be compared


def test_means_are_over_all_pairs(config, tiny, monkeypatch):
    """However the last batch is filled."""
    config = dataclasses.replace(config, validation_samples=5, batch_size=4)
    monkeypatch.setattr(
        validation,
        "make_loss",
        lambda config, architecture, phase: (
            lambda params, frozen, batch, step: (0, {phase: batch["style"].astype("f4").mean()})
        ),
    )
    losses = Validation(config, "tiny", Flat(1), Flat(5))({}, {})  # type: ignore[arg-type]
    assert losses == {"style": 2.0, "reconstruction": 2.0}
