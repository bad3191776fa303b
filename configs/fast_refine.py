r"""The last part of a training of `fast.py`: it learns from the pictures of `vgg16`.

    adain-jax train --config fast_refine \
        --config.init_from=runs/fast/model.safetensors \
        --config.content=photos --config.style=paintings

Colours and strokes follow the painting more closely. The style loss alone would let a small network
put one texture over every picture; the pictures of `vgg16` show it where each stroke belongs.
Strokes must also move with the photograph (`shift_weight`), or else they form rows at regular
distances. The angles of the VGG's maps keep forms (`cosine_weight`). The last 307 steps of the
shipped weights had these weights. A step takes three to four seconds on two CPU cores. Without
`init_from` it starts from the shipped weights. If your images are crops of photographs of 512
pixels, give their side as the size, as `refine.py` says. On an accelerator add
`--config.pool_contents=0 --config.pool_styles=0`.
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
        crop_size=192,
        style_crop_size=192,
        pool_contents=60,
        pool_styles=480,
        renew_every=1,
        batch_size=6,
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
        teacher_weight=10.0,
        content_weight=0.5,
        identity_weight=1_500.0,
        shift_weight=1_500.0,
        perceptual_weight=25.0,
        cosine_weight=500.0,
        mesh_weight=1e6,
        style_weight=700.0,
        style_reduction="relative",
        style_layers=(1.0, 1.0, 1.5, 3.0),
        style_warmup_steps=1,
        tv_weight=100.0,
        learning_rate=3e-4,
        lr_warmup_steps=20,
        gradient_clip=50.0,
    )
