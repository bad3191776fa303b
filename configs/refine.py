r"""The last part of a training of `base.py`: a decoder conditioned on the style, with bridges.

    adain-jax train --config refine \
        --config.init_from=runs/base/model.safetensors \
        --config.content=photos --config.style=paintings

It starts from the decoder of `init_from`. The new layers change nothing at first, but upsampling
becomes linear (docs/design.md). Colours follow the style within minutes, then faces and edges
return, and fine texture takes longest. The weights that ship were made in this way. Without
`init_from` it starts from them, so it is also the recipe for adapting them to your paintings. A
pool of features saves half of the time of a step, and takes some minutes to fill. On two CPU cores,
5,000 steps take about two hours.

The shipped weights end with larger crops, four at a time, and with strokes that must move with the
photograph. A crop of 128 has to match the style alone, so its calm areas are filled with strokes; a
larger one has other places for these. Strokes that move with the photograph form no meshes:

    adain-jax train --config refine --config.content=photos --config.style=paintings \
        --config.crop_size=224 --config.style_crop_size=256 --config.batch_size=4 \
        --config.pool_styles=256 --config.style_weight=65 --config.identity_weight=6000 \
        --config.shift_weight=500 "--config.style_layers=(1.0,1.0,1.5,2.0)" \
        --config.learning_rate=2e-4

Three later parts, 400 steps twice (with two seeds) and 393, had `style_reduction=relative` and a
style weight of 200 to 250. In the 393, a `perceptual_weight` of 25 to 100 made fine detail sharper.
The model card of `vgg16` has the parts after these, and the command of the last one.

On an accelerator, for five minutes, with schedules by the clock:

    adain-jax train --config refine \
        --config.content=photos --config.style=paintings --config.minutes=5 \
        --config.pool_contents=0 --config.pool_styles=0 --config.crop_size=256 \
        --config.style_crop_size=256 --config.batch_size=32 --config.compute=bfloat16

The sizes are for whole photographs. If your images are crops of photographs of 512 pixels, give
their side as the size: 288-pixel squares need `content_size=288` and `style_size=288`.
"""

from dataclasses import replace

from adain_jax.training.config import TrainConfig
from configs import base


def get_config() -> TrainConfig:
    return replace(
        base.get_config(),
        workdir="runs/refine",
        variant="film",
        init_from="vgg16",
        content_size=512,
        crop_size=128,
        style_size=512,
        style_crop_size=192,
        pool_contents=64,
        flip=True,
        style_gray=0.08,
        style_permute=0.12,
        style_invert=0.06,
        style_hue=0.1,
        style_contrast=0.15,
        style_gamma=0.15,
        style_synthetic=0.1,
        style_mix=0.1,
        steps=5_000,
        reconstruction_steps=0,
        style_warmup_steps=1,
        style_weight=10.0,
        identity_weight=500.0,
        learning_rate=3e-4,
        gradient_clip=50.0,
    )
