"""The outputs of a training: log, pictures, checkpoints and the model."""

import dataclasses
import json
from contextlib import suppress
from pathlib import Path
from typing import cast

import jax
import numpy as np
from tqdm import tqdm

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.networks.params import Params
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.text import printable
from adain_jax.training.calls import KINDS, SYNTHETIC, Outcome, Run
from adain_jax.training.checkpoint import Checkpoints, Progress
from adain_jax.training.clock import Clock
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import crops_digest
from adain_jax.training.metrics import MetricsLog
from adain_jax.training.sources import Images
from adain_jax.training.step import TrainState
from adain_jax.training.validation import PictureGrid, Validation
from adain_jax.weights import store

_NAMED = 16  # the largest number of pairs of images that a message names


class Record:
    """Keeps the work directory of a training.

    All hosts take part in checkpoints and validation; one of them writes everything else.

    It is a context manager, which waits at its end until everything is on disk.

    Attributes:
        writes: whether this host is the one that writes.
    """

    def __init__(
        self,
        config: TrainConfig,
        model: Model,
        images: dict[str, Images],
        shown: tuple[Images, Images],
        *,
        write: bool,
    ) -> None:
        """Open the folder.

        Args:
            config: the recipe.
            model: the frozen model.
            images: the images of the training, by kind.
            shown: the contents and styles of the validation and of the pictures.
            write: whether this host is the one that writes.
        """
        self.writes = write
        self._config = config
        self._model = model
        self._workdir = Path(config.workdir)
        self._recipe: dict[str, object] = {
            "network": config.architecture(model.architecture),
            "encoder": model.fingerprint,
            "moving_average": config.ema_decay > 0,
            "init_from": config.init_from,
            "crops": crops_digest(config, {kind: x.names for kind, x in images.items()}),
            "config": dataclasses.asdict(config),
        }
        self._log = MetricsLog(None)
        self._means: dict[str, float] = {}
        self._images = images
        # For each call since the last line of the log, the numbers of its images by kind.
        self._numbers: list[dict[str, jax.Array]] = []
        self._skipped = 0
        self._checkpoints = Checkpoints(self._workdir / "checkpoints", config.keep)
        validate = config.validation_fraction > 0
        self._validation = Validation(config, model.architecture, *shown) if validate else None
        self._grid = PictureGrid(config, *shown) if config.pictures_every and write else None

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()
        self._checkpoints.close()

    @property
    def resumes(self) -> bool:
        """Whether there is a checkpoint from which the training goes on."""
        return self._checkpoints.latest is not None

    @property
    def step(self) -> int:
        """The step of the newest checkpoint; -1 if there is none."""
        newest = self._checkpoints.latest
        return -1 if newest is None else newest

    def restore(self, run: Run) -> tuple[Run, Progress]:
        """Read the newest checkpoint, if there is one, and start the log.

        Without a checkpoint, the result is `run` with an empty pool, and no progress. `run` gives
        the structure of the pool.

        Raises:
            ValueError: if the checkpoint is damaged, or is that of another training, or of one that
                is finished and had other images.
        """
        progress = Progress.none()
        run = run if self.resumes else run._replace(pool={})
        if self.resumes:
            self._checkpoints.check(self._recipe)
            run, progress = self._checkpoints.restore(run)
            same = self._checkpoints.agrees(self._recipe, "crops")
            if not same:
                run = run._replace(pool={})
            if self._is_over(run, progress):
                if not same:
                    raise ValueError(
                        f"{self._workdir} has a finished training with other images or "
                        "augmentations: name another workdir, or ask for more steps or minutes"
                    )
                # No step is made by this recipe, so the model keeps that of its steps.
                made_by = self._checkpoints.recipe.get("config", self._recipe["config"])
                own = {"export_dtype": self._config.export_dtype}
                self._recipe["config"] = {**cast(dict, made_by), **own}
            if self.writes:
                print(f"going on from step {int(run.state.step)} in {self._workdir}")
        if self.writes:
            (self._workdir / "pictures").mkdir(exist_ok=True)
            with atomic_path(self._workdir / "config.json") as temporary:
                temporary.write_text(json.dumps(self._recipe, indent=2) + "\n")
        self._log = MetricsLog(self._workdir if self.writes else None, int(run.state.step))
        return run, progress

    def _is_over(self, run: Run, progress: Progress) -> bool:
        step, clock = int(run.state.step), Clock(self._config, progress.seconds)
        clock.position(step)
        return clock.over(step)

    def add(self, told: Outcome, count: int) -> None:
        """Add the results of a call of `count` steps to the log."""
        self._log.add(told.metrics, count)
        self._numbers.append({kind: x[:count] for kind, x in told.numbers.items()})

    def line(self, step: int, **fields: object) -> dict[str, float]:
        """Write a line of the log; return the means of the metrics since the last line."""
        self._means = self._log.write(step, **fields)
        self._numbers.clear()
        return self._means

    def skipped(self, step: int) -> None:
        """Report the images that could not be used, if there are new ones."""
        lists = self._images.values()
        reasons = {name: reason for x in lists for name, reason in x.skipped.items()}
        if self.writes and len(reasons) > self._skipped:
            self._skipped = len(reasons)
            self._log.note(step, skipped=reasons)
            name, reason = next(iter(reasons.items()))
            one = f"an image cannot be used: {reason if name in reason else f'{name}: {reason}'}"
            several = f"{len(reasons)} images cannot be used; {self._workdir}/log.jsonl tells why"
            tqdm.write(printable(one if len(reasons) == 1 else several))

    def due(self, step: int) -> bool:
        """Whether `look` has something to do after `step`. It needs the state from the devices."""
        config = self._config
        every = (config.validate_every, config.pictures_every, config.checkpoint_every)
        return any(steps and step % steps == 0 for steps in every)

    def look(self, step: int, run: Run, progress: Progress, *, end: bool, stopped: bool) -> None:
        """Validate, make pictures and save, each if it is due.

        Whatever is saved is validated, so that the best checkpoint is known. Only a training that a
        signal stops does not wait for this: its machine may be taken away.

        Args:
            step: the number of steps made.
            run: the state after the last step.
            progress: the progress after the last step.
            end: whether the training ends here.
            stopped: whether a signal stops it here.

        Raises:
            ValueError: as `check` does, before a checkpoint is saved.
        """
        config = self._config
        pictures = config.pictures_every and (step % config.pictures_every == 0 or end)
        save = step % config.checkpoint_every == 0 or end
        validate = step % config.validate_every == 0 or save
        state = run.state
        if save:
            self.check(step)
        loss = None
        if validate and self._validation and not stopped:
            losses = self._validation(_weights(state), self._model.params)
            loss = losses["loss"]
            self._log.note(step, **{f"validation/{name}": x for name, x in losses.items()})
        if pictures and self._grid and not stopped:
            picture = self._grid(self.model(state))
            image.save(self._workdir / "pictures" / f"{step:07}.png", picture)
            self._log.picture(step, "pictures", picture)
        if save:
            self._checkpoints.save(run, progress, self._recipe, loss)
            if self.writes:
                self._export(state, progress.pairs)

    def finished(self, state: TrainState, progress: Progress) -> None:
        """Export the model of a finished training again: its file may be lost, its dtype new."""
        if self.writes:
            self._means = {}
            with suppress(FileNotFoundError, ValueError):
                told = store.describe(self._workdir / "model.safetensors").metadata
                self._means = {k: float(x) for k, x in told.items() if k.endswith("loss")}
            self._export(state, progress.pairs)

    def model(self, state: TrainState) -> Model:
        """The network in its present state."""
        architecture = self._config.architecture(self._model.architecture)
        params = {"encoder": self._model.params["encoder"], **_weights(state)}
        return Model.create(architecture, **params)

    def check(self, step: int) -> None:
        """Raise `ValueError`, naming the images, if a metric since the last line is not finite.

        `step` is the number of steps made.
        """
        bad = self._log.first_bad()
        if bad is None:
            return
        where, metric = bad
        rows = [np.concatenate([np.asarray(x[kind]) for x in self._numbers]) for kind in KINDS]
        pairs = zip(*(x[where - step - 1] for x in rows), strict=True)
        names = [" in ".join(map(self._name, KINDS, pair)) for pair in pairs]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise ValueError(
            f"{metric} is not finite at step {where}, with {', '.join(names[:_NAMED])}{more}: the "
            f"checkpoint before it is kept in {self._workdir}; try a lower learning rate, or "
            "gradient_clip"
        )

    def _name(self, kind: str, number: int) -> str:
        return "a made style" if number == SYNTHETIC else self._images[kind].names[number]

    def _export(self, state: TrainState, used: int) -> None:
        metadata = {
            "steps": str(int(state.step)),
            "samples": str(used),
            "recipe": json.dumps(self._recipe["config"]),
            **{name: f"{self._means[name]:.4g}" for name in self._means if name.endswith("loss")},
        }
        file, dtype = self._workdir / "model.safetensors", self._config.export_dtype
        try:
            self.model(state).save(file, metadata=metadata, dtype=np.dtype(dtype))
        except ValueError as error:  # the checkpoint is there
            raise ValueError(f"config: export_dtype {dtype}: {error}") from None


def _weights(state: TrainState) -> Params:
    return state.average or state.params
