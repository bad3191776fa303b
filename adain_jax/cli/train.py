"""`adain-jax train`: trains a network by a recipe, some of whose fields may be changed."""

import argparse
import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

from adain_jax.cli import arguments, messages
from adain_jax.runtime import process
from adain_jax.runtime.interrupt import Interrupted, number_of
from adain_jax.runtime.packages import needed

_FIELD = "config."


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "train",
        help="train a network on your own photographs and paintings (extra train)",
        usage="adain-jax train --config RECIPE [--config.FIELD=VALUE ...] [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run, late=_add_fields)
    command.add_argument(
        "--config",
        type=arguments.text,
        metavar="RECIPE",
        required=True,
        help="the name of a recipe that ships, or the path of your own, a Python file",
    )
    hosts = command.add_argument_group("several hosts, if they are not tasks of SLURM or a TPU pod")
    hosts.add_argument("--coordinator", metavar="HOST:PORT", help="address of process 0")
    hosts.add_argument(
        "--num-processes", type=int, metavar="N", help="number of processes that train together"
    )
    hosts.add_argument("--process-id", type=int, metavar="N", help="number of this process, from 0")


def run(args: argparse.Namespace) -> bool:
    """Train, or continue a training.

    Raises:
        Interrupted: if the training was stopped, except by SIGTERM when its state is saved.
    """
    with needed("training", "train"):
        from adain_jax.training.loop import train
    from adain_jax.training import recipes
    from adain_jax.training.devices import connect_hosts

    given = {
        name.removeprefix(_FIELD): value
        for name, value in vars(args).items()
        if name.startswith(_FIELD)
    }
    config = dataclasses.replace(recipes.load(args.config), **given)
    process.prepare()
    try:
        connect_hosts(args.coordinator, args.num_processes, args.process_id, environment=os.environ)
        with needed("training", "train"):
            train(config)
        if not args.process_id:
            print(Path(config.workdir) / "model.safetensors")
    except Interrupted as stop:
        told = f"{stop}; the same command goes on from there"
        if stop.signal != signal.SIGTERM:
            raise Interrupted(stop.signal, told) from None
        messages.note(told)  # the signal came from a scheduler, to which this is a success
    except KeyboardInterrupt as stop:
        raise Interrupted(
            number_of(stop), "stopped; what the last checkpoint holds is kept"
        ) from None
    return True


def _add_fields(command: argparse.ArgumentParser) -> None:
    """Add an argument for each field of a recipe, and list the recipes in the description."""
    from adain_jax.training import recipes
    from adain_jax.training.config import TrainConfig

    names = recipes.names()
    width = max(map(len, names))
    shipped = "\n".join(f"  {name:{width}}  {recipes.summary(name)}" for name in names)
    command.description = (
        "Train a network, or go on with a training that was stopped. The exported model,\n"
        "checkpoints, pictures and the log go to the folder `workdir`.\n\n"
        f"recipes that ship:\n{shipped}"
    )
    group = command.add_argument_group(
        "fields of the recipe",
        "With TrainConfig's defaults, which recipes change; docs/training.md says more.",
    )
    kinds = get_type_hints(TrainConfig)
    for field in dataclasses.fields(TrainConfig):
        read, metavar = _READ.get(kinds[field.name], (_numbers, "X,X,..."))
        group.add_argument(
            f"--{_FIELD}{field.name}",
            type=read,
            metavar=metavar,
            default=argparse.SUPPRESS,
            **({"nargs": "?", "const": True} if kinds[field.name] is bool else {}),
            help=str(field.default).strip("()").replace("%", "%%") or "(empty)",
        )


def _text(text: str) -> str:
    """Expand `~` at the beginning of paths, which shells do not within an argument."""
    return ",".join(os.path.expanduser(part.strip()) for part in text.split(","))  # noqa: PTH111


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, not {text}")
    return text.lower() == "true"


def _numbers(text: str) -> tuple[float, ...]:
    """Parse numbers with commas between them, with or without brackets."""
    try:
        return tuple(float(x) for x in text.strip("()[] ").removesuffix(",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be numbers with commas between them, not {text}"
        ) from None


# By the type of a field: the function that parses its text, and its placeholder in the help.
_READ: dict[type, tuple[Callable[[str], object], str]] = {
    bool: (_boolean, "true|false"),
    int: (int, "N"),
    float: (float, "X"),
    str: (_text, "TEXT"),
}
