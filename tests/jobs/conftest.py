import numpy as np
import pytest

from adain_jax.files import image
from adain_jax.jobs import picture
from adain_jax.jobs.plan import plan


@pytest.fixture
def quick(tiny, monkeypatch):
    """Model and jobs of which nothing is computed; what is done instead can be set."""

    def set_up(contents, instead=lambda content: content):
        monkeypatch.setattr(picture, "make", lambda content, *_: instead(content))
        monkeypatch.setattr(picture, "encode", lambda *_: tiny.style(np.zeros((8, 8, 3), np.uint8)))
        return plan(contents, [contents[0].parent / "style.png"], contents[0].parent / "out").jobs

    return set_up


@pytest.fixture
def contents(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for i, path in enumerate(paths):
        image.save(path, np.full((8, 8, 3), i, np.uint8))
    image.save(tmp_path / "style.png", np.zeros((8, 8, 3), np.uint8))
    return paths
