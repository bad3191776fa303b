r"""The paper's ablation "Enc-AdaIN-INDec": instance normalisation in the decoder (section 7.2).

    adain-jax train --config ablation_instance \
        --config.content=photos --config.style=paintings

All other settings are those of `base.py`. Instance normalisation gives every sample the same style,
whatever AdaIN gave it, and so the style loss stays high.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(base.get_config(), workdir="runs/ablation_instance", variant="instance")
