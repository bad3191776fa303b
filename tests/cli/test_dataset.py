"""`adain-jax dataset` as its users run it, killed, and with too small a disk."""

import os
import signal
import subprocess
import sys
import time

import pytest

from adain_jax.datasets.bank import Bank
from adain_jax.datasets.journal import FOLDER
from tests.cli.common import assert_one_error
from tests.cli.conftest import environment
from tests.conftest import ROOT
from tests.datasets.common import contents, data, make_table, make_tree, manifest

# The command, in a process that knows the tiny model.
_COMMAND = "import tests.tiny; from adain_jax.cli import main; main()"
LOOK = ("--alpha", "0.5:1", "--seed", "3", "--part", "4", "--batch", "1", "--style-size", "32")


@pytest.fixture
def paintings(tmp_path):
    return make_tree(tmp_path / "paintings", 3)


@pytest.fixture
def command(home, tmp_path, tiny_file, paintings):
    """A process that makes the data set `out` of `in`."""

    def command(out, *more, **options):
        args = ("dataset", "in", out, "--styles", paintings, "--model", tiny_file, *LOOK, *more)
        return subprocess.Popen(
            [sys.executable, "-c", _COMMAND, *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**environment(home), "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])},
            **options,
        )

    return command


@pytest.mark.slow
def test_killed_and_begun_again(command, tmp_path):
    """Nothing is lost, nothing is there twice, and nothing half."""
    make_tree(tmp_path / "in", 80)
    (tmp_path / "in/cat/bad.png").write_bytes(b"no image")
    kills = 0
    for wanted, number in ((1, signal.SIGKILL), (4, signal.SIGINT), (9, signal.SIGKILL)):
        process = command("out")
        wait_for_parts(process, tmp_path / "out", wanted)
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
        if process.returncode == 130:
            assert err.endswith(" pictures made, the same command goes on\n")
            assert len(err.splitlines()) == 1
        kills += process.returncode in (-signal.SIGKILL, 130)
    assert kills > 1
    process = command("out")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, err
    assert out == "out: 80 pictures\n"
    lines = err.splitlines()
    assert lines[0].startswith("adain-jax: parts that were finished before: ")
    assert lines[1:] == [
        "adain-jax: error: cat/bad.png: is not an image, or of an unknown format",
        "adain-jax: error: images without a picture: 1; _manifest.parquet lists them",
    ]
    process = command("whole")
    process.communicate(timeout=300)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert len(data(tmp_path / "out")) == 80
    assert len(manifest(tmp_path / "out")) == 81


@pytest.mark.slow
def test_the_process_that_asks_workers_is_killed(command, tmp_path):
    """Its workers end with it, and the same command goes on."""
    pytest.importorskip("ray")
    make_tree(tmp_path / "in", 80)
    more = ("--workers", "1", "--model", "fast")  # the tiny one is unknown to workers
    process = command("out", *more)
    wait_for_parts(process, tmp_path / "out", 2)
    process.kill()
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    process = command("out", *more)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "out: 80 pictures\n"), err
    assert "adain-jax: parts that were finished before: " in err  # and what Ray says
    process = command("whole", "--model", "fast")
    assert process.communicate(timeout=300)[0] == "whole: 80 pictures\n"
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def wait_for_parts(process, out, wanted):
    """Until so many parts are finished; or the process has ended."""
    deadline, parts = time.monotonic() + 300, out / FOLDER / "parts"
    while len(list(parts.glob("part*"))) < wanted and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert len(list(parts.glob("part*"))) >= wanted


@pytest.mark.slow
def test_a_full_disk(command, mount, tmp_path):
    make_tree(tmp_path / "in", 40)
    folder = mount("size=128k")
    process = command(folder / "out")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert_one_error(out, err, f"cannot write {folder / 'out'}", "no space left on device")
    finished = len(list((folder / "out" / FOLDER / "parts").glob("*")))
    assert 0 < finished < 10
    assert not (folder / "out" / FOLDER / "work").exists()
    subprocess.run(["mount", "-o", "remount,size=10m", str(folder)], check=True)
    process = command(folder / "out")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    process = command("whole")
    process.communicate(timeout=300)
    assert contents(folder / "out") == contents(tmp_path / "whole")


def test_a_bank_for_it(main, paintings, tiny_file, tmp_path):
    """Which `adain-jax style` makes, gives the same as the paintings."""
    make_tree(tmp_path / "in", 4)
    bank = tmp_path / "bank.safetensors"
    options = ("--model", tiny_file, "--style-size", "32")
    printed = main("style", paintings, "-o", bank, "--bank", *options)
    assert printed.out == f"{bank}\n"
    assert len(Bank.load(bank)) == 3
    for name, styles in (("a", bank), ("b", paintings)):
        printed = main("dataset", "in", name, "--styles", styles, *options)
        assert printed.out == f"{name}: 4 pictures\n"
    assert data("a") == data("b")


def test_what_is_wrong(main, paintings, tiny_file, tmp_path):
    make_tree(tmp_path / "in", 2)
    make_table(tmp_path / "table/a.parquet")
    options = ("--styles", paintings, "--model", tiny_file)
    for args, words in (
        (("none", "out"), "no such file or folder: none"),
        (("in", "in/out"), "lie one in the other"),
        (("in", "out", "--alpha", "1:0.5"), "between 0 and 1, the least first, not 1:0.5"),
        (("in", "out", "--alpha", "x"), "--alpha: must be a number or two, not x"),
        (("in", "out", "--per-image", "0"), "between 1 and"),
        (("in", "out", "--crop", "9", "--size", "8"), "crop 9 is larger than size 8"),
        (("in", "out", "--styles", "none.png"), "no such file: none.png"),
        (("in", "out", "--model", "none"), "none"),
        (("in", "out", "--from", "parquet"), "no .parquet file in in"),
        (("table", "out", "--image-column", "x"), "x is no column of images"),
        (("tfds:x", "out"), "tfds:NAME:SPLIT"),
        (("in", paintings / "cat/000.png"), "cannot make the folder"),
    ):
        printed = main("dataset", *args[:2], *options, *args[2:], code=2)
        assert_one_error(printed.out, printed.err, words)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_strictly(main, paintings, tiny_file, tmp_path):
    make_tree(tmp_path / "in", 4)
    (tmp_path / "in/dog/001.jpg").write_bytes(b"")
    options = ("--styles", paintings, "--model", tiny_file)
    printed = main("dataset", "in", "out", *options, "--strict", code=2)
    assert_one_error(printed.out, printed.err, "dog/001.jpg: is empty")
    assert data(tmp_path / "out") == {}
