r"""The small network `fast`, encoder and decoder trained together against the losses of `vgg16`.

    python scripts/train.py --config configs/fast.py \
        --config.content=photos --config.style=paintings

Ten minutes on two CPU cores. Then, at the size that pictures are made at, for as long as you can,
with a style weight that is raised from part to part:

    python scripts/train.py --config configs/refine.py --config.network=fast \
        --config.init_from=runs/fast/model.safetensors --config.workdir=runs/fast-refined \
        --config.content=photos --config.style=paintings --config.style_weight=20 \
        --config.crop_size=160 --config.batch_size=4 --config.learning_rate=1.5e-4

As `base.py`, but for what a network with features of its own needs: larger squares of paintings,
which are encoded in every step, and a style weight that rises more slowly.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/fast",
        network="fast",
        content_size=256,
        style_size=256,
        style_crop_size=256,
        steps=1_500,
        reconstruction_steps=200,
        style_warmup_steps=1_000,
        tv_weight=20.0,
        learning_rate=5e-4,
        lr_warmup_steps=200,
    )
