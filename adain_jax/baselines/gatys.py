"""Style transfer by optimising the picture itself (Gatys et al. 2016)."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
import safetensors
from jax.typing import ArrayLike

from adain_jax.model import Model
from adain_jax.model.arguments import check_image
from adain_jax.networks import TAPS
from adain_jax.networks.params import check_vgg
from adain_jax.ops.losses import (
    content_loss,
    gram_loss,
    gram_matrices,
    style_loss,
    tap_stats,
    total_variation,
)
from adain_jax.ops.pixels import to_float
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.tensors import opened, to_bytes
from adain_jax.training.step import lenient_promotion

_TARGET = TAPS[-1]

Method = Literal["lbfgs", "adam"]
StyleLoss = Literal["gram", "statistics"]
Start = Literal["content", "noise"]


class Targets(NamedTuple):
    """The targets of the picture.

    Attributes:
        content: the map relu4_1 of the photograph.
        style: the Gram matrices, or means and deviations, of the painting's four taps.
    """

    content: jax.Array
    style: Any


class State(NamedTuple):
    """The state that a step changes.

    Attributes:
        step: the number of steps made.
        image: the picture, (1, H, W, 3), not clipped.
        optimizer: the state of the optimizer, as large as twenty pictures for L-BFGS, and two for
            Adam.
    """

    step: jax.Array
    image: jax.Array
    optimizer: optax.OptState


class Optimization:
    """Optimises a picture, from a photograph or noise, towards the style of a painting.

    The content loss is that of relu4_1, the style loss that of the four taps relu1_1 to relu4_1, by
    Gram matrices or, as the paper has it, by means and deviations.

    >>> import adain_jax, numpy as np
    >>> from adain_jax.baselines.gatys import Optimization
    >>> model = adain_jax.load("vgg16")
    >>> optimization = Optimization(method="adam")
    >>> photo, painting = np.random.default_rng(0).random((2, 16, 24, 3), np.float32)
    >>> targets = optimization.targets(model, photo, painting)
    >>> state = optimization.start(photo)
    >>> for _ in range(3):
    ...     state, loss = optimization.step(model, targets, state)
    >>> picture(state).shape
    (16, 24, 3)
    """

    def __init__(
        self,
        *,
        method: Method = "lbfgs",
        loss: StyleLoss = "gram",
        content_weight: float = 1.0,
        style_weight: float | None = None,
        tv_weight: float = 0.0,
        learning_rate: float = 0.02,
    ) -> None:
        """Choose the method, the losses and their weights.

        Args:
            method: the optimizer: "lbfgs", as in Gatys et al., or "adam".
            loss: the style loss: "gram", or "statistics" for means and deviations.
            content_weight: the weight of the content loss.
            style_weight: the weight of the style loss; by default 10 for means and deviations, and
                3 for Gram matrices.
            tv_weight: the weight of the total variation.
            learning_rate: the learning rate of Adam.

        Raises:
            ValueError: if a method or loss is unknown, a weight is negative, the learning rate is
                not positive, or a number is not finite.
        """
        for name, value, choices in (("method", method, Method), ("loss", loss, StyleLoss)):
            if value not in get_args(choices):
                raise ValueError(f"{name} is one of {', '.join(get_args(choices))}, not {value!r}")
        if style_weight is None:
            style_weight = 3.0 if loss == "gram" else 10.0
        weights = {"content": content_weight, "style": style_weight, "tv": tv_weight}
        for name, weight in weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"{name}_weight is at least 0, and finite, not {weight:g}")
        if not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate is positive, and finite, not {learning_rate:g}")
        self._options = {"method": method, "loss": loss, **weights}
        if method == "adam":
            self._options["learning_rate"] = learning_rate
        self._method = method
        self._loss = loss
        self._weights = weights
        self._optimizer = (
            optax.lbfgs(memory_size=10) if method == "lbfgs" else optax.adam(learning_rate)
        )
        self._compiled = jax.jit(self._step)

    def targets(self, model: Model, content: ArrayLike, style: ArrayLike) -> Targets:
        """Compute the targets of a photograph and a painting, (H, W, 3) each, for the losses.

        Raises:
            ValueError: if the images are wrong, or the model is not a VGG.
        """
        images = [
            to_float(check_image(name, image))[None]
            for name, image in (("content", content), ("style", style))
        ]
        if any(image.ndim != 4 for image in images):
            raise ValueError("an optimization takes one content and one style, (H, W, 3) each")
        check_vgg(model.architecture)
        taps = model.taps(images[1])
        summary = gram_matrices if self._loss == "gram" else tap_stats
        return Targets(model.encode(images[0])[_TARGET], jax.jit(summary)(taps))

    def start(self, content: ArrayLike, start: Start = "content", *, seed: int = 0) -> State:
        """The state before the first step: the photograph (H, W, 3), or noise around mid-grey.

        Raises:
            ValueError: if `start` is unknown, or the photograph is wrong.
        """
        if start not in get_args(Start):
            raise ValueError(f"start is one of {', '.join(get_args(Start))}, not {start!r}")
        image = to_float(check_image("content", content))[None]
        if start == "noise":
            image = 0.5 + 0.1 * jax.random.normal(jax.random.key(seed), image.shape, jnp.float32)
        optimizer = jax.jit(self._optimizer.init)(image)
        return State(jnp.zeros((), jnp.int32), image, optimizer)

    def losses(self, model: Model, targets: Targets, image: jax.Array) -> dict[str, jax.Array]:
        """Compute the weighted sum, `loss`, and the losses in it, for a picture (1, H, W, 3)."""
        taps = model.taps(image)
        style = gram_loss if self._loss == "gram" else style_loss
        parts = {
            "content": content_loss(taps[_TARGET], targets.content),
            "style": style(taps, targets.style),
            "tv": total_variation(image),
        }
        total = jnp.zeros((), jnp.float32)
        for name, value in parts.items():
            total += self._weights[name] * value
        return {"loss": total, **{f"{name}_loss": value for name, value in parts.items()}}

    def step(self, model: Model, targets: Targets, state: State) -> tuple[State, jax.Array]:
        """Make a step, compiled once for each size. The returned loss is that before the step."""
        with lenient_promotion():
            return self._compiled(model, targets, state)

    def _step(self, model: Model, targets: Targets, state: State) -> tuple[State, jax.Array]:
        def loss(image: jax.Array) -> jax.Array:
            return self.losses(model, targets, image)["loss"]

        if self._method == "adam":
            value, gradient = jax.value_and_grad(loss)(state.image)
            updates, memory = self._optimizer.update(gradient, state.optimizer)
        else:
            # The state has the loss and the gradient from the end of the last line search.
            known = optax.value_and_grad_from_state(loss)
            value, gradient = known(state.image, state=state.optimizer)
            updates, memory = self._optimizer.update(
                gradient,
                state.optimizer,
                state.image,
                value=value,
                grad=gradient,
                value_fn=loss,
            )
        image = cast(jax.Array, optax.apply_updates(state.image, updates))
        return State(state.step + 1, image, memory), jnp.asarray(value)

    def run(
        self, model: Model, targets: Targets, state: State, steps: int
    ) -> Iterator[tuple[State, float]]:
        """Make steps up to number `steps`; yield each state, and the loss before the step.

        Raises:
            ValueError: if the loss or the picture is not finite.
        """
        for number in range(int(state.step) + 1, steps + 1):
            state, loss = self.step(model, targets, state)
            value = float(loss)
            if not (np.isfinite(value) and jnp.isfinite(state.image).all()):
                raise ValueError(
                    f"loss or picture is not finite at step {number}: lower the weights or the "
                    "learning rate"
                )
            yield state, value

    def save(self, path: str | os.PathLike, state: State, key: str = "") -> None:
        """Write the state to a safetensors file, whole or not at all.

        `key` identifies the optimization (`digest`); `load` accepts only a state with the same key.
        """
        arrays = {str(i): np.asarray(x) for i, x in enumerate(jax.tree.leaves(state))}
        header = {"kind": "optimization", "key": key, "options": json.dumps(self._options)}
        with atomic_path(path) as temporary:
            temporary.write_bytes(to_bytes(arrays, header))

    def load(self, path: str | os.PathLike, state: State, key: str = "") -> State:
        """Read the state in a file; `state` gives the shapes.

        Raises:
            ValueError: if `save` did not write it, or it belongs to another optimization.
        """
        path = Path(path)
        try:
            with opened(path) as file:
                header = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except safetensors.SafetensorError as error:
            raise ValueError(f"{path} is no state of an optimization: {error}") from None
        if header.get("kind") != "optimization":
            raise ValueError(f"{path} is no state of an optimization")
        leaves, structure = jax.tree.flatten(state)
        shapes = [arrays[str(i)].shape for i in range(len(arrays)) if str(i) in arrays]
        if (header.get("key"), header.get("options")) != (key, json.dumps(self._options)) or (
            shapes != [x.shape for x in leaves]
        ):
            raise ValueError(
                f"{path} is of an optimization of other images, sizes or options: delete it, or "
                "name another"
            )
        return jax.tree.unflatten(
            structure, [jnp.asarray(arrays[str(i)]) for i in range(len(leaves))]
        )


def digest(*parts: object) -> str:
    """A short text that identifies images, numbers and names.

    >>> digest(1, "a") == digest(1, "a"), digest(1, "a") == digest(2, "a")
    (True, False)
    """
    total = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        total.update(f"{array.dtype} {array.shape} ".encode() + array.tobytes())
    return total.hexdigest()[:16]


def picture(state: State) -> np.ndarray:
    """The picture so far, float32 (H, W, 3) in [0, 1]."""
    return np.clip(np.asarray(state.image[0]), 0, 1)
