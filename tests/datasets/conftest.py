"""Data sets in, data sets out."""

import pytest

from adain_jax.datasets.run import Job, run
from adain_jax.datasets.task import Look
from tests.datasets.common import make_tree


@pytest.fixture
def paintings(tmp_path):
    return make_tree(tmp_path / "paintings", 5)


@pytest.fixture
def stylized(tiny_file, paintings, tmp_path):
    """Make a data set in a folder of a name, and return the folder and what became of its parts."""

    def stylized(source, name, **options):
        look = {"alpha": (0.5, 1.0), "batch": 1, **options.pop("look", {})}
        begin = options.pop("begin", lambda parts, finished: None)
        engine = options.pop("engine", None)
        options = {"styles": [paintings], "style_size": 32, "part": 4, **options}
        job = Job(str(source), tmp_path / name, look=Look(**look), model=str(tiny_file), **options)
        return tmp_path / name, list(run(job, engine, begin=begin))

    return stylized
