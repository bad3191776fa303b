r"""The paper's ablation "Enc-Concat-Dec": features side by side in place of AdaIN (section 7.2).

    adain-jax train --config ablation_concatenation \
        --config.content=photos --config.style=paintings

The decoder is given relu4_1 of the content and of the style, one behind the other, and must find
out itself how to part content from style. As `base.py` but for squares of paintings of the crops'
size, encoded in every step. It has no style apart from a painting, and so makes no pictures.
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
