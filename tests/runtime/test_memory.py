import subprocess
import sys

import pytest

COUNT = """
import mmap, resource, sys
from contextlib import nullcontext
from adain_jax.runtime.memory import freed_memory_given_back, keep_freed_memory
if sys.argv[1] != "not":
    assert keep_freed_memory()
with freed_memory_given_back() if sys.argv[1] == "lent" else nullcontext():
    for _ in range(20):
        bytearray(64 << 20)  # zeroed, and so touched
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_freed_memory_is_not_faulted_in_again():
    given_back, kept, lent = (
        int(subprocess.check_output([sys.executable, "-c", COUNT, how]))
        for how in ("not", "kept", "lent")
    )
    pages = 20 * (64 << 20) // 4096
    assert kept < given_back - pages / 2
    assert kept < lent - pages / 2
