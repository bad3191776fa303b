import signal

import pytest

from adain_jax.runtime.interrupt import Interrupts


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
