r"""The paper's ablation "Enc-Concat-Dec": features side by side in place of AdaIN (section 7.2).

    adain-jax train --config ablation_concatenation \
        --config.content=photos --config.style=paintings

The decoder gets relu4_1 of the content and of the style, concatenated, and must learn to separate
content from style. The settings are those of `base.py`, except that crops of paintings have the
size of those of photographs, and every step encodes its crops. This network has no `Style`, so no
pictures are made during the training.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/ablation_concatenation",
        variant="concatenation",
        style_crop_size=96,
        pool_contents=0,
        pool_styles=0,
        pictures_every=0,
    )
