"""The start of a training of several processes; test_processes.py has such trainings."""

import socket

import jax
import numpy as np
import pytest

from adain_jax.runtime.errors import is_input
from adain_jax.training import devices
from adain_jax.training.devices import check_joined, check_same, connect_hosts, processes_here


@pytest.fixture
def joined(monkeypatch):
    """The arguments of each call of `jax.distributed.initialize`, which does nothing."""
    calls = []

    def initialize(*args, **options):
        calls.append((*args, options) if options else args)

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    return calls


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, []), ({"JAX_COORDINATOR_ADDRESS": "localhost:1234"}, [()])],
)
def test_the_environment_decides(joined, environment, expected):
    connect_hosts(environment=environment)
    assert joined == expected


@pytest.mark.parametrize(
    "error", [ValueError("Number of processes\nmust be defined."), RuntimeError("once")]
)
def test_what_the_environment_lacks(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    words = "give --coordinator, --num-processes and --process-id"
    with pytest.raises(ValueError, match=words) as told:
        connect_hosts(environment={"JAX_COORDINATOR_ADDRESS": "localhost:1234"})
    assert " ".join(str(error).strip(".").split()) in str(told.value)
    assert is_input(told.value)
    assert told.value.__cause__ is error


def test_a_port_that_is_taken(joined):
    """JAX would crash, but only on process 0."""
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"localhost:{port}: .* use.*: name another port"):
            connect_hosts(f"localhost:{port}", 2, 0, environment={})
        assert not joined
        connect_hosts(f"localhost:{port}", 2, 1, environment={})
    connect_hosts(f"localhost:{port}", 2, 0, environment={})
    assert joined == [(f"localhost:{port}", 2, 1), (f"localhost:{port}", 2, 0)]


def test_a_port_that_does_not_exist(joined):
    with pytest.raises(ValueError, match=r"localhost:70000: .*: name another port"):
        connect_hosts("localhost:70000", 2, 0, environment={})


SLURM = {"SLURM_STEP_NUM_TASKS": "4"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2(x2)"}, ()),  # JAX takes one device for each
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "1(x2),3"}, ()),
        (SLURM | {"SLURM_GPUS_PER_TASK": "1", "SLURM_GPU_BIND": "none"}, ()),
        (SLURM | {"SLURM_GPUS_PER_TASK": "1", "JAX_LOCAL_DEVICE_IDS": "3"}, ()),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "1(x4)"}, ({"local_device_ids": []},)),
        (
            SLURM | {"SLURM_STEP_TASKS_PER_NODE": "4", "SLURM_GPUS_PER_TASK": "2"},
            ({"local_device_ids": []},),
        ),
    ],
)
def test_a_task_of_slurm_has_all_of_its_own_devices(joined, environment, expected):
    connect_hosts(environment=environment)
    connect_hosts("localhost:0", 4, 1, environment=environment)
    assert joined == [expected, ("localhost:0", 4, 1, *expected)]


def test_a_machine_with_tpus_may_be_one_of_several(joined, monkeypatch):
    monkeypatch.setattr(devices, "_has_tpu", lambda: True)
    connect_hosts(environment={"JAX_PLATFORMS": "cpu"})
    connect_hosts(environment={"TPU_WORKER_HOSTNAMES": "localhost"})
    assert joined == []
    connect_hosts(environment={})
    assert joined == [()]
    for error in (ValueError("coordinator_address should be defined."), ConnectionError("no")):

        def alone(error=error):
            raise error

        monkeypatch.setattr(jax.distributed, "initialize", alone)
        connect_hosts(environment={})


def test_processes_that_did_not_join_each_other(monkeypatch):
    check_joined()
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match="one of 2 processes that did not join"):
        check_joined()


def test_numbers_of_hosts(monkeypatch):
    assert processes_here() == 1
    check_same(3, "it has another step")
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    other = {"adds": 0}

    def gather(x):
        return np.stack([x, x + np.sign(x + 0.5).astype(x.dtype) * other["adds"]])

    monkeypatch.setattr(devices.multihost_utils, "process_allgather", gather)
    assert processes_here() == 2
    check_same(3, "it has another step")
    other["adds"] = 1
    assert processes_here() == 1
    with pytest.raises(ValueError, match="it has another step on other hosts"):
        check_same(3, "it has another step")
