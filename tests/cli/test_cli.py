"""The command, as its users run it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from adain_jax import Style, cli
from adain_jax.files import image
from adain_jax.runtime import process
from adain_jax.version import __version__
from adain_jax.weights import store


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
def main(tmp_path, monkeypatch, capsys):
    """The same without a process of its own: what it prints, and its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "prepare", lambda: None)  # which is of the whole process

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


# At which commands are fast, where sizes are not the point.
SMALL = ("--size", "16", "--style-size", "16")


def assert_one_error(stdout, stderr, *parts):
    """One line that says what is wrong, and nothing else."""
    assert stdout == ""
    [line] = stderr.splitlines()
    assert line.startswith("adain-jax: error: ")
    for part in parts:
        assert part in line


def test_timing_tells_where_the_seconds_went(run, photo, painting):
    result = run("stylize", photo, painting, "-o", "out.png", "--timing", *SMALL)
    for stage in ("start and import", "load", "trace", "compile", "compute", "write"):
        assert stage in result.stderr


def test_a_picture(run, photo, painting, tmp_path, home):
    """As compiled for users, who set nothing."""
    usual = {"XLA_FLAGS": "", "JAX_DISABLE_MOST_OPTIMIZATIONS": "0"}
    result = run("stylize", photo, painting, "-o", "out.png", **usual)
    assert result.stdout == "out.png\n"
    assert result.stderr == ""
    assert image.load(tmp_path / "out.png").rgb.shape == image.load(photo).rgb.shape
    assert list((home / ".cache/adain_jax/xla").iterdir())
    half = run("stylize", photo, painting, "-o", "half.png", "--alpha", "0.5", **usual)
    assert half.stderr == ""
    difference = image.load(tmp_path / "half.png").rgb - image.load(tmp_path / "out.png").rgb
    assert np.abs(difference).max() > 0.02


