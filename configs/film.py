r"""A decoder that is told the style (docs/design.md), on from the decoder of a plain one.

    python scripts/train.py --config configs/film.py \
        --config.content=photos --config.style=paintings

Colours follow the style within minutes, fine texture with time. On a CPU features of crops are kept
in a pool, which takes two minutes to fill; 50,000 steps take about a day on two cores.

On an accelerator, for five minutes, schedules by the clock:

    python scripts/train.py --config configs/film.py \
        --config.content=photos --config.style=paintings --config.minutes=5 \
        --config.pool_contents=0 --config.pool_styles=0 --config.crop_size=256 \
        --config.style_crop_size=256 --config.batch_size=32 --config.compute=bfloat16

Sizes are for your own photographs. Of images that were cut from larger ones at that scale, give the
side that they have: 288-pixel squares want `content_size=288` and `style_size=288`.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/film",
        variant="film",
        init_from="vgg16",
        content_size=512,
        crop_size=128,
        style_size=512,
        style_crop_size=192,
        pool_contents=256,
        pool_styles=1_024,
        renew=1,
        renew_every=1,
        flip=True,
        style_gray=0.08,
        style_permute=0.12,
        style_invert=0.06,
        style_hue=0.1,
        style_contrast=0.15,
        style_gamma=0.15,
        style_synthetic=0.1,
        style_mix=0.1,
        steps=50_000,
        reconstruction_steps=0,
        style_warmup_steps=1,
        style_weight=15.0,
        tv_weight=100.0,
        identity_weight=50.0,
        learning_rate=3e-4,
        schedule="cosine",
        lr_warmup_steps=100,
        gradient_clip=50.0,
        checkpoint_every=500,
    )
