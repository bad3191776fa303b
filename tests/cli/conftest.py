"""The command, as its users run it, in a process of its own or in this one."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose compilation cache the commands of this file share."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def start(home, tmp_path):
    """A process of the command."""

    def start(*args, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "adain_jax", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            **{"env": environment(home), **options},
        )

    return start


def environment(home):
    return {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}


@pytest.fixture
def run(home, tmp_path):
    def run(*args, code=0, **env):
        result = subprocess.run(
            [sys.executable, "-m", "adain_jax", *map(str, args)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=tmp_path,
            env={**environment(home), **env},
        )
        assert result.returncode == code, result.stderr
        assert "Traceback" not in result.stderr
        return result

    return run


@pytest.fixture
def photos(photo, tmp_path):
    """A folder with photographs at the top and below, and one that is none."""
    for name in ("a.png", "2024/b.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(photo.read_bytes())
    (tmp_path / "photos/bad.jpg").touch()
    return tmp_path / "photos"
