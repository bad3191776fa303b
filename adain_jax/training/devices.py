"""Where a step runs: compiled by `jax.jit` on one device, by `jax.pmap` on several."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

AXIS = "data"


def connect_hosts(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    environment: Mapping[str, str],
) -> None:
    """Join the other processes of a training, if there are any, before anything else uses JAX.

    Args:
        coordinator: `host:port` of process 0. If left out, `environment` decides: SLURM's tasks,
            a TPU pod's workers, or JAX_COORDINATOR_ADDRESS.
        num_processes: number of processes.
        process_id: number of this process.
        environment: `os.environ`.

    Raises:
        ValueError: if only some of these three are given.
    """
    given = [coordinator, num_processes, process_id]
    if any(x is not None for x in given):
        if any(x is None for x in given):
            raise ValueError("--coordinator, --num-processes and --process-id go together")
        jax.distributed.initialize(coordinator, num_processes, process_id)
    elif is_cluster(environment):
        jax.distributed.initialize()


def is_cluster(environment: Mapping[str, str]) -> bool:
    """Whether the environment is that of one process among several.

    >>> is_cluster({"SLURM_STEP_NUM_TASKS": "2"}), is_cluster({"SLURM_STEP_NUM_TASKS": "1"})
    (True, False)
    >>> is_cluster({"TPU_WORKER_HOSTNAMES": "host-0,host-1"}), is_cluster({})
    (True, False)
    """
    return (
        environment.get("SLURM_STEP_NUM_TASKS", "1") != "1"
        or "," in environment.get("TPU_WORKER_HOSTNAMES", "")
        or "JAX_COORDINATOR_ADDRESS" in environment
    )


class Placement:
    """Compiles steps for devices, and takes arrays there and back.

    >>> import jax
    >>> Placement(jax.devices()[:1]).axis_name is None
    True
    """

    def __init__(self, devices: Sequence[Any]) -> None:
        """`devices` are those of all hosts."""
        self.devices = list(devices)
        self.local_devices = [x for x in devices if x.process_index == jax.process_index()]
        self.axis_name = AXIS if len(self.devices) > 1 else None

    def compile(self, step: Callable, *, donate: bool = True) -> Callable:
        """The step, compiled; its first argument's buffers are reused for the result."""
        donated = (0,) if donate else ()
        if self.axis_name is None:
            return jax.jit(step, donate_argnums=donated)
        return jax.pmap(step, axis_name=AXIS, devices=self.devices, donate_argnums=donated)

    def replicate(self, tree: Any, *, donated: bool = True) -> Any:
        """A copy on every device; if it is not `donated`, it may be the caller's array itself."""
        if self.axis_name is None:
            if not donated:
                return jax.device_put(tree, self.devices[0])
            # Copied, lest the caller's arrays be given away with the state.
            return jax.tree.map(lambda x: jax.device_put(np.array(x), self.devices[0]), tree)
        count = len(self.local_devices)
        copies = jax.tree.map(lambda x: np.broadcast_to(np.asarray(x), (count, *np.shape(x))), tree)
        # A compiled identity lays the copies out as the steps have them: they are traced once.
        return jax.pmap(lambda x: x, axis_name=AXIS, devices=self.devices)(copies)

    def shard(self, batch: Any) -> Any:
        """A host's part of a batch, divided into equal parts, one for each of its devices."""
        if self.axis_name is None:
            return jax.device_put(batch, self.devices[0])
        count = len(self.local_devices)
        return jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), batch)

    def each(self, values: np.ndarray) -> Any:
        """One number, as a scalar, for each of this host's devices."""
        return values if self.axis_name else jax.device_put(values[0], self.devices[0])

    def everywhere(self, number: np.number) -> Any:
        """The same number for all of them."""
        return self.each(np.full(len(self.local_devices), number))

    def first(self, tree: Any) -> Any:
        """Undo `replicate`: the copy on this host's first device."""
        if self.axis_name is None:
            return tree
        return jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)


def largest_over_hosts(number: int) -> int:
    """The largest of the hosts' numbers, on all of them."""
    if jax.process_count() == 1:
        return number
    return int(multihost_utils.process_allgather(np.asarray(number)).max())


def of_first_host(number: float) -> float:
    """The first host's number, on all of them."""
    if jax.process_count() == 1:
        return number
    return float(multihost_utils.broadcast_one_to_all(np.float32(number)))