def test_several_pictures_and_a_bad_one(run, photo, painting, tmp_path):
    (tmp_path / "photos").mkdir()
    photo.rename(tmp_path / "photos/photo.png")
    (tmp_path / "photos/bad.jpg").write_bytes(b"")
    args = ("photos", "-s", painting, "photos/photo.png", "-o", "out", *SMALL)
    result = run("stylize", *args, code=2)
    made = ["photo_stylized_painting.png", "photo_stylized_photo.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == made
    assert sorted(result.stdout.split()) == [str(Path("out") / name) for name in made]
    [line] = result.stderr.splitlines()
    assert "bad.jpg is empty" in line


def test_the_default_output_is_a_name_in_this_folder(main, photo, painting, tmp_path):
    main("stylize", photo, painting, *SMALL)
    assert image.load(tmp_path / "photo_stylized_painting.png").rgb.shape == (16, 22, 3)


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["nix.jpg", "PAINTING"], ["no such file", "nix.jpg"]),
        (["PHOTO", "nix.jpg"], ["no such file", "nix.jpg"]),
        (["text.jpg", "PAINTING"], ["text.jpg is not an image"]),
        (["PHOTO", "text.jpg"], ["text.jpg is not an image"]),
        (["empty.jpg", "PAINTING"], ["empty.jpg is empty"]),
        (["truncated.png", "PAINTING"], ["truncated.png is a damaged or truncated"]),
        (["folder", "PAINTING"], ["no image in folder"]),
        (["PHOTO", "PAINTING", "-o", "text.jpg/out.png"], ["text.jpg"]),
        (["PHOTO", "PAINTING", "-o", "out.gif"], ["cannot write out.gif"]),
        (["PHOTO", "PAINTING", "--alpha", "1.5"], ["--alpha", "between 0 and 1"]),
        (["PHOTO", "PAINTING", "--alpha", "much"], ["--alpha", "much"]),
        (["PHOTO", "PAINTING", "--alpha", "3", "--allow-extrapolation"], ["between 0 and 2"]),
        (["PHOTO", "PAINTING", "--alpha", "nan"], ["--alpha", "not nan"]),
        (["PHOTO", "--styles", "PAINTING:0", "PHOTO:0"], ["weights of styles", "not all 0"]),
        (["PHOTO", "--styles", "PAINTING:nan"], ["weights of styles", "finite"]),
        (["PHOTO", "--styles", "PAINTING", "nix.jpg:2"], ["no such file", "nix.jpg"]),
        (["PHOTO", "-s", "PAINTING", "--styles", "PAINTING"], ["--style", "--styles"]),
        (["PHOTO", "cut.safetensors"], ["cut.safetensors is no safetensors file, or truncated"]),
        (["PHOTO", "PAINTING", "--size", "-4"], ["--size"]),
        (["PHOTO", "PAINTING", "--quality", "0"], ["--quality", "between 1 and 100"]),
        (["PHOTO", "PAINTING", "--depth", "12"], ["--depth", "12"]),
        (["PHOTO", "PAINTING", "--depth", "16", "-o", "a.png"], ["a.png with 16 bits"]),
        (["PHOTO", "PAINTING", "--format", "gif"], ["--format", "gif"]),
        (["PHOTO", "PAINTING", "--format", "jpg", "-o", "a.png"], ["a.png is not called .jpg"]),
        (["-", "-"], ["standard input, of which there is one"]),
        (["PHOTO", "PAINTING", "--json", "PHOTO"], ["would replace one of the images"]),
        (["PHOTO", "--styles", "PAINTING", "--pairs"], ["--styles", "--pairs"]),
        (["-", "PAINTING"], ["standard input is not an image"]),
        (["PHOTO", "-"], ["standard input is not an image"]),
        (["PHOTO", "PAINTING", "--model", "nix"], ["no model 'nix'", "vgg16"]),
        (["PHOTO", "PAINTING", "--model", "text.jpg"], ["text.jpg is no safetensors file"]),
        (["PHOTO", "PAINTING", "--tile", "100"], ["tile is a multiple of 8", "136"]),
        (["PHOTO", "PAINTING", "--masks", "PHOTO"], ["--masks need --styles"]),
        (["PHOTO", "--styles", "PAINTING", "--masks", "PHOTO"], ["photo.png is coloured"]),
        (["PHOTO", "--styles", "PAINTING", "--masks", "nix.png"], ["no such file: nix.png"]),
        (["PHOTO", "PAINTING", "--alpha-map", "PAINTING"], ["painting.jpg is coloured"]),
        (["PHOTO", "PAINTING", "--color", "sepia"], ["--color", "'sepia'", "luminance"]),
        (["PHOTO"], ["give a content and a style"]),
        (["PHOTO", "PAINTING", "--colour"], ["--colour"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_input_is_one_line(main, photo, painting, tmp_path, monkeypatch, args, parts):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "cut.safetensors").write_bytes(b"\x08")
    (tmp_path / "truncated.png").write_bytes(photo.read_bytes()[:600])
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"no image")))

    def fill(argument):
        return argument.replace("PHOTO", str(photo)).replace("PAINTING", str(painting))

    # The options of size first, which end no list of others.
    printed = main("stylize", *SMALL, *map(fill, args), code=2)
    assert_one_error(*printed, *parts)
    assert sorted(tmp_path.rglob("*")) == before


def test_bad_input_to_the_process(run, photo, painting):
    """One of the command line's errors, one of the files'."""
    for args, part in (
        ([photo], "give a content and a style"),
        (["nix.jpg", painting, *SMALL], "nix.jpg"),
    ):
        result = run("stylize", *args, code=2)
        assert_one_error(result.stdout, result.stderr, part)


