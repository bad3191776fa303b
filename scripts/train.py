r"""Train a decoder.

    python scripts/train.py --config configs/base.py \
        --config.content=photos --config.style=paintings

Every field of `adain_jax.training.config.TrainConfig` can be given as `--config.name=value`. The
same command goes on with a training that was stopped.
"""

import dataclasses
import sys
from typing import NoReturn

from absl import app, flags, logging
from ml_collections import config_flags

from adain_jax.training.config import TrainConfig
from adain_jax.training.loop import train

_CONFIG = config_flags.DEFINE_config_file("config", help_string="a file of configs/")


def fail(problem: Exception | str) -> NoReturn:
    # A KeyError's own text is in quotes.
    text = problem.args[0] if isinstance(problem, KeyError) else problem
    print("train.py: error:", " ".join(str(text).split()), file=sys.stderr)
    sys.exit(2)


def parse(argv: list[str]) -> list[str]:
    """Flags, with one line for a wrong one; a recipe's own mistakes keep their traceback."""
    try:
        return flags.FLAGS(argv)
    except (flags.Error, KeyError, ValueError, OSError) as problem:
        fail(problem)


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        fail(f"unexpected {argv[1]!r}: fields are set by --config.name=value")
    if _CONFIG.value is None:
        fail("name a recipe: --config configs/base.py")
    if not isinstance(_CONFIG.value, TrainConfig):
        fail("--config is no recipe: there is no such file, or its get_config makes no TrainConfig")
    logging.set_verbosity(logging.WARNING)  # orbax tells every rename
    try:
        train(dataclasses.replace(_CONFIG.value))  # made anew, and so checked, after the overrides
    except (ValueError, OSError) as problem:
        fail(problem)


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
