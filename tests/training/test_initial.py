import dataclasses

import jax
import numpy as np
import pytest

from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES
from adain_jax.training.initial import first_params
from tests.networks.test_golden import DECODER, Peer


@pytest.fixture(scope="module")
def vgg19():
    shapes = jax.eval_shape(
        ARCHITECTURES["vgg19"].encoder.init, jax.random.key(0), np.zeros((1, 8, 8, 3), np.float32)
    )
    return Model.create("vgg19", jax.tree.map(lambda x: np.zeros(x.shape), shapes["params"]))


def test_a_port_s_decoder(config, vgg19, tiny, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is the extra `convert`")
    state = Peer._state(np.random.default_rng(0), DECODER)
    path = tmp_path / "decoder.pth"
    torch.save({key: torch.tensor(value) for key, value in state.items()}, path)
    config = dataclasses.replace(config, init_from=str(path))
    decoder = first_params(config, vgg19)["decoder"]
    np.testing.assert_array_equal(decoder["conv1_1"]["bias"], state["28.bias"])
    with pytest.raises(ValueError, match=r"init_from: .*decoder\.pth: .*conv3_4"):
        first_params(config, tiny)


def test_nothing_there(config, tiny, vgg19, tmp_path):
    with pytest.raises(FileNotFoundError, match="no model 'nix'"):
        first_params(dataclasses.replace(config, init_from="nix"), tiny)
    vgg19.save(tmp_path / "encoder.safetensors")
    path = str(tmp_path / "encoder.safetensors")
    with pytest.raises(ValueError, match="holds no decoder"):
        first_params(dataclasses.replace(config, init_from=path), vgg19)


@pytest.mark.slow
def test_random_weights_depend_on_the_seed(config, tiny):
    first, again, other = (
        first_params(dataclasses.replace(config, seed=seed), tiny)["decoder"]["conv1_1"]["kernel"]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (np.asarray(first) != np.asarray(other)).any()
    own = first_params(dataclasses.replace(config, variant="fast"), tiny)
    assert set(own) == {"content", "projection", "decoder"}


def test_a_folder_does_not_hide_a_shipped_model(config, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vgg16").mkdir()
    decoder = first_params(dataclasses.replace(config, init_from="vgg16", variant="film"), model)
    np.testing.assert_array_equal(
        decoder["decoder"]["conv1_1"]["bias"], model.params["decoder"]["conv1_1"]["bias"]
    )


def test_an_old_decoder_is_no_small_network(config, tiny, tiny_file):
    config = dataclasses.replace(config, variant="fast", init_from=tiny_file)
    with pytest.raises(ValueError, match="holds no content, projection"):
        first_params(config, tiny)
