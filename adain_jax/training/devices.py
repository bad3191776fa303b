"""Placement of steps on devices: `jax.jit` compiles for one device, `jax.pmap` for several."""

import importlib.util
import re
import socket
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from adain_jax.ops.shapes import AnyArray
from adain_jax.runtime.errors import in_words

AXIS = "data"
_Tree = TypeVar("_Tree")


def connect_hosts(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    environment: Mapping[str, str],
) -> None:
    """Join the other processes of a training, if there are any. Call it before JAX is used.

    Args:
        coordinator: `host:port` of process 0. If left out, `environment` decides: SLURM's tasks,
            a TPU pod's workers, or JAX_COORDINATOR_ADDRESS.
        num_processes: the number of processes.
        process_id: the number of this process.
        environment: the environment variables, `os.environ`.

    Raises:
        ValueError: if only some of the first three arguments are given, or they are wrong; if
            `environment` lacks one of them; if process 0 cannot have the port; or if JAX cannot
            join the processes.
    """
    if coordinator is None and num_processes is None and process_id is None:
        if is_cluster(environment):
            _initialize("give", environment)
        elif _may_be_of_a_pod(environment):
            # JAX reads from the machine's metadata whether it is. If that fails, it is alone, or
            # `check_joined` says that it is not.
            with suppress(ValueError, RuntimeError, OSError, ImportError):
                jax.distributed.initialize()
        return
    if coordinator is None or num_processes is None or process_id is None:
        raise ValueError("--coordinator, --num-processes and --process-id go together")
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"--coordinator is HOST:PORT, such as localhost:1234: {coordinator!r}")
    if not 0 <= process_id < num_processes:
        raise ValueError(
            f"--process-id {process_id} is none of the --num-processes {num_processes}, which are "
            "counted from 0"
        )
    if process_id == 0 and "JAX_COORDINATOR_BIND_ADDRESS" not in environment:
        _check_free(coordinator, int(port))
    _initialize("check", environment, coordinator, num_processes, process_id)


def _initialize(advice: str, environment: Mapping[str, str], *arguments: Any) -> None:
    """Join the other processes, or raise `ValueError`; `advice` is what to do with the options."""
    # In a task of SLURM, JAX takes one device of all that it sees, as if the tasks of a machine
    # shared them. By an empty list it takes all, where each task has its own.
    own = {"local_device_ids": []} if _owns_devices(environment) else {}
    try:
        jax.distributed.initialize(*arguments, **own)
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"cannot join the other processes: {in_words(error).removesuffix('.')}: {advice} "
            "--coordinator, --num-processes and --process-id"
        ) from error


def _check_free(coordinator: str, port: int) -> None:
    """Raise `ValueError` if process 0 cannot listen on the port; JAX would crash."""
    dual = socket.has_dualstack_ipv6()
    try:
        with socket.socket(socket.AF_INET6 if dual else socket.AF_INET) as probe:
            if dual:  # IPv4, too
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # if it was just closed
            probe.bind(("", port))
    except (OSError, OverflowError) as error:
        raise ValueError(
            f"--coordinator {coordinator}: {in_words(error)}: name another port"
        ) from None


def _owns_devices(environment: Mapping[str, str]) -> bool:
    """Whether this process is a task of SLURM that shares its devices with no other."""
    if "JAX_LOCAL_DEVICE_IDS" in environment:  # the user has decided
        return False
    tasks = environment.get("SLURM_STEP_TASKS_PER_NODE", "")
    alone = re.fullmatch(r"1(\(x\d+\))?", tasks) is not None
    bound = "none" not in environment.get("SLURM_GPU_BIND", "")
    return alone or ("SLURM_GPUS_PER_TASK" in environment and bound)


def _may_be_of_a_pod(environment: Mapping[str, str]) -> bool:
    """Whether this machine has TPUs, and nothing says which other machines there are."""
    told = ("TPU_WORKER_HOSTNAMES", "TPU_PROCESS_ADDRESSES")
    if any(name in environment for name in told) or environment.get("JAX_PLATFORMS") == "cpu":
        return False
    return _has_tpu()


