"""Where pictures go: formats, pipes, devices, links."""

import io
import json
import os
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from adain_jax.cli.parser import parse
from adain_jax.files import image
from tests.cli.common import SMALL, assert_one_error, files_in


def test_formats_quality_and_depth(main, photo, painting, tmp_path):
    for options, name in (
        (["--format", "webp"], "photo_stylized_painting.webp"),
        (["--depth", "16"], "photo_stylized_painting.tif"),
        (["-o", "good.jpg", "--quality", "100"], "good.jpg"),
        (["-o", "small.jpg", "--quality", "10"], "small.jpg"),
    ):
        assert main("stylize", photo, painting, *options, *SMALL).out == f"{name}\n"
        assert image.load(tmp_path / name).rgb.shape == (16, 22, 3)
    good, small = ((tmp_path / name).stat().st_size for name in ("good.jpg", "small.jpg"))
    assert small < good
    deep = tifffile.imread(tmp_path / "photo_stylized_painting.tif")
    assert deep.dtype == np.uint16
    assert len(np.unique(deep % 257)) > 1  # more than bytes can say


def test_pipes(start, main, photo, painting, tmp_path, monkeypatch):
    """What comes from one and goes into another is what files are."""
    main("stylize", photo, painting, "-o", "file.png", *SMALL)
    expected = image.load(tmp_path / "file.png").rgb
    process = start("stylize", "-", painting, "-o", "-", *SMALL, stdin=subprocess.PIPE)
    out, err = process.communicate(photo.read_bytes(), timeout=300)
    assert process.returncode == 0, err
    assert err == b""
    assert out[:4] == b"\x89PNG"
    np.testing.assert_allclose(image.decode(out, "out.png").rgb, expected, atol=1.1 / 255)

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(painting.read_bytes())))
    assert main("stylize", photo, "-", *SMALL).out == "photo_stylized_stdin.png\n"
    made = image.load(tmp_path / "photo_stylized_stdin.png").rgb
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("output", ["-", pytest.param("out.png", marks=pytest.mark.slow)])
def test_a_reader_that_has_gone(start, photo, painting, output):
    process = start("stylize", photo, painting, "-o", output, *SMALL)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert_one_error("", err.decode(), "standard output was closed")


def test_special_files_stay_what_they_are(main, photo, painting, tmp_path):
    pipe, report = tmp_path / "pipe", tmp_path / "pipe.json"
    got: dict[Path, bytes] = {}
    readers = []

    def read(path):
        got[path] = path.read_bytes()

    for path in (pipe, report):
        os.mkfifo(path)
        readers.append(threading.Thread(target=read, args=(path,)))
        readers[-1].start()
    printed = main("stylize", photo, painting, "-o", pipe, "--json", report, "--resume", *SMALL)
    for reader in readers:
        reader.join(60)
    assert printed.out == f"{pipe}\n"
    assert image.decode(got[pipe], pipe).rgb.shape == (16, 22, 3)
    assert json.loads(got[report])["pictures"][0]["status"] == "ok"
    for options in (["-o", os.devnull], ["-o", "a.png", "--json", os.devnull]):
        main("stylize", photo, painting, *options, *SMALL)
    assert pipe.is_fifo()
    assert report.is_fifo()
    assert Path(os.devnull).is_char_device()
    printed = main("stylize", photo, "-s", painting, photo, "-o", os.devnull, *SMALL, code=2)
    assert_one_error(*printed, f"{os.devnull} is for one picture, but there are 2")
    printed = main("stylize", photo, painting, "-o", "/dev/full", *SMALL, code=2)
    assert_one_error(*printed, "cannot write /dev/full: no space left on device")


def test_names_of_standard_output(photo, painting):
    for name in ("-", "/dev/stdout", "/dev/fd/1"):
        assert parse(["stylize", str(photo), str(painting), "-o", name]).output == Path("-")


