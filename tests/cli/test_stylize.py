"""`adain-jax stylize` of one photograph: what can be asked of a picture."""

import numpy as np
import pytest
from PIL import Image

from adain_jax.files import image
from tests.cli.common import SMALL, assert_one_error


def test_timing_tells_where_the_seconds_went(run, photo, painting):
    result = run("stylize", photo, painting, "-o", "out.png", "--timing", *SMALL)
    for stage in ("start and import", "load", "trace", "compile", "compute", "write"):
        assert stage in result.stderr


@pytest.mark.slow
def test_a_picture(run, photo, painting, tmp_path, home):
    """As compiled for users, who set nothing. `.ci/run` makes a first picture, too."""
    usual = {
        "XLA_FLAGS": "",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "0",
        "JAX_COMPILATION_CACHE_DIR": "",
    }
    result = run("stylize", photo, painting, "-o", "out.png", **usual)
    assert result.stdout == "out.png\n"
    assert result.stderr == ""
    assert image.load(tmp_path / "out.png").rgb.shape == image.load(photo).rgb.shape
    assert list((home / ".cache/adain_jax/xla").iterdir())
    half = run("stylize", photo, painting, "-o", "half.png", "--alpha", "0.5", **usual)
    assert half.stderr == ""
    difference = image.load(tmp_path / "half.png").rgb - image.load(tmp_path / "out.png").rgb
    assert np.abs(difference).max() > 0.02


def test_the_default_output_is_a_name_in_this_folder(main, photo, painting, tmp_path):
    main("stylize", photo, painting, *SMALL)
    assert image.load(tmp_path / "photo_stylized_painting.png").rgb.shape == (16, 22, 3)


@pytest.mark.slow
def test_an_unwritable_cache_costs_nothing_but_time(run, photo, painting, tmp_path):
    (tmp_path / "cache").touch()
    unwritable = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "JAX_COMPILATION_CACHE_DIR": ""}
    run("stylize", photo, painting, "-o", "out.png", *SMALL, **unwritable)
    assert (tmp_path / "out.png").exists()


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


def test_masks_maps_and_windows(main, photo, painting, tmp_path, tiny_file):
    size = (56, 40)
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, 28, 40))
    mask.save(tmp_path / "left.png")
    regions = ("--styles", f"{painting}:0.5", photo, "--masks", "left.png")
    larger = ("--size", "80", "--style-size", "16", "--model", tiny_file)  # of two windows
    main("stylize", photo, *regions, "-o", "a.png", "--tile", "72", *larger)
    main("stylize", photo, *regions, "-o", "b.png", "--tile", "0", *larger)
    printed = main("stylize", photo, *regions, "-o", "left.png", code=2)
    assert_one_error(*printed, "left.png would replace one of the files read")
    windows, whole = (image.load(tmp_path / f"{name}.png").rgb for name in "ab")
    np.testing.assert_allclose(windows, whole, atol=1.1 / 255)
    alone = (photo, painting, "--style-size", "16", "--model", tiny_file)
    main("stylize", *alone, "--alpha-map", "left.png", "--color", "luminance", "-o", "c.png")
    main("stylize", *alone, "--alpha", "0", "--color", "luminance", "-o", "d.png")
    mapped, none = (image.load(tmp_path / f"{name}.png").rgb for name in "cd")
    difference = np.abs(mapped - none).mean((0, 2))
    assert difference[:20].mean() > 2 * difference[-8:].mean()


def test_labels(main, photo, painting, tmp_path, tiny_file):
    """One image of labels is what a mask for each is; the same greys as a mask are strengths."""
    size = (56, 40)
    labels = Image.new("L", size)
    labels.paste(128, (0, 0, 16, 40))
    labels.paste(255, (16, 0, 32, 40))
    labels.save(tmp_path / "labels.png")
    for name, grey in (("first", 128), ("second", 255)):
        labels.point(lambda x, grey=grey: 255 * (x == grey)).save(tmp_path / f"{name}.png")
    styles = (photo, "--styles", painting, f"{photo}:0.5", "--model", tiny_file)
    for options, name in (
        (("--labels", "labels.png"), "labels"),
        (("--masks", "first.png", "second.png"), "masks"),
        (("--masks", "labels.png"), "strengths"),
    ):
        main("stylize", *styles, *options, "-o", f"by-{name}.tif", "--style-size", "16")
    by = {x: image.load(tmp_path / f"by-{x}.tif").rgb for x in ("labels", "masks", "strengths")}
    np.testing.assert_array_equal(by["labels"], by["masks"])
    assert np.abs(by["labels"] - by["strengths"]).max() > 0.02
