"""Where a step runs: compiled by `jax.jit` on one device, by `jax.pmap` on several."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

AXIS = "data"


class Placement:
    """Compiles steps for devices, and takes arrays there and back.

    >>> import jax
    >>> Placement(jax.devices()[:1]).axis_name is None
    True
    """

    def __init__(self, devices: Sequence[Any]) -> None:
        self.devices = list(devices)
        self.axis_name = AXIS if len(self.devices) > 1 else None

    def compile(self, step: Callable) -> Callable:
        """The step, compiled; its first argument's buffers are reused for the result."""
        if self.axis_name is None:
            return jax.jit(step, donate_argnums=0)
        return jax.pmap(step, axis_name=AXIS, devices=self.devices, donate_argnums=0)

    def replicate(self, tree: Any) -> Any:
        """A copy on every device."""
        if self.axis_name is None:
            return jax.device_put(tree, self.devices[0])
        count = len(self.devices)
        copies = jax.tree.map(lambda x: np.broadcast_to(np.asarray(x), (count, *np.shape(x))), tree)
        # A compiled identity lays the copies out as the steps want them.
        return jax.pmap(lambda x: x, devices=self.devices)(copies)

    def shard(self, batch: Any) -> Any:
        """A batch cut into equal parts, one for each device."""
        if self.axis_name is None:
            return batch
        count = len(self.devices)
        return jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), batch)

    def first(self, tree: Any) -> Any:
        """What `replicate` copied, from the first device."""
        if self.axis_name is None:
            return tree
        return jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)
