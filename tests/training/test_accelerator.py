"""scripts/accelerator.py: its parts are processes, of which some here are small ones."""

import argparse
import json
import os
import runpy
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from scripts import accelerator
from tests.conftest import ROOT

IGNORES = """import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", flush=True)
time.sleep(60)"""


@pytest.fixture
def args(folders, tmp_path):
    return argparse.Namespace(
        content=folders / "content",
        style=folders / "style",
        judge_content=ROOT / "examples/content",
        judge_style=ROOT / "examples/style",
        only=[],
        only_content=[],
        minutes=0.5,
        size=64,
        crop=32,
        pairs=1,
        out=tmp_path / "out",
    )


@pytest.fixture
def parts(monkeypatch):
    """Puts programs in the place of parts."""

    def put(programs):
        def command(part, work, seconds):
            return [sys.executable, "-c", programs[part].replace("WORK", work)]

        monkeypatch.setattr(accelerator, "command", command)

    return put


def test_the_time_is_split_and_what_is_left_over_goes_on():
    left, spent = 567.0, []
    for part in accelerator.SHARES:
        spent.append(accelerator.share(part, left))
        left -= spent[-1]
    np.testing.assert_allclose(np.array(spent) / 567, list(accelerator.SHARES.values()))
    assert sum(accelerator.SHARES.values()) == pytest.approx(1)
    # A part that took nothing leaves more for all that follow, the last one has what is left.
    assert accelerator.share("fast", 567) > spent[1]
    assert accelerator.share("judge", 10) == 10


def test_a_part_that_fails_takes_nothing_from_the_others(args, parts, shipped, capfd):
    parts(
        {
            "vgg16": "raise RuntimeError('no such luck')",
            "fast": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "speed": "print('{\"found\": 1}', file=open('WORK/speed.json', 'w'))",
            "judge": "import pathlib; p = pathlib.Path('WORK/judge'); p.mkdir();"
            " (p / 'report.md').write_text('good')",
        }
    )
    assert accelerator.run(args) == 1
    numbers = json.loads((args.out / "numbers.json").read_text())
    outcomes = {part: row["outcome"] for part, row in numbers.items()}
    assert outcomes == {
        "vgg16": "failed (1)",
        "fast": "failed (-9)",
        "speed": "done",
        "judge": "done",
    }
    assert numbers["speed"]["found"] == 1
    assert "no such luck" in (args.out / "log.txt").read_text()
    with zipfile.ZipFile(args.out / "judge.zip") as file:
        assert file.read("report.md") == b"good"
    for part in ("vgg16", "fast"):
        assert numbers[part]["steps"] == "0"
        assert "no checkpoint" in numbers[part]["note"]
        assert (args.out / f"{part}.safetensors").exists()
    assert "numbers.json" in capfd.readouterr().out


def test_files_that_cannot_be_had_take_nothing_from_the_others(args, parts, shipped):
    spoil = "import os; os.mkdir('WORK/vgg16'); open('WORK/vgg16/model.safetensors', 'w')"
    parts({**dict.fromkeys(accelerator.SHARES, "pass"), "vgg16": spoil})
    assert accelerator.run(args) == 0
    numbers = json.loads((args.out / "numbers.json").read_text())
    assert "is no safetensors file" in numbers["vgg16"]["error"]
    assert (args.out / "fast.safetensors").exists()


