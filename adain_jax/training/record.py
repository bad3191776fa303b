"""What a training leaves behind: log, pictures, checkpoints and the model."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from adain_jax.files import image
from adain_jax.model import Model
from adain_jax.runtime.atomic import atomic_path
from adain_jax.training.checkpoint import Checkpoints
from adain_jax.training.config import TrainConfig
from adain_jax.training.data import Pairs
from adain_jax.training.metrics import MetricsLog
from adain_jax.training.sources import Images
from adain_jax.training.step import Metrics, TrainState
from adain_jax.training.validation import PictureGrid, Validation

_NAMED = 16  # images in a message


class Record:
    """Keeps the work directory of a training.

    All hosts take part in checkpoints and validation; one of them writes everything else.

    A context manager, which waits at the end until everything is on disk.

    Attributes:
        writes: whether this host is the one that writes.
    """

    def __init__(
        self, config: TrainConfig, model: Model, shown: tuple[Images, Images], *, write: bool
    ) -> None:
        """`shown` are the contents and styles of the validation and of the pictures."""
        self.writes = write
        self._config = config
        self._model = model
        self._workdir = Path(config.workdir)
        self._recipe: dict[str, Any] = {
            "network": config.architecture(model.architecture),
            "encoder": model.fingerprint,
            "moving_average": config.ema_decay > 0,
            "init_from": config.init_from,
            "config": dataclasses.asdict(config),
        }
        self._log = MetricsLog(None)
        self._means: dict[str, float] = {}
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

    def restore(self, state: TrainState) -> tuple[TrainState, int]:
        """The newest checkpoint's state and the pairs used by then; or `state` and 0."""
        used = 0
        if self._checkpoints.latest is not None:
            self._checkpoints.check(self._recipe)
            state, used = self._checkpoints.restore(state)
            if self.writes:
                print(f"going on from step {int(state.step)} in {self._workdir}")
        if self.writes:
            (self._workdir / "pictures").mkdir(exist_ok=True)
            with atomic_path(self._workdir / "config.json") as temporary:
                temporary.write_text(json.dumps(self._recipe, indent=2) + "\n")
        self._log = MetricsLog(self._workdir if self.writes else None, int(state.step))
        return state, used

    def add(self, metrics: Metrics) -> None:
        """Take one step's metrics."""
        self._log.add(metrics)

    def line(self, step: int, **fields: Any) -> dict[str, float]:
        """Write a line of the log; returns the means of the metrics since the last."""
        self._means = self._log.write(step, **fields)
        return self._means

    def skipped(self, step: int, *images: Images) -> None:
        """Tell of images that could not be used, if there are new ones."""
        reasons = {name: reason for x in images for name, reason in x.skipped.items()}
        if self.writes and len(reasons) > self._skipped:
            self._skipped = len(reasons)
            self._log.note(step, skipped=reasons)
            images_are = "1 image" if len(reasons) == 1 else f"{len(reasons)} images"
            tqdm.write(f"{images_are} cannot be used; {self._workdir}/log.jsonl tells why")

    def due(self, step: int) -> bool:
        """Whether there is anything for `look` to do, for which the state is fetched."""
        config = self._config
        every = (config.validate_every, config.pictures_every, config.checkpoint_every)
        return any(steps and step % steps == 0 for steps in every)

    def look(self, step: int, state: TrainState, pairs: Pairs, used: int, *, end: bool) -> None:
        """Validate, make pictures and save, as far as it is time for each.

        Args:
            step: that was made.
            state: after it.
            pairs: of the images, to be named if a loss is not finite.
            used: how many of them were.
            end: whether the training stops here.
        """
        config = self._config
        validate = step % config.validate_every == 0
        show = config.pictures_every and (step % config.pictures_every == 0 or end)
        save = step % config.checkpoint_every == 0 or end
        if save:
            self.check(step, pairs, used)
        loss = None
        if validate and self._validation:
            losses = self._validation(_weights(state), self._model.params)
            loss = losses["loss"]
            self._log.note(step, **{f"validation/{name}": x for name, x in losses.items()})
        if show and self._grid:
            picture = self._grid(self.model(state))
            image.save(self._workdir / "pictures" / f"{step:07}.png", picture)
            self._log.picture(step, "pictures", picture)
        if save:
            # The model first: a run that finds its last checkpoint has no step to make.
            if self.writes:
                self._export(state, used)
            self._checkpoints.save(state, used, self._recipe, loss)

    def model(self, state: TrainState) -> Model:
        """The network as trained so far."""
        architecture: str = self._recipe["network"]
        params = {**self._model.params, **_weights(state)}
        return Model.create(architecture, params["encoder"], params["decoder"])

    def check(self, step: int, pairs: Pairs, used: int) -> None:
        """Raise `ValueError`, naming the images, if a metric since the last line is not finite."""
        bad = self._log.first_bad()
        if bad is None:
            return
        where, name = bad
        batch = self._config.batch_size
        first = used - (step - where + 1) * batch
        names = [f"{content} in {style}" for content, style in pairs.names(first, batch)]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise ValueError(
            f"{name} is not finite at step {where}, with {', '.join(names[:_NAMED])}{more}: the "
            f"checkpoint before it is kept in {self._workdir}; try a lower learning rate, or "
            "gradient_clip"
        )

    def _export(self, state: TrainState, used: int) -> None:
        metadata = {
            "steps": str(int(state.step)),
            "samples": str(used),
            "recipe": json.dumps(self._recipe["config"]),
            **{name: f"{self._means[name]:.4g}" for name in self._means if name.endswith("loss")},
        }
        self.model(state).save(self._workdir / "model.safetensors", metadata=metadata)


def _weights(state: TrainState) -> dict[str, Any]:
    return state.average or state.params
