r"""A decoder for `vgg16` from scratch, in an hour on two CPU cores.

    adain-jax train --config base \
        --config.content=photos --config.style=paintings

Without folders it trains on the few pictures in examples/, which shows that everything works, but
teaches a decoder little. Expect a style loss below 4 after 5,000 steps on some thousand images.

It uses small crops and pools of encoded images, starts as an autoencoder, and raises the style
weight slowly: from scratch, at the paper's style weight, short trainings end in a grey veil. The
total variation suppresses the fine mesh that a decoder produces in its first hours.
"""

from adain_jax.training.config import TrainConfig


def get_config() -> TrainConfig:
    return TrainConfig(
        workdir="runs/base",
        content_size=176,
        crop_size=96,
        style_size=192,
        style_crop_size=192,
        pool_contents=256,
        pool_styles=1_024,
        batch_size=8,
        steps=5_000,
        reconstruction_steps=300,
        style_warmup_steps=450,
        tv_weight=100.0,
        learning_rate=2e-4,
        lr_warmup_steps=100,
        schedule="cosine",
        gradient_clip=1.0,
        checkpoint_every=250,
        pictures_every=500,
    )