def test_links_modes_and_long_names(main, photo, painting, tmp_path):
    (tmp_path / "far").mkdir()
    private = tmp_path / "far/private.png"
    private.touch(0o600)
    long = "a" * 251 + ".png"
    (tmp_path / "link.png").symlink_to(private)
    (tmp_path / "folder").symlink_to("far")
    for output in ("link.png", long, "new/folders/b.png", "folder/"):
        main("stylize", photo, painting, "-o", output, *SMALL)
    assert (tmp_path / "link.png").readlink() == private
    assert private.stat().st_mode & 0o777 == 0o600
    for name in ("far/private.png", long, "new/folders/b.png", "far/photo_stylized_painting.png"):
        assert image.load(tmp_path / name).rgb.shape == (16, 22, 3)
    main("style", painting, "-o", "folder/a.safetensors", "--style-size", "16")
    assert files_in(tmp_path / "far") == [
        "far/a.safetensors",
        "far/photo_stylized_painting.png",
        "far/private.png",
    ]


def test_names_that_are_too_long(main, photo, painting, tmp_path, monkeypatch):
    """Are refused before anything is made, for all pictures."""
    monkeypatch.setattr(image, "load", lambda *args, **options: pytest.fail("the work began"))
    folder, long = tmp_path / "photos", tmp_path / f"{'a' * 240}.png"
    folder.mkdir()
    for path in (long, folder / long.name, folder / "b.png", folder / f"{'a' * 230}.png"):
        path.write_bytes(photo.read_bytes())
    for args in (
        ("stylize", long, painting),
        ("stylize", folder, painting, "-o", "out"),
        ("stylize", photo, painting, "-o", f"new/{'a' * 252}.png"),
        ("stylize", photo, painting, "-o", f"{'a' * 252}.png"),
        ("stylize", photo, painting, "-o", "a.png", "--json", f"new/{'a' * 251}.json"),
        ("grid", photo, painting, "-o", f"new/{'a' * 252}.png"),
        ("style", painting, "-o", f"new/{'a' * 244}.safetensors"),
        ("optimize", photo, painting, "-o", f"new/{'a' * 252}.png"),
    ):
        assert_one_error(*main(*args, code=2), "a" * 230, "file name too long")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "new").exists()


COMMANDS = {
    "stylize": ("stylize", "PHOTO", "PAINTING", *SMALL, "-o", "out.png"),
    "report": ("stylize", "PHOTO", "PAINTING", *SMALL, "-o", "/dev/null", "--json", "out.json"),
    "grid": ("grid", "PHOTO", "PAINTING", *SMALL, "--steps", "2", "-o", "out.png"),
    "style": ("style", "PAINTING", "--style-size", "16", "-o", "out.safetensors"),
    "optimize": ("optimize", "PHOTO", "PAINTING", *SMALL, "--steps", "1", "-o", "out.png"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_written(main, photo, painting, tmp_path, mount, command):
    """One line, and nothing is left."""
    names = {"PHOTO": str(photo), "PAINTING": str(painting)}
    *args, output = (names.get(arg, arg) for arg in COMMANDS[command])
    folder = mount("size=4k")
    (tmp_path / "file").touch()
    (folder / "full").write_bytes(bytes(4096))
    if command != "optimize":  # of which a step takes long to compile
        printed = main(*args, folder / output, code=2)
        line = printed.err.splitlines()[-1]
        assert line.endswith(f"cannot write {folder / output}: no space left on device")
        assert len(printed.err.splitlines()) == 1
    for place in ("file", "file/below"):
        printed = main(*args, tmp_path / place / output, code=2)
        assert_one_error(*printed, "cannot write", output, "file is not a folder")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for place in (".", "below"):
        printed = main(*args, folder / place / output, code=2)
        assert_one_error(*printed, "cannot write", output, "permission denied")
    assert [path.name for path in folder.iterdir()] == ["full"]
