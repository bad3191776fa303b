"""The other commands."""

import json

import numpy as np

from adain_jax import Style
from adain_jax.files import image
from adain_jax.version import __version__
from adain_jax.weights import store
from tests.cli.common import SMALL, assert_one_error


def test_version_and_help(run, main):
    assert run("--version").stdout == f"adain-jax {__version__}\n"
    assert "stylize" in main("--help").out
    assert "--alpha" in main("stylize", "--help").out


def test_info(main, tmp_path):
    listed = main("info").out.splitlines()
    assert listed[0].split()[:3] == ["model", "MB", "parameters"]
    assert [line.split()[0] for line in listed[1:]] == store.shipped()
    told = main("info", "vgg16").out
    assert "architecture: vgg16" in told
    assert "parameters: 6,425,511" in told
    known = json.loads(main("info", "vgg16", "--json").out)
    assert known["vgg16"]["metadata"]["fingerprint"] in told
    assert_one_error(*main("info", "nix", code=2), "no model 'nix'", "vgg16")
    (tmp_path / "text.safetensors").write_text("no model")
    assert_one_error(*main("info", "text.safetensors", code=2), "no safetensors file")


def test_a_style_as_a_file(main, photo, painting, tmp_path):
    """Stands where the painting can, and is refused by other models."""
    main("style", painting, "-o", "calm.safetensors", "--style-size", "16")
    assert (tmp_path / "calm.safetensors").stat().st_size < 16_000
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
    Style(style.mean[-512:], style.std[-512:], style.fingerprint).save(tmp_path / "old.safetensors")
    printed = main("stylize", photo, "old.safetensors", "-o", "no.png", *SMALL, code=2)
    assert_one_error(*printed, "old.safetensors has statistics of 512 channels", "make it again")
    assert not (tmp_path / "no.png").exists()
    for arguments, part in (
        (["nix.jpg", "-o", "a.safetensors"], "no such file"),
        ([painting, "-o", "a.style"], "ends in .safetensors"),
        ([painting], "-o"),
        ([painting, "-o", "calm.safetensors", "--model", "calm.safetensors"], "would replace"),
    ):
        assert_one_error(*main("style", *arguments, code=2), part)


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
