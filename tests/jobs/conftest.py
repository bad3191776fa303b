import numpy as np
import pytest
from PIL import Image

from adain_jax.files import image
from adain_jax.jobs import picture, segments
from adain_jax.jobs.clip_job import Job
from adain_jax.jobs.plan import Mixture, plan
from adain_jax.jobs.run import Sizes
from tests.clips import pan, write
from tests.jobs.clips import COUNT


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


@pytest.fixture
def short_segments(monkeypatch):
    monkeypatch.setattr(segments, "SEGMENT", 5)


@pytest.fixture
def job(tmp_path, painting, short_segments):
    """A clip with sound, and an output."""
    path = write(tmp_path / "clip.mp4", pan(COUNT), sound=True)
    style = Mixture(((painting, 1.0),))
    return Job(path, style, tmp_path / "out.mp4", sizes=Sizes(style=32))


@pytest.fixture
def frames(tmp_path):
    """A folder of frames."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for i, frame in enumerate(pan(COUNT)):
        Image.fromarray(frame).save(folder / f"f{i}.png")
    return folder
