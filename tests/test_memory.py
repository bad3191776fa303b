import subprocess
import sys

import pytest

COUNT = """
import mmap, resource, sys
from adain_jax.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(20):
    bytearray(64 << 20)  # zeroed, and so touched
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_freed_memory_is_not_faulted_in_again():
    given_back, kept = (
        int(subprocess.check_output([sys.executable, "-c", COUNT, how])) for how in ("not", "kept")
    )
    pages = 20 * (64 << 20) // 4096
    assert kept < given_back - pages / 2
