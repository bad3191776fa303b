"""What is wrong with the input is one line, and nothing is left behind."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.cli.common import SMALL, assert_one_error


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
        (["PHOTO", "PAINTING", "--json", "PHOTO"], ["would replace one of the files"]),
        (["PHOTO", "--styles", "PAINTING", "--pairs"], ["--styles", "--pairs"]),
        (["-", "PAINTING"], ["standard input is not an image"]),
        (["PHOTO", "-"], ["standard input is not an image"]),
        (["PHOTO", "PAINTING", "--model", "nix"], ["no model 'nix'", "vgg16"]),
        (["PHOTO", "PAINTING", "--model", "text.jpg"], ["text.jpg is no safetensors file"]),
        (["PHOTO", "PAINTING", "--tile", "100"], ["tile is a multiple of 8", "152"]),
        (["PHOTO", "PAINTING", "--masks", "PHOTO"], ["--masks need --styles"]),
        (["PHOTO", "PAINTING", "--labels", "PHOTO"], ["--labels need --styles"]),
        (
            ["PHOTO", "--styles", "PAINTING", "--masks", "a", "--labels", "b"],
            ["or --labels, of all"],
        ),
        (["PHOTO", "--styles", "PAINTING", "--masks", "PHOTO"], ["photo.png is coloured"]),
        (["PHOTO", "--styles", "PAINTING", "--labels", "PHOTO"], ["photo.png is coloured"]),
        (["PHOTO", "--styles", "PAINTING", "--masks", "nix.png"], ["no such file: nix.png"]),
        (["PHOTO", "PAINTING", "--alpha-map", "PAINTING"], ["painting.jpg is coloured"]),
        (["PHOTO", "PAINTING", "--color", "sepia"], ["--color", "'sepia'", "luminance"]),
        (["PHOTO"], ["give a content and a style"]),
        (["PHOTO", "PAINTING", "--colour"], ["--colour (see adain-jax stylize --help)"]),
        (["phone.heic", "PAINTING"], ["phone.heic is a HEIC image, which cannot be read"]),
        (["mif1.heic", "PAINTING"], ["mif1.heic is a HEIC image, which cannot be read"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_input_is_one_line(main, photo, painting, tmp_path, monkeypatch, args, parts):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    brands = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"
    (tmp_path / "mif1.heic").write_bytes(brands + bytes(99))
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


def test_bad_input_to_the_process(run, painting):
    result = run("stylize", "nix.jpg", painting, *SMALL, code=2)
    assert_one_error(result.stdout, result.stderr, "nix.jpg")


def test_damaged_images(main, run, photo, painting, tmp_path, rng):
    """One line, whatever Pillow says, and libtiff to the process: a part makes no picture."""
    noise = Image.fromarray(rng.integers(256, size=(256, 256, 3), dtype=np.uint8))
    for name, options in (("a.png", {}), ("a.tif", {"compression": "tiff_adobe_deflate"})):
        noise.save(tmp_path / name, **options)
        data = bytearray((tmp_path / name).read_bytes())
        data[len(data) // 3 : len(data) // 3 + 200] = bytes(200)
        (tmp_path / name).write_bytes(data)
    for args in (["a.png", painting], [photo, "a.png"]):
        printed = main("stylize", *args, *SMALL, "-o", "out.png", code=2)
        assert_one_error(*printed, "a.png is a damaged or truncated image")
    result = run("stylize", "a.tif", painting, *SMALL, "-o", "out.png", code=2)
    assert_one_error(result.stdout, result.stderr, "a.tif is a damaged or truncated image")
    assert not (tmp_path / "out.png").exists()
