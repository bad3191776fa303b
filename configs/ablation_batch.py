r"""The paper's ablation "Enc-AdaIN-BNDec": batch normalisation in the decoder (section 7.2).

    adain-jax train --config ablation_batch \
        --config.content=photos --config.style=paintings

As `base.py` in all else, so that the curves of the two can be laid over each other. Batches mix
several styles, and batch normalisation brings all of them to the statistics of the mixture. Those
of the batch are taken when pictures are made, too: no average is stored.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(base.get_config(), workdir="runs/ablation_batch", variant="batch")
