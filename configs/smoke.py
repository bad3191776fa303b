r"""A few steps of `base.py` on tiny images, to see that everything is in place: nothing learned.

adain-jax train --config smoke
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/smoke",
        content_size=32,
        crop_size=32,
        style_size=32,
        style_crop_size=32,
        pool_contents=4,
        pool_styles=4,
        batch_size=2,
        steps=4,
        reconstruction_steps=1,
        log_every=1,
        checkpoint_every=2,
        pictures_every=4,
    )
