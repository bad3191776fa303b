"""The memory that this process can still use."""

import os
from pathlib import Path

_UNKNOWN = 4 << 30  # bytes, if the system reports nothing


def available_memory(root: Path = Path("/")) -> int:
    """The number of bytes that this process can still allocate.

    On Linux it is the kernel's estimate, `MemAvailable`, or what the limits of the process's
    control groups (v2) leave, whichever is less. Elsewhere it is half of the machine's memory, or
    4 GiB if the size of the memory is not known.

    Args:
        root: the root of the file system; tests give another.

    >>> available_memory() > 0
    True
    """
    estimates = [*_of_machine(root / "proc/meminfo"), *_of_groups(root)]
    if estimates:
        return max(0, min(estimates))
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


def _of_machine(path: Path) -> list[int]:
    return [1024 * value for name, value in _numbers(path) if name == "MemAvailable:"]


def _of_groups(root: Path) -> list[int]:
    """Bytes left by the process's control group and by each of its parents that has a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    base, left = root / "sys/fs/cgroup", []
    for name in (line[3:].strip("/") for line in lines if line.startswith("0::")):
        for group in (base / name, *(base / parent for parent in Path(name).parents)):
            try:
                limit, used = (
                    int((group / f"memory.{what}").read_text()) for what in ("max", "current")
                )
            except (OSError, ValueError):  # "max" in place of a number: no limit
                continue
            cached = dict(_numbers(group / "memory.stat")).get("inactive_file", 0)
            left.append(limit - used + cached)  # the kernel can drop cached files
    return left


def _numbers(path: Path) -> list[tuple[str, int]]:
    """The (name, number) pairs of a file whose lines begin with a name and a number."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [(words[0], int(words[1])) for words in lines if words[1:] and words[1].isdigit()]
