import threading

from adain_jax.runtime.latest import Latest


def test_who_comes_late_gets_the_newest_alone():
    latest: Latest[int] = Latest()
    for item in range(5):
        latest.put(item)
    assert latest.after(0) == (5, 4)
    assert latest.after(5) is None


def test_one_who_waits_is_woken():
    latest: Latest[str] = Latest()
    found = []
    waiting = threading.Thread(target=lambda: found.append(latest.after(0, 60)))
    waiting.start()
    latest.put("a")
    waiting.join()
    assert found == [(1, "a")]