def test_damaged_images_to_the_process(run, photo, painting, tmp_path, rng):
    """One line, whatever Pillow and libtiff say: a part of a picture makes no picture."""
    noise = Image.fromarray(rng.integers(256, size=(256, 256, 3), dtype=np.uint8))
    for name, options in (("a.png", {}), ("a.tif", {"compression": "tiff_adobe_deflate"})):
        noise.save(tmp_path / name, **options)
        data = bytearray((tmp_path / name).read_bytes())
        data[len(data) // 3 : len(data) // 3 + 200] = bytes(200)
        (tmp_path / name).write_bytes(data)
    for args in (["a.png", painting], [photo, "a.png"], ["a.tif", painting]):
        result = run("stylize", *args, *SMALL, "-o", "out.png", code=2)
        damaged = next(name for name in ("a.png", "a.tif") if name in args)
        assert_one_error(result.stdout, result.stderr, f"{damaged} is a damaged or truncated image")
    assert not (tmp_path / "out.png").exists()


def test_version_and_help(run, main):
    assert run("--version").stdout == f"adain-jax {__version__}\n"
    assert "stylize" in main("--help").out
    assert "--alpha" in main("stylize", "--help").out


def test_an_unwritable_cache_costs_nothing_but_time(run, photo, painting, tmp_path):
    (tmp_path / "cache").touch()
    unwritable = str(tmp_path / "cache")
    run("stylize", photo, painting, "-o", "out.png", *SMALL, XDG_CACHE_HOME=unwritable)
    assert (tmp_path / "out.png").exists()


def test_info(main, tmp_path):
    listed = main("info").out.splitlines()
    assert listed[0].split()[:3] == ["model", "MB", "parameters"]
    assert [line.split()[0] for line in listed[1:]] == store.shipped()
    told = main("info", "vgg16").out
    assert "architecture: vgg16" in told
    assert "parameters: 5,830,787" in told
    known = json.loads(main("info", "vgg16", "--json").out)
    assert known["vgg16"]["metadata"]["fingerprint"] in told
    assert_one_error(*main("info", "nix", code=2), "no model 'nix'", "vgg16")
    (tmp_path / "text.safetensors").write_text("no model")
    assert_one_error(*main("info", "text.safetensors", code=2), "no safetensors file")


def test_a_style_as_a_file(main, photo, painting, tmp_path):
    """Stands where the painting can, and is refused by other models."""
    main("style", painting, "-o", "calm.safetensors", "--style-size", "16")
    assert (tmp_path / "calm.safetensors").stat().st_size < 10_000
    main("stylize", photo, "calm.safetensors", "-o", "file.png", "--size", "16")
    main("stylize", photo, painting, "-o", "image.png", *SMALL)
    ours, theirs = (image.load(tmp_path / f"{name}.png").rgb for name in ("file", "image"))
    np.testing.assert_allclose(ours, theirs, atol=1.1 / 255)
    known = json.loads(main("info", "calm.safetensors", "--json").out)["calm.safetensors"]
    assert known["metadata"]["made_of"] == painting.name
    style = Style.load(tmp_path / "calm.safetensors")
    Style(style.mean, style.std, "0123").save(tmp_path / "other.safetensors")
    printed = main("stylize", photo, "other.safetensors", "-o", "no.png", *SMALL, code=2)
    assert_one_error(*printed, "other.safetensors was made by another model", "vgg16")
    assert not (tmp_path / "no.png").exists()
    for arguments, part in (
        (["nix.jpg", "-o", "a.safetensors"], "no such file"),
        ([painting, "-o", "a.style"], "ends in .safetensors"),
        ([painting], "-o"),
    ):
        assert_one_error(*main("style", *arguments, code=2), part)


def test_a_mixture(main, photo, painting, tmp_path):
    """Half and half is the mean of both, as a folder of both is."""
    both = (f"{photo}:2", f"{painting}:2")
    printed = main("stylize", photo, *SMALL, "--styles", *both)
    assert printed.out == "photo_stylized_photo+painting.png\n"
    mixed = image.load(tmp_path / "photo_stylized_photo+painting.png").rgb
    main("style", photo, painting, "-o", "mean.safetensors", "--style-size", "16")
    main("stylize", photo, "mean.safetensors", "-o", "mean.png", *SMALL)
    np.testing.assert_allclose(image.load(tmp_path / "mean.png").rgb, mixed, atol=1.1 / 255)


def test_extrapolation(main, photo, painting, tmp_path):
    main(
        "stylize", photo, painting, "-o", "a.png", "--alpha", "1.5", "--allow-extrapolation", *SMALL
    )
    main("stylize", photo, painting, "-o", "b.png", *SMALL)
    ours, full = (image.load(tmp_path / f"{name}.png").rgb for name in "ab")
    assert np.abs(ours - full).max() > 0.02


@pytest.fixture
def photos(photo, tmp_path):
    """A folder with photographs at the top and below, and one that is none."""
    for name in ("a.png", "2024/b.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(photo.read_bytes())
    (tmp_path / "photos/bad.jpg").touch()
    return tmp_path / "photos"


MADE = [str(Path("out/2024/b_stylized_painting.png")), str(Path("out/a_stylized_painting.png"))]


def files_in(folder):
    return sorted(str(x.relative_to(folder.parent)) for x in folder.rglob("*") if x.is_file())


def test_folders_keep_their_tree_and_what_is_bad_comes_last(main, photos, painting, tmp_path):
    (photos / "0.jpg").write_text("no image")
    printed = main("stylize", "photos", painting, "-o", "out", *SMALL, code=2)
    assert printed.out.splitlines() == MADE
    assert files_in(tmp_path / "out") == MADE
    first, second = printed.err.splitlines()
    assert first.startswith("adain-jax: error: photos/0.jpg is not an image")
    assert second == "adain-jax: error: photos/bad.jpg is empty (0 bytes)"


def test_resume_and_report(main, photos, painting, tmp_path, monkeypatch):
    args = ("stylize", "photos", painting, "-o", "out", "--json", "reports/a.json", *SMALL)
    main(*args, code=2)
    report = json.loads((tmp_path / "reports/a.json").read_text())
    assert report["complete"]
    below, top, bad = report["pictures"]
    assert below["content"] == str(Path("photos/2024/b.png"))
    assert below["styles"] == [{"file": str(painting), "weight": 1.0}]
    assert below["output"] == MADE[0]
    assert below["size"] == [22, 16]
    assert below["seconds"] > 0
    assert [row["status"] for row in (below, top, bad)] == ["ok", "ok", "failed"]
    assert below["error"] is None
    assert bad["error"] == "photos/bad.jpg is empty (0 bytes)"
    assert [x.name for x in (tmp_path / "reports").iterdir()] == ["a.json"]

    (tmp_path / MADE[1]).unlink()
    (tmp_path / MADE[0]).write_text("as it was")
    printed = main(*args, "--resume", code=2)
    assert printed.out.splitlines() == MADE[1:]
    assert (tmp_path / MADE[0]).read_text() == "as it was"
    note, error = printed.err.splitlines()
    assert note == "adain-jax: skipped, being there already: 1 of 3"
    assert "bad.jpg is empty" in error
    report = json.loads((tmp_path / "reports/a.json").read_text())
    assert [row["status"] for row in report["pictures"]] == ["skipped", "ok", "failed"]

    (photos / "bad.jpg").unlink()  # now nothing is left to do, and no model needed
    monkeypatch.setattr("adain_jax.model.Model.load", None)
    printed = main(*args, "--resume")
    assert printed.out == ""
    assert printed.err == "adain-jax: skipped, being there already: 2 of 2\n"


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("out.png", "out.png would replace one of the images read or made"),
        (".", ". is no name for a file"),
        ("-", "- is no name for a file"),
        ("photo.png/a.json", "photo.png/a.json cannot be written"),
    ],
)
def test_a_report_that_cannot_be_written_is_known_at_once(main, photo, painting, report, message):
    printed = main("stylize", photo, painting, "-o", "out.png", "--json", report, code=2)
    assert printed.err == f"adain-jax: error: --json: {message}" + (
        ": name another\n" if "replace" in message else "\n"
    )
    assert printed.out == ""


