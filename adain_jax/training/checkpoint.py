"""Checkpoints of a training: the state, and where the data stood."""

import os
from pathlib import Path
from typing import Any

import grain
import jax
from orbax.checkpoint import v1 as ocp

from adain_jax.training.step import TrainState


class Checkpoints:
    """The checkpoints in a folder, of which the newest are kept. Saves run in the background."""

    def __init__(self, folder: str | os.PathLike, keep: int) -> None:
        self._checkpointer = ocp.training.Checkpointer(
            str(Path(folder).absolute()),
            preservation_policy=ocp.training.preservation_policies.LatestN(keep),  # type: ignore[arg-type]
            cleanup_tmp_directories=True,
        )

    def save(self, state: TrainState, data: grain.DatasetIterator) -> None:
        """Begin to save; the arrays may be changed as soon as this returns."""
        self._checkpointer.save_checkpointables_async(
            int(state.step), {"state": state._asdict(), "data": data}, overwrite=True
        )

    def restore(self, state: TrainState, data: grain.DatasetIterator) -> TrainState:
        """The newest state, with `data` set to where it stood; `state` itself if there is none."""
        if self._checkpointer.latest is None:
            return state
        abstract: Any = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state._asdict()
        )
        loaded = self._checkpointer.load_checkpointables(None, {"state": abstract, "data": data})
        return TrainState(**loaded["state"])

    def close(self) -> None:
        """Wait until the last save is on disk."""
        self._checkpointer.close()
