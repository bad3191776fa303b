r"""The last part of a training of `fast.py`: crops of 256 of images scaled to 512 pixels.

    adain-jax train --config fast_refine \
        --config.init_from=runs/fast/model.safetensors \
        --config.content=photos --config.style=paintings

Colours and strokes follow the painting more closely, at the cost of more of the photograph. It
takes half an hour on two CPU cores. Without `init_from` it starts from the shipped weights. If your
images are crops of larger ones at that scale, give their side as the size, as `refine.py` says.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import fast


def get_config() -> TrainConfig:
    return replace(
        fast.get_config(),
        workdir="runs/fast_refine",
        init_from="fast",
        content_size=512,
        crop_size=256,
        style_crop_size=512,
        pool_styles=64,
        renew_every=8,
        batch_size=4,
        flip=True,
        style_gray=0.08,
        style_permute=0.12,
        style_invert=0.06,
        style_hue=0.1,
        style_contrast=0.15,
        style_gamma=0.15,
        style_synthetic=0.1,
        style_mix=0.1,
        steps=1_500,
        reconstruction_steps=0,
        content_weight=2.0,
        identity_weight=500.0,
        style_weight=120.0,
        style_layers=(1.0, 1.0, 1.5, 3.0),
        style_warmup_steps=1,
        tv_weight=200.0,
        learning_rate=1.5e-4,
        lr_warmup_steps=30,
    )
