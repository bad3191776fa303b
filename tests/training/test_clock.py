import pytest

from adain_jax.training import clock as module
from adain_jax.training.clock import Clock
from adain_jax.training.config import TrainConfig


@pytest.fixture
def now(monkeypatch):
    """A clock that is set by hand."""
    hand = {"time": 1000.0}
    monkeypatch.setattr(module, "monotonic", lambda: hand["time"])
    return hand


def test_by_the_clock(now):
    clock = Clock(TrainConfig(steps=500, minutes=2.0))
    now["time"] += 1000  # of compilation
    assert clock.position(0) == 0
    assert not clock.running
    clock.start()
    assert clock.running
    now["time"] += 60
    assert clock.position(3) == 250  # however many steps were made
    assert not clock.over(9999)
    now["time"] += 70
    assert clock.position(4) == 500
    assert clock.over(4)


def test_pauses_do_not_count(now):
    clock = Clock(TrainConfig(steps=500, minutes=2.0))
    clock.pause()
    clock.start()
    now["time"] += 60
    clock.pause()
    assert not clock.running
    now["time"] += 1000  # of another compilation
    assert clock.position(3) == 250
    clock.start()
    now["time"] += 30
    assert clock.position(4) == 375
    assert clock.seconds == 90


def test_goes_on_with_the_time_that_is_left(now):
    clock = Clock(TrainConfig(steps=500, minutes=2.0), seconds=90.0)
    assert clock.position(7) == 375
    assert clock.seconds == 90
    clock.start()
    now["time"] += 29
    assert clock.seconds == 119
    clock.position(8)
    assert not clock.over(8)
    now["time"] += 1
    clock.position(9)
    assert clock.over(9)


def test_ends_with_the_time_that_there_is(now):
    """Of two minutes, one has gone into compilation; schedules take the other."""
    clock = Clock(TrainConfig(steps=500, minutes=2.0), until=now["time"] + 120)
    now["time"] += 60
    clock.start()
    now["time"] += 30
    assert clock.position(1) == 250
    now["time"] += 30
    assert clock.position(2) == 500
    assert clock.over(2)


def test_goes_on_for_as_long_as_there_is_time(now):
    clock = Clock(TrainConfig(steps=500, minutes=2.0), seconds=30.0, until=now["time"] + 45)
    clock.start()
    assert clock.position(1) == 200
    now["time"] += 45
    assert clock.position(2) == 500
    assert clock.over(2)


def test_is_over_if_compilation_took_all_time(now):
    clock = Clock(TrainConfig(steps=500, minutes=2.0), until=now["time"] + 60)
    now["time"] += 61
    assert not clock.over(0)
    clock.start()
    assert clock.position(1) == 500
    assert clock.over(1)


def test_by_steps(now):
    clock = Clock(TrainConfig(steps=5))
    clock.start()
    now["time"] += 1e6
    assert [clock.position(n) for n in (0, 4)] == [0, 4]
    assert [clock.over(n) for n in (4, 5)] == [False, True]
    assert clock.seconds == 0  # nothing is spent of a time that the run may be given later
