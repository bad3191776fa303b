r"""Train a decoder.

    python scripts/train.py --config configs/base.py \
        --config.content=photos --config.style=paintings

Every field of `adain_jax.training.config.TrainConfig` can be given as `--config.name=value`. The
same command goes on with a training that was stopped.
"""

import dataclasses
import sys

from absl import app, logging
from ml_collections import config_flags

from adain_jax.training.loop import train

_CONFIG = config_flags.DEFINE_config_file("config", help_string="a file of configs/")


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        sys.exit(f"train.py: unexpected {argv[1]!r}: fields are set by --config.name=value")
    if _CONFIG.value is None:
        sys.exit("train.py: name a recipe: --config configs/base.py")
    logging.set_verbosity(logging.WARNING)  # orbax tells every rename
    try:
        train(dataclasses.replace(_CONFIG.value))  # made anew, and so checked, after the overrides
    except (ValueError, OSError) as problem:
        sys.exit(f"train.py: {problem}")


if __name__ == "__main__":
    app.run(main)
