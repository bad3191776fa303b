import atexit
import os
import shutil
import subprocess
import sys
import tempfile

# These settings must precede any import of jax. There are four devices, for tests of pmap, on any
# machine. No program is compiled twice, neither here nor in the processes that tests start.
# Programs are optimised little, and weights that a function closes over are not folded, because
# that would take most of the time. Without fusion emitters, and in one piece, a step of training
# compiles in a third of the time.
_FLAGS = (
    "--xla_disable_hlo_passes=constant_folding",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)


def _known(flags: tuple[str, ...]) -> tuple[str, ...]:
    """The flags that this version of XLA knows. An unknown one ends the process with its name."""
    probe = [sys.executable, "-c", "import jax; jax.devices()"]
    environment = {**os.environ, "XLA_FLAGS": " ".join(flags), "JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(probe, env=environment, capture_output=True, text=True)
    unknown = [flag for flag in flags if flag in ended.stderr]
    if not ended.returncode or not unknown:
        return flags
    return _known(tuple(flag for flag in flags if flag not in unknown))


def xla_flags(devices: int) -> str:
    """The XLA_FLAGS of the tests' processes, with this number of devices."""
    return f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"


# `JAX_DISABLE_MOST_OPTIMIZATIONS=0` has programs optimised as users have them.
_optimized = os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1") == "0"
os.environ["JAX_PLATFORMS"] = "cpu"
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit the settings
    os.environ["XLA_FLAGS"] = "" if _optimized else " ".join(_known(_FLAGS))
    os.environ["XLA_FLAGS"] = xla_flags(4)
    _compiled = tempfile.mkdtemp(prefix="adain-jax-tests-")
    atexit.register(shutil.rmtree, _compiled, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"

import signal
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from tests import shapes

shapes.install()  # must precede the import of the package

import adain_jax
from adain_jax import Model, cli
from adain_jax.networks import ARCHITECTURES
from adain_jax.runtime import process
from adain_jax.weights import store
from tests.tiny import tiny_model

if not _optimized:
    # Programs of Winograd's method take several times as long to compile. Tests of the method, and
    # of whole networks by it, name it; the processes that tests start have it, and so have models
    # that are prepared.
    for _name, _network in list(ARCHITECTURES.items()):
        ARCHITECTURES[_name] = _network._replace(
            encoder=_network.encoder.clone(method="xla"),
            decoder=_network.decoder.clone(method="xla"),
            content=_network.content and _network.content.clone(method="xla"),
        )

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
# Shells have background processes ignore SIGINT, but tests interrupt some processes with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
# The photographs and paintings for training, which users do not have.
SHARED = ROOT.parent / "shared"

# The time of the longest files, in hundreds of processor seconds.
_LONGEST = {
    **{"test_processes.py": 5, "test_loop.py": 5, "test_calls.py": 4, "test_figures.py": 4},
    **{"test_controls.py": 4, "test_config.py": 3, "test_step.py": 3, "test_resume.py": 3},
    **{"test_tiling.py": 3, "test_strict.py": 2, "test_run.py": 2, "test_convolution.py": 2},
    **{"test_script.py": 2},
}

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the training images")


def pytest_addoption(parser):
    parser.addoption("--fuzz-cases", type=int, default=1000, help="files that the fuzzing makes")
    parser.addoption("--fuzz-seed", type=int, default=0, help="another seed makes other files")


def pytest_configure(config):
    # A process that has crashed is not replaced, since with whole files pytest-xdist then waits
    # for ever: the run ends, and names the test.
    if hasattr(config.option, "maxworkerrestart"):
        config.option.maxworkerrestart = "0"
    # By default, pytest-xdist starts with the files that have the most tests.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Put the longest files first, so that no process is left with one at the end."""
    items.sort(key=lambda item: _LONGEST.get(item.path.name, 0), reverse=True)


def pytest_terminal_summary(terminalreporter):
    """Print the counts of the fuzzing."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "fuzz":
                    terminalreporter.write_line(f"fuzzing, {value}")


@pytest.fixture(autouse=True, scope="module")
def _forget_programs():
    """Clear JAX's caches: thousands of programs would use 5 GB, and Linux's limit of 65530 maps."""
    yield
    maps, statm = Path("/proc/self/maps"), Path("/proc/self/statm")
    if not maps.exists():
        return
    resident = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if maps.read_bytes().count(b"\n") > 30_000 or resident > 2 << 30:
        jax.clear_caches()


@pytest.fixture(scope="session")
def model() -> adain_jax.Model:
    return adain_jax.load("vgg16")


@pytest.fixture(scope="session")
def tiny() -> adain_jax.Model:
    """A model of the same widths that compiles in seconds, for tests that need no training."""
    return tiny_model()


@pytest.fixture(scope="session")
def tiny_file(tiny, tmp_path_factory) -> str:
    """A file of the tiny model, in full precision."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.safetensors"
    tiny.save(path, dtype=np.float32)
    return str(path)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Folders of small photographs and paintings, one with a subfolder."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("data")
    for kind, count in (("content", 6), ("style", 5)):
        for i in range(count):
            folder = root / kind / ("sub" if i == 0 else "")
            folder.mkdir(parents=True, exist_ok=True)
            height, width = map(int, rng.integers(20, 50, size=2))
            _smooth(rng, height, width).save(folder / f"{i}.png")
    return root


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def photo(rng, tmp_path) -> Path:
    """A small image file of a smooth random image."""
    path = tmp_path / "photo.png"
    _smooth(rng, 40, 56).save(path)
    return path


@pytest.fixture
def painting(rng, tmp_path) -> Path:
    path = tmp_path / "painting.jpg"
    _smooth(rng, 48, 32).save(path)
    return path


@pytest.fixture
def main(tmp_path, monkeypatch, capsys):
    """A function that runs the command here, checks its exit code, and returns its output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "prepare", lambda: None)  # it would change the whole process
    monkeypatch.setattr(process, "leave", sys.exit)
    # Models that ship are read once, and none is prepared: that would take longer than the rest.
    load = Model.load
    monkeypatch.setattr(
        Model, "load", lambda name: (adain_jax.load if name in store.shipped() else load)(name)
    )
    monkeypatch.setattr(Model, "prepare", lambda self, **_: self)

    def main(*args, code=0):
        left_with = 0
        try:
            cli.main([*map(str, args)])
        except SystemExit as exit_:
            left_with = exit_.code or 0
        printed = capsys.readouterr()
        assert left_with == code, printed.err
        return printed

    return main


@pytest.fixture
def mount(tmp_path):
    """A function that mounts a small separate file system, which needs root."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("nothing may be mounted here")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


def _smooth(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    coarse = Image.fromarray(rng.integers(256, size=(4, 4, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)
