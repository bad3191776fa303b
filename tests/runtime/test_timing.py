import time

import jax
import jax.numpy as jnp

from adain_jax.runtime.timing import Timing


def test_compilation_is_taken_out_of_the_stage_it_is_in():
    timing = Timing()
    timing.listen()
    with timing("compute"):
        jax.jit(lambda x: jnp.where(x > 0, jnp.sin(x), jnp.linalg.norm(x)))(jnp.arange(7.0))
    with timing("sleep"):
        time.sleep(0.05)
    assert set(timing.seconds) >= {"compute", "sleep", "trace", "lower"}
    assert timing.seconds["compile or fetch from the cache"] > 0
    assert timing.seconds["sleep"] >= 0.05
    assert all(seconds >= 0 for seconds in timing.seconds.values())
    assert "s  sleep\n" in timing.table()
    assert timing.table().splitlines()[-1].endswith("all of these")


def test_nested_traces_count_once():
    timing = Timing()
    now = time.perf_counter()
    event = "/jax/core/compile/jaxpr_trace_duration"
    timing._heard.append((now - 0.5, 0.25, "trace"))
    timing.seconds["trace"] = 0.25
    timing._hear(event, 1.0)
    assert timing.seconds["trace"] == 1.0
