r"""The small network `fast`, encoder and decoder trained together against the losses of `vgg16`.

    python scripts/train.py --config configs/fast.py \
        --config.content=photos --config.style=paintings

As `base.py`, but for what a network with features of its own needs: pictures of styles, a longer
start as an autoencoder, and a style weight that rises more slowly.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/fast",
        network="fast",
        frozen_styles=False,
        style_crop_size=96,
        steps=20_000,
        reconstruction_steps=1_000,
        style_warmup_steps=4_000,
        learning_rate=1e-3,
    )
