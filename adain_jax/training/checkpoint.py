"""Checkpoints of a training: everything that a step changes, and the progress."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from jax.typing import ArrayLike
from orbax.checkpoint import v1 as ocp

from adain_jax.networks.params import Params
from adain_jax.runtime.text import one_line
from adain_jax.training.calls import KINDS, Run
from adain_jax.weights.store import fingerprint

# The settings that a run must share with the checkpoint from which it continues: they decide which
# weights exist and what their initial values were. All other settings may change between runs.
FIXED = ("network", "encoder", "moving_average", "init_from")
_ELSEWHERE = "choose another workdir; init_from={} begins there with its weights"
_PARTS = ("_CHECKPOINT_METADATA", "training")  # what orbax writes of a checkpoint
_policies = ocp.training.preservation_policies


class Progress(NamedTuple):
    """The progress of a training, beside the number of its steps.

    Attributes:
        pairs: the number of image pairs that were used.
        read: the number of crops that were taken from streams, by kind; streams continue there.
        seconds: the seconds that were spent, if the recipe has `minutes`.
    """

    pairs: int
    read: dict[str, int]
    seconds: float

    @classmethod
    def none(cls) -> "Progress":
        """The progress before the first step."""
        return cls(0, dict.fromkeys(KINDS, 0), 0.0)


class Checkpoints:
    """The newest checkpoints and the best one, in a folder. Saves run in the background.

    All hosts take part in every call, and share the folder; one of them writes.

    Raises:
        ValueError: if the metadata of a checkpoint in the folder is damaged.
    """

    def __init__(self, folder: str | os.PathLike, keep: int) -> None:
        self._folder = Path(folder).absolute()
        kept = [
            _policies.LatestN(keep),
            # The checkpoint with the largest value is kept.
            _policies.BestN(
                get_metric_fn=lambda metrics: -metrics["loss"],
                n=1,
                keep_checkpoints_without_metrics=False,
            ),
        ]
        policy = cast(_policies.PreservationPolicy, _policies.AnyPreservationPolicy(kept))
        self._checkpointer = _open(self._folder, policy, clean=True)

    @property
    def latest(self) -> int | None:
        """The step of the newest checkpoint, or None. Incomplete checkpoints do not count."""
        newest = self._checkpointer.latest
        return None if newest is None else newest.step

    def save(
        self, run: Run, progress: Progress, recipe: Mapping[str, Any], loss: float | None
    ) -> None:
        """Start to save a checkpoint.

        Args:
            run: the state, as NumPy arrays or on one device; it is copied before this returns.
            progress: the progress of the training after the last step.
            recipe: the settings of `FIXED`, and any others that JSON can represent.
            loss: the validation's loss at this step, which decides the best checkpoint; None if
                there was no validation.

        Raises:
            OSError: if this checkpoint, or the one before it, cannot be written.
        """
        arrays = jax.tree.map(np.array, _tree(run, progress))
        with self._writing():
            self._checkpointer.save_checkpointables_async(
                int(run.state.step),
                {"training": arrays},
                metrics=None if loss is None else {"loss": loss},
                custom_metadata={**recipe, "checksum": fingerprint(_leaves(arrays))},
                overwrite=True,
                force=True,  # otherwise, a save is skipped while another one is under way
            )

    def check(self, recipe: Mapping[str, object]) -> None:
        """Raise `ValueError` if `recipe` and the newest checkpoint differ in a `FIXED` setting."""
        saved = self.recipe
        differences = [
            f"{name} {saved[name]!r} there, {recipe[name]!r} here"
            for name in FIXED
            if name in saved and saved[name] != recipe[name]  # older ones lack init_from
        ]
        if differences:
            raise ValueError(
                f"the checkpoint in {self._folder} is of another training "
                f"({'; '.join(differences)}): {_ELSEWHERE.format(self._folder)}"
            )

    @property
    def recipe(self) -> Mapping[str, object]:
        """The settings that the newest checkpoint was saved with."""
        return _metadata(self._checkpointer, self.latest)

    def agrees(self, recipe: Mapping[str, object], name: str) -> bool:
        """Whether the newest checkpoint has this setting of `recipe`, or does not tell."""
        return self.recipe.get(name, recipe[name]) == recipe[name]

    def restore(self, run: Run) -> tuple[Run, Progress]:
        """Read the newest checkpoint as NumPy arrays. `run` gives its structure and shapes.

        The pool in the result is empty if the saved one has other shapes than that of `run`; the
        caller can fill a new one.

        Raises:
            ValueError: if the checkpoint is damaged, or has another structure.
        """
        template = _tree(run, Progress.none())
        found = _leaves(_load(self._checkpointer, self.latest))
        if _shapes(_of_pool(found)) != _shapes(_of_pool(_leaves(template))):
            template["pool"] = {}
        wanted = _leaves(template)
        ours, theirs = (_shapes(x) - _shapes(_of_pool(x)) for x in (wanted, found))
        if odd := sorted({name for name, *_ in ours ^ theirs}):
            raise ValueError(
                f"the checkpoint {self._folder / str(self.latest)} is of another optimizer or an "
                f"older version ({odd[0]} is missing, unknown or of another shape): "
                f"{_ELSEWHERE.format(self._folder)}"
            )
        leaves = [found[name] for name in wanted]
        training = jax.tree.unflatten(jax.tree.structure(template), leaves)
        pairs, read, seconds = training["progress"]
        progress = Progress(int(pairs), {k: int(x) for k, x in read.items()}, float(seconds))
        return Run(training["state"], training["pool"]), progress

    def wait(self) -> None:
        """Wait until the last save is on disk. The errors are those of `save`."""
        with self._writing():
            self._checkpointer.wait()

    def close(self) -> None:
        """Wait until the last save is on disk, and close the folder. The errors are as before."""
        with self._writing():
            self._checkpointer.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError) as error:  # of TensorStore's threads, and of the file system
            raise OSError(
                f"cannot write a checkpoint in {self._folder}: {one_line(error)}"
            ) from error


def load_params(path: str | os.PathLike) -> Params:
    """Read the weights in a checkpoint: the moving average, if the training kept one.

    Args:
        path: a work directory, its folder `checkpoints`, or one checkpoint in it.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if it is damaged.
    """
    folder = Path(path).absolute()
    if (folder / "checkpoints").is_dir():
        folder = folder / "checkpoints"
    is_one = folder.name.isdigit() and any((folder / name).exists() for name in _PARTS)
    step = int(folder.name) if is_one else None
    checkpointer = _open(folder if step is None else folder.parent)
    try:
        if step is None and checkpointer.latest is not None:
            step = checkpointer.latest.step
        if step not in [x.step for x in checkpointer.checkpoints]:
            raise FileNotFoundError(f"no checkpoint in {path}")
        state = _load(checkpointer, step)["state"]
    finally:
        checkpointer.close()
    return state["average"] or state["params"]


def _open(
    folder: Path, kept: _policies.PreservationPolicy | None = None, *, clean: bool = False
) -> ocp.training.Checkpointer:
    try:
        return ocp.training.Checkpointer(
            str(folder), preservation_policy=kept, cleanup_tmp_directories=clean
        )
    except (ValueError, KeyError, TypeError) as error:  # the metadata cannot be read
        raise ValueError(f"a checkpoint in {folder} is damaged: delete it") from error


def _load(checkpointer: ocp.training.Checkpointer, step: int | None) -> dict[str, Any]:
    """Read everything in a checkpoint, tuples as lists, named tuples as dictionaries."""
    checksum = _metadata(checkpointer, step).get("checksum")
    try:
        training = checkpointer.load_checkpointables(step, {"training": None})["training"]
    except Exception as error:  # orbax raises errors of many types for damaged files
        raise _damaged(checkpointer, step) from error
    if checksum not in (None, fingerprint(_leaves(training))):
        raise _damaged(checkpointer, step)
    return training


def _metadata(checkpointer: ocp.training.Checkpointer, step: int | None) -> dict[str, object]:
    try:
        saved = checkpointer.metadata(step).custom_metadata
    except Exception as error:
        raise _damaged(checkpointer, step) from error
    if not saved:
        raise _damaged(checkpointer, step)
    return cast(dict[str, object], saved)


def _damaged(checkpointer: ocp.training.Checkpointer, step: int | None) -> ValueError:
    place = Path(checkpointer.directory) / str(step)
    return ValueError(f"the checkpoint {place} is damaged: delete it to go on from the one before")


def _tree(run: Run, progress: Progress) -> dict[str, Any]:
    return {"state": run.state, "pool": run.pool, "progress": progress}


def _of_pool(leaves: dict[str, ArrayLike]) -> dict[str, ArrayLike]:
    return {name: x for name, x in leaves.items() if name.startswith("pool.")}


def _shapes(leaves: dict[str, ArrayLike]) -> set[tuple]:
    return {(name, np.shape(x)) for name, x in leaves.items()}


def _leaves(tree: object) -> dict[str, ArrayLike]:
    """The leaves by name; tuples have the names of lists, named tuples those of dictionaries."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
