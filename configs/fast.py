r"""The small network `fast`, an encoder of photographs and then a decoder, for styles of `vgg16`.

    adain-jax train --config fast \
        --config.content=photos --config.style=paintings

It should take about three quarters of an hour on two CPU cores. In a trial with 300 steps for the
encoder, pictures followed the painting's palette after 400 more. Then run `fast_refine.py`, for as
long as you can.

The encoder is fitted to the VGG's features in the reconstruction steps, and then frozen: trained by
the style loss, it silences channels, and the pictures end in a grey veil. A small decoder satisfies
a style loss most cheaply by one texture all over every picture. The content loss at three maps and
the identity loss (the photograph at alpha 0) prevent that, and the style weight rises slowly.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/fast",
        variant="fast",
        content_size=384,
        style_size=512,
        style_crop_size=256,
        pool_contents=0,
        pool_styles=256,
        renew_every=4,
        steps=4_000,
        reconstruction_steps=1_000,
        feature_weight=1.0,
        freeze_encoder=True,
        content_weight=3.0,
        content_layers=(0.0, 2.0, 2.0, 1.0),
        identity_weight=1_000.0,
        style_weight=45.0,
        style_warmup_steps=2_000,
        learning_rate=7e-4,
    )
