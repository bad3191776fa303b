import os

from adain_jax.evaluation.places import named
from adain_jax.files import image
from tests.files.ramp import RAMP


def test_names_that_are_not_utf8(tmp_path):
    """They are written to reports."""
    image.save(tmp_path / os.fsdecode(b"caf\xe9.png"), RAMP)
    [found] = named([str(tmp_path)], 16)
    assert found.name == r"caf\udce9.png"
    assert found.image.shape == (16, 16, 3)
