r"""The last part of a training of `base.py`: images scaled to 512 pixels, as pictures are made.

    python scripts/train.py --config configs/refine.py \
        --config.init_from=runs/base/model.safetensors \
        --config.content=photos --config.style=paintings

Strokes come out larger and flat areas calmer. Half an hour on two CPU cores. Without `init_from`
it goes on with the shipped weights, and so is also the recipe for making them fit your paintings.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/refine",
        init_from="vgg16",
        content_size=512,
        crop_size=128,
        style_size=512,
        style_crop_size=256,
        pool_styles=512,
        renew_every=2,
        steps=1_500,
        reconstruction_steps=0,
        style_warmup_steps=1,
        tv_weight=200.0,
        lr_warmup_steps=50,
    )
