"""Ctrl-C and SIGTERM."""

import json
import signal
import sys
import time

import pytest

from adain_jax.files import image
from tests.cli.common import SMALL, files_in


def test_an_interruption_leaves_whole_files(start, photo, painting, tmp_path):
    """And a report of them, from which --resume goes on."""
    (tmp_path / "many").mkdir()
    for i in range(300):
        (tmp_path / f"many/{i:03}.png").write_bytes(photo.read_bytes())
    args = ("stylize", "many", painting, "-o", "out", "--json", "a.json", *SMALL)
    process = start(*args)
    assert process.stdout is not None
    deadline = time.monotonic() + 300
    while not (tmp_path / "out").is_dir() or len(list((tmp_path / "out").iterdir())) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    made = files_in(tmp_path / "out")
    assert 3 <= len(made) < 300
    assert out.decode().splitlines() == made
    assert (
        err.decode()
        == f"adain-jax: interrupted: {len(made)} of 300 made, --resume makes the rest\n"
    )
    for name in made:
        assert image.load(tmp_path / name).rgb.shape == (16, 22, 3)
    report = json.loads((tmp_path / "a.json").read_text())
    assert not report["complete"]
    assert [row["output"] for row in report["pictures"]] == made
    assert {row["status"] for row in report["pictures"]} == {"ok"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_of_the_output(main, photo, painting, tmp_path, monkeypatch, number):
    """All pictures that were made are told of, each in a line of its own."""
    (tmp_path / "many").mkdir()
    for i in range(9):
        (tmp_path / f"many/{i}.png").write_bytes(photo.read_bytes())
    write = sys.stdout.write

    def interrupted(text):
        written = write(text)
        if text.startswith("out/1"):
            signal.raise_signal(number)
        return written

    monkeypatch.setattr(sys.stdout, "write", interrupted)
    printed = main("stylize", "many", painting, "-o", "out", *SMALL, code=128 + number)
    made = files_in(tmp_path / "out")
    assert 2 <= len(made) < 9
    assert printed.out.splitlines() == made
    assert f"interrupted: {len(made)} of 9 made" in printed.err


@pytest.mark.parametrize("name", ["jax", "argparse", "tqdm"])
def test_an_interruption_of_the_start(start, photo, painting, tmp_path, name):
    """While modules are imported, the first of them with the package, others with the command."""
    (tmp_path / f"{name}.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    process = start("stylize", photo, painting, "-o", "a.png")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err in (b"adain-jax: interrupted\n", b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("args", "inside"),
    [
        ("grid PHOTO PAINTING --size 16 --steps 2 -o a.png", "files.image._write"),
        ("style PAINTING -o a.safetensors", "jobs.style_files.read"),
        ("optimize PHOTO PAINTING -o a.png", "files.image.load"),
        ("stylize PHOTO PAINTING -o a.png", "model.model.Model.load"),
    ],
)
def test_every_command_can_be_stopped(
    main, photo, painting, tmp_path, monkeypatch, args, inside, number
):
    """Also in the middle of a file: none of it is left, and nothing but the code says so."""

    def stopped(*args, **options):
        for file in (arg for arg in args if hasattr(arg, "write")):
            file.write(b"half")
        signal.raise_signal(number)

    monkeypatch.setattr(f"adain_jax.{inside}", stopped)
    names = {"PHOTO": photo, "PAINTING": painting}
    before = signal.getsignal(number)
    printed = main(*(names.get(x, x) for x in args.split()), *SMALL[2:], code=128 + number)
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert {path.name for path in tmp_path.iterdir()} == {photo.name, painting.name}
    assert signal.getsignal(number) is before


def test_a_listing_can_be_stopped(main, monkeypatch):
    monkeypatch.setattr("adain_jax.weights.store.describe", lambda name: signal.raise_signal(15))
    assert main("info", code=143) == ("", "")
