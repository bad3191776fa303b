import importlib.util

import pytest

from adain_jax.training.config import TrainConfig
from tests.conftest import ROOT


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.py")), ids=lambda p: p.stem)
def test_every_recipe_loads(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    assert isinstance(config, TrainConfig)
    assert config.workdir == f"runs/{path.stem}"
    assert module.__doc__ is not None
    assert f"--config configs/{path.name}" in module.__doc__


def test_the_paper_s_numbers():
    config = TrainConfig()
    assert (config.learning_rate, config.lr_decay, config.batch_size) == (1e-4, 5e-5, 8)
    assert (config.content_size, config.crop_size, config.steps) == (512, 256, 160_000)
    assert (config.content_weight, config.style_weight) == (1, 10)


def test_one_error_names_all_that_is_wrong():
    with pytest.raises(ValueError, match="config:") as caught:
        TrainConfig(batch_size=0, crop_size=100, schedule="linear", style_weight=-1.0)
    for part in ("batch_size", "crop_size must be a multiple of 8", "schedule", "style_weight"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"content_size": 64, "crop_size": 128}, "crop_size 128 exceeds content_size 64"),
        ({"style_size": 64, "style_crop_size": 128}, "style_crop_size 128 exceeds"),
        ({"steps": 10, "reconstruction_steps": 11}, "reconstruction_steps 11 exceeds steps 10"),
    ],
)
def test_fields_that_do_not_go_together(fields, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**fields)