def _has_tpu() -> bool:
    chips = (Path("/dev/accel0"), Path("/dev/vfio/0"))
    return importlib.util.find_spec("libtpu") is not None and any(x.exists() for x in chips)


def is_cluster(environment: Mapping[str, str]) -> bool:
    """Whether the environment says that this process is one of several.

    >>> is_cluster({"SLURM_STEP_NUM_TASKS": "2"}), is_cluster({"SLURM_STEP_NUM_TASKS": "1"})
    (True, False)
    >>> is_cluster({"TPU_WORKER_HOSTNAMES": "host-0,host-1"}), is_cluster({})
    (True, False)
    """
    return (
        environment.get("SLURM_STEP_NUM_TASKS", "1") != "1"
        or "," in environment.get("TPU_WORKER_HOSTNAMES", "")
        or "," in environment.get("TPU_PROCESS_ADDRESSES", "")
        or "JAX_COORDINATOR_ADDRESS" in environment
    )


class Placement:
    """Compiles steps for devices, and moves arrays to devices and back.

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
        """Compile a step. If `donate`, the result reuses the buffers of its first argument."""
        donated = (0,) if donate else ()
        if self.axis_name is None:
            return jax.jit(step, donate_argnums=donated)
        return jax.pmap(step, axis_name=AXIS, devices=self.devices, donate_argnums=donated)

    def replicate(self, tree: _Tree, *, donated: bool = True) -> _Tree:
        """Copy arrays to every device. If not `donated`, the result may be the caller's arrays."""
        if self.axis_name is None:
            if not donated:
                return jax.device_put(tree, self.devices[0])
            # A copy keeps the caller's arrays valid when the state is donated.
            return jax.tree.map(lambda x: jax.device_put(np.array(x), self.devices[0]), tree)
        count = len(self.local_devices)
        copies = jax.tree.map(lambda x: np.broadcast_to(np.asarray(x), (count, *np.shape(x))), tree)
        # A compiled identity gives the copies the layout of the steps' results; so steps are traced
        # only once.
        return jax.pmap(lambda x: x, axis_name=AXIS, devices=self.devices)(copies)

    def shard(self, batch: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Divide a host's part of a batch into equal parts, one for each of its devices."""
        if self.axis_name is None:
            return jax.device_put(batch, self.devices[0])
        count = len(self.local_devices)
        return jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), batch)

    def each(self, values: np.ndarray) -> AnyArray:
        """Give each of this host's devices one of the numbers `values`, as a scalar."""
        return values if self.axis_name else jax.device_put(values[0], self.devices[0])

    def everywhere(self, number: np.number) -> AnyArray:
        """Give all of this host's devices the same number, as a scalar."""
        return self.each(np.full(len(self.local_devices), number))

    def first(self, tree: _Tree) -> _Tree:
        """Undo `replicate`: the copy on this host's first device."""
        if self.axis_name is None:
            return tree
        return jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)


def check_joined() -> None:
    """Raise `ValueError` if there are other processes that this one has not joined.

    A TPU pod's devices tell of the other machines before any process has joined another.
    """
    count = jax.process_count()
    if count > 1 and not jax.distributed.is_initialized():
        raise ValueError(
            f"this is one of {count} processes that did not join each other: give --coordinator, "
            "--num-processes and --process-id"
        )


def check_same(number: int, what: str) -> None:
    """Raise `ValueError` on all hosts if their numbers differ; `what` says of which."""
    if largest_over_hosts(number) != -largest_over_hosts(-number):
        raise ValueError(f"{what} on other hosts: name a folder that all of them share")


def processes_here() -> int:
    """The number of the training's processes on this machine; all hosts must call it."""
    if jax.process_count() == 1:
        return 1
    ours = np.uint32(zlib.crc32(socket.gethostname().encode()))
    return int((multihost_utils.process_allgather(ours) == ours).sum())


def largest_over_hosts(number: int) -> int:
    """The largest of the hosts' numbers; all hosts must call it."""
    if jax.process_count() == 1:
        return number
    return int(multihost_utils.process_allgather(np.asarray(number)).max())


def of_first_host(number: float) -> float:
    """The first host's number; all hosts must call it."""
    if jax.process_count() == 1:
        return number
    return float(multihost_utils.broadcast_one_to_all(np.float32(number)))
