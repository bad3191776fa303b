"""How much memory this process may still take."""

import os
from pathlib import Path

_UNKNOWN = 4 << 30  # where neither the kernel nor the machine tells


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that are free for this process, or could be made free.

    On Linux the kernel's estimate, or what its control group (v2) may take beside what it has, if
    that is less; elsewhere half of the machine's memory, or 4 GiB if nothing tells that.

    Args:
        root: of the file system, for tests.

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
    """What the process's control group and each that holds it leave, as far as they have limits."""
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
            except (OSError, ValueError):  # "max" is no number: no limit
                continue
            cached = dict(_numbers(group / "memory.stat")).get("inactive_file", 0)
            left.append(limit - used + cached)  # files that were read can be forgotten
    return left


def _numbers(path: Path) -> list[tuple[str, int]]:
    """Names and numbers of a file of lines that begin with these two."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [(words[0], int(words[1])) for words in lines if words[1:] and words[1].isdigit()]
