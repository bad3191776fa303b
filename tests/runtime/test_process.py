import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading

import jax
import numpy as np
import pytest

import adain_jax
from adain_jax.runtime import process
from tests.conftest import ROOT

KEEP = """
import jax
from adain_jax.runtime.process import keep_compilations
keep_compilations()
print(jax.config.jax_compilation_cache_dir)
"""


def test_compilations_are_kept_where_the_user_says(tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    for folder, kept in (("", tmp_path / "adain_jax/xla"), (str(tmp_path / "own"),) * 2):
        told = subprocess.check_output(
            [sys.executable, "-c", KEEP],
            text=True,
            env={**env, "JAX_COMPILATION_CACHE_DIR": folder},
        )
        assert told == f"{kept}\n"


def test_what_was_used_longest_ago_is_removed(tmp_path):
    for i in range(5):
        path = tmp_path / str(i)
        path.write_bytes(bytes(100))
        os.utime(path, (1000 + i, 1000))
    os.utime(tmp_path / "0", (5000, 1000))  # read again
    process.prune(tmp_path, 500)
    assert len(list(tmp_path.iterdir())) == 5
    process.prune(tmp_path, 299)
    assert {path.name for path in tmp_path.iterdir()} == {"0", "4"}


def test_how_scripts_end(monkeypatch, capsys):
    monkeypatch.setattr(process, "leave", sys.exit)

    def end(function):
        try:
            with process.script("a.py", "stopped; all is kept"):
                function()
        except SystemExit as exit_:
            return exit_.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    assert end(lambda: None) == (0, "")
    assert end(lambda: adain_jax.load("nix"))[0] == 2
    assert end(lambda: open("nix")) == (2, "a.py: error: nix: no such file or directory\n")  # noqa: SIM115, PTH123
    for number in (signal.SIGINT, signal.SIGTERM):
        told = end(lambda number=number: signal.raise_signal(number))
        assert told == (128 + number, "stopped; all is kept\n")
    with pytest.raises(ValueError, match="invalid literal"):
        end(lambda: int("three"))


def stylized(model, photo, style):
    return np.asarray(adain_jax.stylize(photo, style, model=model))


@pytest.fixture
def photos(rng):
    """Of two sizes."""
    return [rng.integers(256, size=(16 + i % 2 * 8, 24, 3), dtype=np.uint8) for i in range(4)]


def test_threads_at_once(photos):
    """The first call of each loads the weights; two of one size compile at once."""
    start = threading.Barrier(len(photos))
    made = {}

    def work(i):
        start.wait()
        made[i] = stylized(None, photos[i], photos[0])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(photos))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    for i, photo in enumerate(photos):
        np.testing.assert_array_equal(made[i], stylized(None, photo, photos[0]))


def test_another_process(tiny, photos, monkeypatch):
    """A model and a style are pickled whole; a process that is spawned makes the same picture."""
    style = tiny.style(photos[0])
    for whole in (tiny, tiny.prepare(), style):
        again = pickle.loads(pickle.dumps(whole))
        assert jax.tree.structure(again) == jax.tree.structure(whole)
        jax.tree.map(np.testing.assert_array_equal, again, whole)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        made = pool.apply(stylized, (tiny, photos[1], style))
    np.testing.assert_array_equal(made, stylized(tiny, photos[1], style))
