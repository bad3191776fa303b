"""The start of a training of several processes; test_processes.py has such trainings."""

import socket

import jax
import pytest

from adain_jax.runtime.errors import is_input
from adain_jax.training.devices import connect_hosts


@pytest.fixture
def joined(monkeypatch):
    """The arguments of each call of `jax.distributed.initialize`, which does nothing."""
    calls = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args: calls.append(args))
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
    def fail(*_):
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
