r"""The paper's ablation "Enc-AdaIN-BNDec": batch normalisation in the decoder (section 7.2).

    adain-jax train --config ablation_batch \
        --config.content=photos --config.style=paintings

All other settings are those of `base.py`, so that the curves of the two can be compared. Batches
mix several styles, and batch normalisation gives all of them the statistics of the mixture. The
statistics of the batch are used when pictures are made, too: no average is stored.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(base.get_config(), workdir="runs/ablation_batch", variant="batch")
