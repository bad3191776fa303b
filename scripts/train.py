r"""Train a network.

    python scripts/train.py --config configs/base.py \
        --config.content=photos --config.style=paintings

Every field of `adain_jax.training.config.TrainConfig` can be given as `--config.name=value`. The
same command goes on with a training that was stopped. Ctrl-C and SIGTERM save first.

On several hosts, the same command runs on each, with a work directory that all of them see. Under
SLURM (`srun`) and on TPU pods they find each other; elsewhere they are told how:

    python scripts/train.py --config configs/base.py \
        --coordinator=10.0.0.1:1234 --num-processes=2 --process-id=0
"""

import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from absl import app, flags, logging
from ml_collections import config_flags

from adain_jax.runtime.errors import in_words, is_input
from adain_jax.runtime.interrupt import Interrupted, number_of, stoppable
from adain_jax.runtime.memory import keep_freed_memory
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import connect_hosts
from adain_jax.training.loop import train

sys.path.append(str(Path(__file__).parents[1]))  # recipes import `configs.base`

_CONFIG = config_flags.DEFINE_config_file("config", help_string="a file of configs/")
_COORDINATOR = flags.DEFINE_string("coordinator", None, "host:port of process 0")
_NUM_PROCESSES = flags.DEFINE_integer("num-processes", None, "how many processes train together")
_PROCESS_ID = flags.DEFINE_integer("process-id", None, "which of them this is, from 0")


def fail(problem: Exception | str) -> NoReturn:
    text = in_words(problem) if isinstance(problem, Exception) else problem
    print("train.py: error:", text, file=sys.stderr)
    sys.exit(2)


def parse(argv: list[str]) -> list[str]:
    """Flags, with one line for a wrong one; a recipe's own mistakes keep their traceback."""
    try:
        return flags.FLAGS(argv)
    except (flags.Error, KeyError, ValueError, OSError, TypeError) as problem:
        fail(problem)


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        fail(f"unexpected {argv[1]!r}: fields are set by --config.name=value")
    if _CONFIG.value is None:
        fail("name a recipe: --config configs/base.py")
    if not isinstance(_CONFIG.value, TrainConfig):
        fail("--config is no recipe: there is no such file, or its get_config makes no TrainConfig")
    keep_freed_memory()
    logging.set_verbosity(logging.WARNING)  # orbax tells every rename
    try:
        with stoppable():
            connect_hosts(
                _COORDINATOR.value,
                _NUM_PROCESSES.value,
                _PROCESS_ID.value,
                environment=os.environ,
            )
            train(dataclasses.replace(_CONFIG.value))  # made anew, and so checked, after overrides
    except Interrupted as stop:
        print(f"{stop}; the same command goes on from there", file=sys.stderr)
        # A scheduler that asked for the machine is content; Ctrl-C ends as it does everywhere.
        sys.exit(0 if stop.signal == signal.SIGTERM else 130)
    except KeyboardInterrupt as stop:
        print("stopped; what the last checkpoint holds is kept", file=sys.stderr)
        sys.exit(128 + number_of(stop))
    except Exception as problem:
        if not is_input(problem):
            raise
        fail(problem)


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