def test_names_that_the_terminal_cannot_print(run, photo, painting, tmp_path):
    name = "画.png"
    (tmp_path / name).write_bytes(photo.read_bytes())
    args = ("stylize", tmp_path / name, photo, "-s", painting, "-o", tmp_path / "out", *SMALL)
    result = run(*args, "--json", tmp_path / "a.json", PYTHONIOENCODING="ascii")
    assert "\\u753b_stylized_painting.png" in result.stdout
    rows = json.loads((tmp_path / "a.json").read_text("ascii"))["pictures"]
    assert rows[0]["content"] == str(tmp_path / name)


def test_dry_run(main, photos, painting, tmp_path, monkeypatch):
    monkeypatch.setattr("adain_jax.model.Model.load", None)
    (tmp_path / "out/2024").mkdir(parents=True)
    (tmp_path / MADE[0]).touch()
    before = sorted(tmp_path.rglob("*"))
    args = ("stylize", "photos", painting, "-o", "out", "--resume", "--dry-run", "--json", "a.json")
    printed = main(*args)
    below, top, bad = printed.out.splitlines()
    assert below == f"photos/2024/b.png in the style of {painting} -> {MADE[0]} (skipped: is there)"
    assert top == f"photos/a.png in the style of {painting} -> {MADE[1]}"
    assert "photos/bad.jpg" in bad
    assert printed.err == "adain-jax: skipped, being there already: 1 of 3\n"
    assert sorted(tmp_path.rglob("*")) == before
    masks = ("--styles", painting, "--masks", "mask.png", "--dry-run")
    assert "no such file: mask.png" in main("stylize", "photos", *masks, code=2).err
    printed = main("stylize", "nix.jpg", painting, "--dry-run", code=2)
    assert printed.err == "adain-jax: error: no such file: nix.jpg\n"


