"""Checkpoints of a training: everything that a step changes, and how many pairs were used."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from adain_jax.training.step import TrainState

# Of a recipe, what decides which weights there are. The rest may change between runs.
_WEIGHTS = ("network", "encoder", "moving_average")
_policies = ocp.training.preservation_policies


class Checkpoints:
    """The checkpoints in a folder: the newest, and the best. Saves run in the background.

    All hosts take part in every call, and share the folder; one of them writes.
    """

    def __init__(self, folder: str | os.PathLike, keep: int) -> None:
        self._checkpointer = ocp.training.Checkpointer(
            str(Path(folder).absolute()),
            preservation_policy=_policies.AnyPreservationPolicy(  # type: ignore[arg-type]
                [
                    _policies.LatestN(keep),
                    # Sorted by this, the last one is kept.
                    _policies.BestN(
                        get_metric_fn=lambda metrics: -metrics["loss"],
                        n=1,
                        keep_checkpoints_without_metrics=False,
                    ),
                ]
            ),
            cleanup_tmp_directories=True,
        )

    @property
    def latest(self) -> int | None:
        """The newest checkpoint's step, if there is one. One that is half written is none."""
        newest = self._checkpointer.latest
        return None if newest is None else newest.step

    def save(
        self, state: TrainState, pairs: int, recipe: Mapping[str, Any], loss: float | None
    ) -> None:
        """Begin to save.

        Args:
            state: as NumPy arrays, or on one device; copied before this returns.
            pairs: of images used so far, which is where the data stand.
            recipe: what `check` compares, and anything else that JSON can hold.
            loss: of the last validation, by which the best is found.
        """
        arrays = jax.tree.map(np.array, {"state": state._asdict(), "pairs": np.asarray(pairs)})
        self._checkpointer.save_checkpointables_async(
            int(state.step),
            {"training": arrays},
            metrics=None if loss is None else {"loss": loss},
            custom_metadata=dict(recipe),
            overwrite=True,
            force=True,  # every time: by default, a save that finds another under way is left
        )

    def check(self, recipe: Mapping[str, Any]) -> None:
        """Raise `ValueError` if the newest checkpoint's weights are not those `recipe` trains."""
        saved: Any = self._checkpointer.metadata().custom_metadata or {}
        differences = [
            f"{name} {saved.get(name)!r} there, {recipe[name]!r} here"
            for name in _WEIGHTS
            if saved.get(name) != recipe[name]
        ]
        if differences:
            raise ValueError(
                f"the checkpoint in {self._checkpointer.directory} is of another training "
                f"({'; '.join(differences)}): choose another workdir"
            )

    def restore(self, state: TrainState) -> tuple[TrainState, int]:
        """The newest state, as NumPy arrays, and the pairs used. `state` gives the structure."""
        template = jax.tree.map(np.asarray, {"state": state._asdict(), "pairs": np.asarray(0)})
        loaded = self._checkpointer.load_checkpointables(None, {"training": template})
        training = loaded["training"]
        return TrainState(**training["state"]), int(training["pairs"])

    def wait(self) -> None:
        """Wait until the last save is on disk."""
        self._checkpointer.wait()

    def close(self) -> None:
        """Wait, and let go of the folder."""
        self._checkpointer.close()


def load_params(path: str | os.PathLike) -> dict[str, Any]:
    """The weights in a checkpoint: the moving average, if the training kept one.

    Args:
        path: a work directory, its folder `checkpoints`, or one checkpoint in it.

    Raises:
        FileNotFoundError: if there is no checkpoint.
    """
    folder = Path(path).absolute()
    if (folder / "checkpoints").is_dir():
        folder = folder / "checkpoints"
    step = int(folder.name) if folder.name.isdigit() else None
    checkpointer = ocp.training.Checkpointer(str(folder if step is None else folder.parent))
    try:
        if step is None and checkpointer.latest is None:
            raise FileNotFoundError(f"no checkpoint in {path}")
        state = checkpointer.load_checkpointables(step, {"training": None})["training"]["state"]
    except ocp.training.errors.StepNotFoundError:
        raise FileNotFoundError(f"no checkpoint in {path}") from None
    finally:
        checkpointer.close()
    return state["average"] or state["params"]
