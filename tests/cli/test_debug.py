"""Errors of input are one line, faults of the program a traceback; --debug shows all there is."""

import logging
import subprocess
import sys
import warnings

import numpy as np
import pytest

from adain_jax.files import image
from tests.cli.common import SMALL, assert_one_error

FAULT = """
import numpy as np
from adain_jax import cli
from adain_jax.jobs import picture
picture.encode = lambda *args: np.zeros(2) + np.zeros(3)
cli.main()
"""


def raises_type_error(*args, **options):
    raise TypeError("no number")


def raises_value_error(*args, **options):
    return np.zeros(2) + np.zeros(3)


@pytest.mark.parametrize("fault", [raises_type_error, raises_value_error])
@pytest.mark.parametrize(
    ("args", "inside"),
    [
        ("stylize PHOTO PAINTING -o a.png", "jobs.picture.make"),
        ("stylize PHOTO PAINTING -o a.png", "jobs.picture.encode"),
        ("stylize PHOTO PAINTING -o a.png", "files.image._write"),
        ("stylize PHOTO PAINTING -o a.png", "jobs.style_files.read"),
        ("stylize PHOTO -s PAINTING PHOTO -o out", "jobs.picture.make"),
        ("grid PHOTO PAINTING -o a.png", "jobs.style_files.encode"),
        ("style PAINTING -o a.safetensors", "jobs.style_files.encode"),
        ("optimize PHOTO PAINTING -o a.png", "files.image.load"),
        ("info", "weights.store.describe"),
    ],
)
def test_a_fault_is_never_taken_for_bad_input(
    main, photo, painting, tmp_path, monkeypatch, args, inside, fault
):
    monkeypatch.setattr(f"adain_jax.{inside}", fault)
    names = {"PHOTO": photo, "PAINTING": painting}
    small = () if args == "info" else SMALL[2:]
    with pytest.raises((TypeError, ValueError), match=r"no number|broadcast"):
        main(*(names.get(word, word) for word in args.split()), *small)
    assert {path.name for path in tmp_path.iterdir()} <= {photo.name, painting.name, "out"}


def test_a_fault_ends_the_process_with_its_traceback(photo, painting, tmp_path):
    command = [sys.executable, "-c", FAULT, "stylize", photo, painting, "-o", "a.png", *SMALL]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert "could not be broadcast" in result.stderr.splitlines()[-1]


@pytest.fixture
def noisy(monkeypatch):
    """Reading images, with what libraries have to say meanwhile."""
    load = image.load

    def noisy(path, **options):
        warnings.warn("a strange tag", UserWarning, stacklevel=1)
        logging.getLogger("a_library").warning("a strange file")
        logging.getLogger("adain_jax").debug("a strange picture")
        return load(path, **options)

    monkeypatch.setattr(image, "load", noisy)


@pytest.mark.filterwarnings("default")
def test_what_libraries_say_is_for_debugging(main, noisy, photo, painting, tmp_path):
    said = ("a strange tag", "a_library: a strange file", "adain_jax: a strange picture")
    args = ("stylize", photo, painting, "-o", "a.png", *SMALL)
    assert main(*args).err == ""
    for loud in ((*args, "--debug"), ("--debug", *args)):
        printed = main(*loud)
        for words in said:
            assert words in printed.err
        assert printed.out == "a.png\n"
    assert main(*args).err == ""


@pytest.mark.parametrize("before", [True, False])
def test_errors_of_input_say_where_they_come_from(main, photo, tmp_path, before):
    (tmp_path / "text.jpg").write_text("no image")
    for args, part in (
        (("stylize", photo, "text.jpg", *SMALL), "text.jpg is not an image"),
        (("stylize", "text.jpg", photo, *SMALL), "text.jpg is not an image"),
        (("info", "nix"), "no model 'nix'"),
    ):
        assert_one_error(*main(*args, code=2), part)
        printed = main(*(("--debug", *args) if before else (*args, "--debug")), code=2)
        assert "Traceback" in printed.err
        assert "in load\n" in printed.err or "in find\n" in printed.err
        assert printed.err.splitlines()[-1].startswith("adain-jax: error: ")
        assert part in printed.err.splitlines()[-1]


def test_a_closed_standard_error(main, painting, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    main("style", painting, "-o", "a.safetensors", "--style-size", "16")
    assert (tmp_path / "a.safetensors").exists()
    sys.stderr.close()
