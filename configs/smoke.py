r"""Three steps on tiny images, to see that everything is in place: a minute, nothing learned.

python scripts/train.py --config configs/smoke.py \
        --config.content=photos --config.style=paintings
"""

from adain_jax.training.config import TrainConfig


def get_config() -> TrainConfig:
    return TrainConfig(
        workdir="runs/smoke",
        content_size=32,
        crop_size=32,
        style_size=32,
        style_crop_size=32,
        batch_size=2,
        steps=3,
        reconstruction_steps=1,
        log_every=1,
        checkpoint_every=2,
    )
