r"""The paper's training: 160,000 steps of 8 pairs, 256-pixel crops of images of 512.

    adain-jax train --config paper --config.encoder=vgg19.safetensors

It needs COCO's photographs in coco/train2014 and WikiArt's paintings in wikiart; TensorFlow
Datasets can replace them: --config.content=tfds:coco/2014:train. The extra `convert` makes the
encoder: `adain-jax convert --download vgg19 --normalise coco/train2014 -o vgg19.safetensors`. The
numbers are those of the paper's section 6 and its public code: Adam at 1e-4 / (1 + 5e-5 t), content
weight 1, style weight 10 (with the losses averaged, not summed, over channels).
"""

from adain_jax.training.config import TrainConfig


def get_config() -> TrainConfig:
    return TrainConfig(content="coco/train2014", style="wikiart", workdir="runs/paper")
