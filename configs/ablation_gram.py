r"""The style loss by Gram matrices, as Gatys et al. and most after them have it.

    adain-jax train --config ablation_gram \
        --config.content=photos --config.style=paintings

The paper found that Gram matrices give similar pictures to means and deviations, which it prefers
because they are simpler (section 6.2). The settings are those of `base.py`, except that crops of
paintings have the size of those of photographs, and every step encodes its crops. With this weight,
the loss of a photograph is about as large as in `base.py`.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/ablation_gram",
        style_crop_size=96,
        pool_contents=0,
        pool_styles=0,
        style_weight=0.0,
        gram_weight=3.0,
    )
