import gc
import signal
import sys
import time

import pytest

from adain_jax.runtime.interrupt import Interrupts, number_of, stoppable


@pytest.fixture
def handler():
    """What handles SIGINT outside; put back by whatever the test does."""
    before = signal.getsignal(signal.SIGINT)
    yield before
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_noted(handler, number):
    with Interrupts() as interrupts:
        assert not interrupts.received
        signal.raise_signal(number)
        assert interrupts.received == number
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_second_stops_at_once(handler):
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_what_is_ignored_stays_so(handler):
    """As a process in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert not interrupts.received


def test_sigterm_is_as_ctrl_c():
    before = signal.getsignal(signal.SIGTERM)
    for number in (signal.SIGTERM, signal.SIGINT):
        with pytest.raises(KeyboardInterrupt) as caught, stoppable():
            signal.raise_signal(number)
        assert number_of(caught.value) == number
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_comes_in_a_callback_is_not_lost(handler, number):
    """There Python drops all exceptions."""

    def callback(phase, info):
        gc.callbacks.remove(callback)
        signal.raise_signal(number)

    def work():
        gc.callbacks.append(callback)
        gc.collect()
        while True:  # unless it is stopped
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt) as caught, stoppable():
        work()
    assert number_of(caught.value) == number


def test_other_lost_exceptions_are_told_as_ever():
    class Bad:
        def __del__(self):
            raise ValueError("lost")

    told = []
    hook, sys.unraisablehook = sys.unraisablehook, told.append
    try:
        with stoppable():
            Bad()
    finally:
        sys.unraisablehook = hook
    assert len(told) == 1