def test_a_part_finds_packages_of_a_relative_folder(tmp_path, monkeypatch):
    """Also once it has left the folder that it was started in, as the judge does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "carried", "also"]))
    for folder, package in (("carried", "first"), ("also", "second")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{package}.py").write_text(f"print('{package}')")
    imports = "[sys.executable, '-c', 'import first, second']"
    program = f"import os, sys; os.chdir('/'); os.execv(sys.executable, {imports})"
    with (tmp_path / "log.txt").open("w") as log:
        command = [sys.executable, "-c", program]
        became = accelerator.process_of(command, 60.0, log, tmp_path, grace=1.0)
    assert (tmp_path / "log.txt").read_text() == "first\nsecond\n"
    assert became == "done"


@pytest.mark.slow
def test_a_part_that_does_not_end_is_killed_with_all_it_started(tmp_path):
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {IGNORES!r}])"
    for program, outcome in ((IGNORES, "killed"), (nested, "stopped")):
        read, write = os.pipe()
        with os.fdopen(write, "w") as log:
            command = [sys.executable, "-c", program]
            became = accelerator.process_of(command, 4.0, log, tmp_path, grace=1.0)
        assert became == outcome
        with os.fdopen(read) as file:
            assert file.read() in ("", "on\n")  # which ends when the last process has closed it


def test_a_script_that_is_told_to_stop_brings_what_there_is(args, tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from scripts import accelerator as a\n"
        "a.command = lambda *_: [sys.executable, '-c', 'import time; print(1); time.sleep(60)']\n"
        "a.main()"
    )
    given = [str(x) for x in (args.content, args.style, args.judge_content, args.judge_style)]
    names = ("--content", "--style", "--judge-content", "--judge-style")
    options = [x for pair in zip(names, given, strict=True) for x in pair]
    options += ["--size", "64", "--crop", "32"]
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(ROOT), *options, "-o", str(args.out)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert "vgg16: has" in running.stdout.readline()
    running.send_signal(signal.SIGTERM)
    running.communicate()
    assert running.returncode == 128 + signal.SIGTERM
    numbers = json.loads((args.out / "numbers.json").read_text())
    assert numbers["vgg16"]["outcome"] == "interrupted"
    assert (args.out / "vgg16.safetensors").exists()


def test_a_folder_that_is_not_there_is_told_before_anything_runs(args):
    with pytest.raises(FileNotFoundError, match="no such folder: nowhere"):
        accelerator.run(argparse.Namespace(**{**vars(args), "style": Path("nowhere")}))
    assert not args.out.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"crop": 100, "size": 128},
            "--size 128, --crop 100, --minutes .*: .*crop_size .*multiple of 8",
        ),
        (
            {"size": 16},
            "--size 16, --crop 32, --minutes .*: .*crop_size 32 exceeds content_size 16",
        ),
        ({"size": 512}, "no image in .*content can be used: .* is too small"),
        ({"content": "empty"}, "no image in .*empty"),
        ({"judge_style": "empty"}, "no image in .*empty"),
        ({"pairs": 0}, "--pairs is at least 1"),
        ({"only": ["nix_*"]}, "--only: nix_. fits none of the 8 styles"),
    ],
)
def test_what_no_part_could_use_is_told_before_anything_runs(args, change, words, tmp_path):
    (tmp_path / "empty").mkdir()
    folders = {name: tmp_path / x for name, x in change.items() if x == "empty"}
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        accelerator.run(argparse.Namespace(**{**vars(args), **change, **folders}))
    assert not args.out.exists()


def script(monkeypatch, *options):
    """Run the script itself, and return its exit code."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "argv", ["accelerator.py", *map(str, options)])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(accelerator.__file__, run_name="__main__")
    return left.value.code


def test_one_line_for_what_cannot_be_trained(args, monkeypatch, capsys):
    places = [f"--{x.replace('_', '-')}={getattr(args, x)}" for x in ("content", "style")]
    places += [f"--judge-{x}={getattr(args, x)}" for x in ("content", "style")]
    assert script(monkeypatch, *places, "--crop", "100", "-o", args.out) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("accelerator.py: error: --size 288, --crop 100, --minutes 9.5: ")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "names no architecture and no model"),
        ({"architecture": "nix", "base": "vgg16"}, "names no architecture and no model"),
        ({"architecture": "tiny"}, "names no architecture and no model"),
        ({"architecture": "tiny_fast", "base": "vgg16"}, "lacks content.conv"),
    ],
)
def test_one_line_for_what_cannot_be_joined(header, words, shipped, tmp_path, monkeypatch, capsys):
    file = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"decoder.a": np.zeros(1, np.float32)}, file, header)
    assert script(monkeypatch, "--join", file) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"accelerator.py: error: --join {file}")
    assert words in line


def test_what_is_no_file_of_weights_is_not_joined(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.safetensors").write_text("none")
    assert script(monkeypatch, "--join", tmp_path / "a.safetensors") == 2
    assert "is no safetensors file, or truncated" in capsys.readouterr().err
    assert script(monkeypatch, "--join", tmp_path / "nix.safetensors") == 2
    assert "nix.safetensors" in capsys.readouterr().err
