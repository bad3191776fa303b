"""Ray Data as the engine: workers make the parts, one per device, on any number of machines."""

import logging
import pickle
import re
import socket
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType

import numpy as np

from adain_jax.datasets import task
from adain_jax.datasets.journal import Outcome
from adain_jax.datasets.part import Order, make_part
from adain_jax.datasets.records import Part
from adain_jax.jobs.failures import FAILURES
from adain_jax.model import Model
from adain_jax.runtime import errors
from adain_jax.runtime.text import printable

_STORE = 200 << 20  # the size of Ray's object store on this machine, in bytes
_ANSWER = 5.0  # the time in which a cluster's address must answer, in seconds


class Ray:
    """Workers of Ray: one for each accelerator or, without accelerators, for each machine.

    A worker that dies is replaced, and its part is made again.
    """

    def __init__(self, address: str | None = None, workers: int = 0) -> None:
        """Join a cluster, or start one on this machine.

        Args:
            address: the address of a running cluster; None: start one of this machine alone.
            workers: the number of workers; 0: one for each accelerator or, without accelerators,
                one for each machine, which uses all of its cores.

        Raises:
            ValueError: if Ray is not installed, there is no cluster at the address, or it is too
                small for the workers.
        """
        ray = _ray()
        if not ray.is_initialized():
            if address:
                _check_answer(address)
            try:
                # Little goes through the object store, and Ray would reserve 30 % of the memory.
                own = {} if address else {"object_store_memory": _STORE, "include_dashboard": False}
                where = address or "local"  # "local" ignores RAY_ADDRESS
                ray.init(address=where, log_to_driver=False, logging_level="ERROR", **own)
            except (ConnectionError, ValueError, RuntimeError) as error:
                # Ray gives tokens to local programs and to "auto", but not to other addresses.
                hint = " (RAY_AUTH_MODE=token, if it wants one)" if address else ""
                told = f"--address {address}: {errors.in_words(error)}{hint}"
                raise ValueError(told) from None
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        nodes = [x["Resources"] for x in ray.nodes() if x["Alive"]]
        self._gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        of_nodes = [int(node["CPU"]) for node in nodes if node.get("CPU")]
        cores = sum(of_nodes)
        self._workers = workers or self._gpus or len(of_nodes)
        most = self._gpus or cores
        if not most:
            raise ValueError("the cluster has neither accelerators nor cores for workers")
        if self._workers > most:
            raise ValueError(
                f"--workers {workers}: there are {self._gpus} accelerators and {cores} cores"
            )
        self._resources = (
            {"num_gpus": 1}
            if self._gpus
            else {"num_cpus": max(1, min(cores // self._workers, *of_nodes))}
        )

    def device(self) -> str:
        """The kind of a worker's device.

        Raises:
            ValueError: if the workers lack a package.
        """
        ray = _ray()
        try:
            return ray.get(ray.remote(**self._resources)(task.device).remote())
        except ray.exceptions.RayTaskError as error:
            lacking = re.search(r"No module named '([\w.]+)'", str(error))
            if not lacking:
                raise
            raise ValueError(
                f"the workers lack the package {lacking[1]}: install adain-jax[ray] on every "
                "machine of the cluster, where Ray's Python finds it"
            ) from None

    def run(self, order: Order, parts: Sequence[Part], model: Model) -> Iterator[Outcome]:
        """Make parts; yield outcomes as they are finished. Each worker loads its own model.

        Raises:
            ValueError: if a worker cannot make a part because of its input.
        """
        ray = _ray()
        items = [{"part": pickle.dumps(part)} for part in parts]
        made = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Worker,
            fn_constructor_args=(order,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=self._workers),
            **self._resources,
        )
        for row in made.iter_rows():
            if row["error"]:
                raise ValueError(row["error"])
            yield Outcome(row["part"], row["made"], tuple(row["failed"]))


class _Worker:
    """Makes parts. It holds the model and the bank."""

    def __init__(self, order: Order) -> None:
        self._order, self._tools = order, order.tools()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[object]]:
        rows = [self._make(pickle.loads(part)) for part in batch["part"]]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _make(self, part: Part) -> dict[str, object]:
        """Make a part. Errors of input are returned: if raised, Ray would retry, and hide them."""
        name = printable(part.name)  # Ray passes on only valid UTF-8
        try:
            outcome = make_part(self._order, part, self._tools)
        except FAILURES as error:
            if not errors.is_input(error):
                raise
            told = errors.in_words(error)
            return {"part": name, "made": 0, "failed": [], "error": printable(told)}
        return {
            "part": name,
            "made": outcome.made,
            "failed": list(outcome.failed),
            "error": "",
        }


def _check_answer(address: str) -> None:
    """Raise `ValueError` if nothing answers at the address; Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():  # not an address with a port, for example "auto"
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER).close()
    except (OSError, OverflowError) as error:
        reason = errors.in_words(error)
        raise ValueError(f"--address {address}: no cluster answers there: {reason}") from None


def _ray() -> ModuleType:
    try:
        import_module("ray.data")
        return import_module("ray")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"workers need the package {error.name}: pip install 'adain-jax[ray]', or leave out "
            "--workers and --address"
        ) from None