def test_pairs(main, photos, painting, tmp_path):
    (tmp_path / "paintings").mkdir()
    for name in ("a.jpg", "spare.jpg"):
        (tmp_path / "paintings" / name).write_bytes(painting.read_bytes())
    args = ("photos", "paintings", "--pairs", "-o", "out", "--json", "a.json", *SMALL)
    printed = main("stylize", *args, code=2)
    assert printed.out == "out/a_stylized_a.png\n"
    assert printed.err.splitlines() == [
        "adain-jax: no content has the name of paintings/spare.jpg",
        "adain-jax: error: photos/2024/b.png: no style has this name",
        "adain-jax: error: photos/bad.jpg: no style has this name",
    ]
    made, *alone = json.loads((tmp_path / "a.json").read_text())["pictures"]
    assert made["status"] == "ok"
    assert [(row["content"], row["status"], row["output"]) for row in alone] == [
        ("photos/2024/b.png", "failed", None),
        ("photos/bad.jpg", "failed", None),
    ]


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


@pytest.mark.parametrize("output", ["-", "out.png"])
def test_a_reader_that_has_gone(start, photo, painting, output):
    process = start("stylize", photo, painting, "-o", output, *SMALL)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert_one_error("", err.decode(), "standard output was closed")


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
    monkeypatch.setattr(process, "leave", sys.exit)
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


def test_color(main, photo, painting, tmp_path):
    """Of a grey photograph every picture is grey, unless the colours are the style's."""
    gray = np.repeat(image.load(photo).rgb[..., :1], 3, -1)
    image.save(tmp_path / "gray.png", gray)
    main("stylize", "gray.png", painting, "-o", "color.png", *SMALL)
    main("stylize", "gray.png", painting, "-o", "kept.png", "--color", "luminance", *SMALL)
    color, kept = (np.ptp(image.load(tmp_path / f"{x}.png").rgb, -1) for x in ("color", "kept"))
    assert color.max() > 0.05
    assert kept.max() < 0.01
    main("style", painting, "-o", "calm.safetensors", "--style-size", "16")
    printed = main("stylize", photo, "calm.safetensors", "--color", "coral", *SMALL, code=2)
    assert_one_error(*printed, "calm.safetensors is a style without an image", "luminance")


def test_grid(main, photo, painting, tmp_path):
    small = ("--style-size", "16", "--size", "16", "--steps", "2")
    main("grid", photo, painting, "-o", "grid.png", *small)
    assert image.load(tmp_path / "grid.png").rgb.shape == (16, 4 * 26 - 4, 3)
    for arguments, parts in (
        ([painting] * 3, ["1 style", "2", "4", "not of 3"]),
        ([painting, "--steps", "1"], ["at least 2 steps, not 1"]),
        (["nix.jpg"], ["no such file", "nix.jpg"]),
    ):
        printed = main("grid", photo, "-o", "no.png", *small, *arguments, code=2)
        assert_one_error(*printed, *parts)
        assert not (tmp_path / "no.png").exists()


def test_masks_maps_and_windows(main, photo, painting, tmp_path):
    size = (56, 40)
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, 28, 40))
    mask.save(tmp_path / "left.png")
    regions = ("--styles", f"{painting}:0.5", photo, "--masks", "left.png")
    main("stylize", photo, *regions, "-o", "a.png", "--tile", "136", "--style-size", "16")
    main("stylize", photo, *regions, "-o", "b.png", "--tile", "0", "--style-size", "16")
    windows, whole = (image.load(tmp_path / f"{name}.png").rgb for name in "ab")
    np.testing.assert_allclose(windows, whole, atol=1.1 / 255)
    alone = (photo, painting, "--style-size", "16")
    main("stylize", *alone, "--alpha-map", "left.png", "--color", "luminance", "-o", "c.png")
    main("stylize", *alone, "--alpha", "0", "--color", "luminance", "-o", "d.png")
    mapped, none = (image.load(tmp_path / f"{name}.png").rgb for name in "cd")
    difference = np.abs(mapped - none).mean((0, 2))
    assert difference[:20].mean() > 2 * difference[-8:].mean()
