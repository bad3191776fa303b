"""The initial weights of a training."""

from pathlib import Path

import jax

from adain_jax.model import Model
from adain_jax.networks import initialize
from adain_jax.networks.params import Params, check_params
from adain_jax.training.checkpoint import load_params
from adain_jax.training.config import TrainConfig
from adain_jax.weights import store
from adain_jax.weights.convert import from_port_decoder
from adain_jax.weights.read import read_state


def first_params(config: TrainConfig, model: Model, *, replaced: bool = False) -> Params:
    """The initial weights of the trained parts: `{"decoder": ...}` and all others but the VGG.

    They are random, or those of `config.init_from`.

    Args:
        config: the recipe.
        model: the frozen model.
        replaced: whether those of a checkpoint will replace them; then they are random, and
            `config.init_from` need not exist any more.

    Raises:
        FileNotFoundError: if `config.init_from` does not exist.
        ValueError: if `config.init_from` does not fit the network.
    """
    architecture = config.architecture(model.architecture)
    if replaced or not config.init_from:
        return _random(architecture, config.seed)
    path = Path(config.init_from)
    if path.is_dir() and config.init_from not in store.shipped():
        params = load_params(path)
    elif path.suffix in (".pth", ".pt"):
        params = {"decoder": from_port_decoder(read_state(path))}
    else:
        params = Model.load(config.init_from).params
    shapes = jax.eval_shape(lambda: initialize(architecture, jax.random.key(0)))
    parts = [part for part in shapes if part != "encoder"]
    missing = [part for part in parts if part not in params]
    if missing:
        raise ValueError(f"config: init_from: {path} holds no {', '.join(missing)}")
    params = {part: params[part] for part in parts}
    if config.variant == "film":  # new FiLM layers and bridges do nothing at first
        new = _random(architecture, config.seed)["decoder"]
        added = {x: new[x] for x in new if x.endswith(("_film", "_bridge"))}
        params["decoder"] = {**added, **params["decoder"]}
    try:
        check_params(params, architecture)
    except ValueError as error:
        raise ValueError(f"config: init_from: {path}: {error}") from None
    return params


_initialize = jax.jit(initialize, static_argnums=0)  # else, each of its operations is compiled


def _random(architecture: str, seed: int) -> Params:
    params = _initialize(architecture, jax.random.key(seed))
    return {part: x for part, x in params.items() if part != "encoder"}
