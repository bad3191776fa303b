import io
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from adain_jax.training.sources import Cache, Images
from tests.conftest import ROOT
from tests.tfds_pictures import PREPARE


def test_a_folder(folders):
    images = Images(str(folders / "content"), 24)
    assert images.names == ["1.png", "2.png", "3.png", "4.png", "5.png", "sub/0.png"]
    assert all(min(images[i].shape[:2]) == 24 for i in range(6))
    assert images[0].dtype == np.uint8
    assert images[0] is images[0]  # decoded once


def test_several_folders(folders):
    assert len(Images(f"{folders / 'content'}, {folders / 'style'}", 20)) == 11


def test_what_cannot_be_used_is_stepped_over(folders, tmp_path):
    for name in ("1.png", "2.png"):
        shutil.copy(folders / "content" / name, tmp_path / name)
    (tmp_path / "1b.png").write_bytes((tmp_path / "1.png").read_bytes()[:99])
    (tmp_path / "1c.jpg").write_text("no picture")
    Image.new("RGB", (3, 200)).save(tmp_path / "1d.png")
    images = Images(str(tmp_path), 20)
    assert len(images) == 5
    for index in (1, 2, 3):  # 1b, 1c and 1d
        np.testing.assert_array_equal(images[index], images[4])  # the next one: 2.png
    assert set(images.skipped) == {"1b.png", "1c.jpg", "1d.png"}
    assert "truncated" in images.skipped["1b.png"]
    assert "not an image" in images.skipped["1c.jpg"]
    assert images.skipped["1d.png"] == "1d.png is too small: 3 pixels, to be scaled to 20"


def test_lists_share_a_cache(folders):
    """And keep no more than fits into it, together."""
    size = Images(str(folders / "content"), 20)[0].nbytes
    cache = Cache(2 * size)
    lists = [Images(str(folders / "content"), 20, cache=cache) for _ in range(2)]
    kept = [images[i] is images[i] for images in lists for i in range(6)]
    assert kept == [True] + [False] * 5 + [True] + [False] * 5  # the first was looked at, at once
    assert not any(x[0] is x[0] for x in [Images(str(folders / "content"), 20, cache=Cache(0))])


def test_one_broken_image_does_not_stand_for_others_of_its_name(folders, tmp_path):
    (tmp_path / "1.png").write_text("no picture")
    images = Images(f"{tmp_path}, {folders / 'content'}", 20)
    np.testing.assert_array_equal(images[0], images[1])
    assert images.names[:2] == ["1.png", "1.png"]
    assert list(images.skipped) == ["1.png"]


def test_the_skipped_are_told_while_threads_find_more(tmp_path):
    for i in range(300):
        (tmp_path / f"{i:03}.png").write_text("no picture")
    Image.new("RGB", (20, 20)).save(tmp_path / "000.png")
    images = Images(str(tmp_path), 20)

    def load(first):
        for index in range(first, 300, 4):
            images[index]

    threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert all(map(str, images.skipped.values()))
    finally:
        sys.setswitchinterval(interval)
    assert len(images.skipped) == 299


def test_nothing_of_use(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        Images(str(tmp_path / "nix"), 20)
    with pytest.raises(FileNotFoundError, match="no image in"):
        Images(str(tmp_path), 20)
    Image.new("RGB", (30, 40)).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"no image in .* can be used: small\.png is too small"):
        Images(str(tmp_path), 512)


def test_one_image_of_use_among_many(tmp_path):
    for i in range(30):
        Image.new("RGB", (30, 40)).save(tmp_path / f"{i:02}.png")
    Image.new("RGB", (512, 520)).save(tmp_path / "01.png")  # it is not among the first eight tried
    assert Images(str(tmp_path), 512)[0].shape == (520, 512, 3)


def test_images_are_held_out_by_name(folders):
    def names(part, places):
        return set(Images(places, 20, part=part, validation_fraction=0.3).names)

    content = str(folders / "content")
    held_out, rest = names("validation", content), names("training", content)
    assert held_out
    assert not held_out & rest
    assert len(held_out | rest) == 6
    both = f"{content},{folders / 'style'}"
    assert held_out <= names("validation", both)
    with pytest.raises(ValueError, match=r"of the 6 images in .* leaves none for validation"):
        Images(content, 20, part="validation", validation_fraction=1e-4)


def test_names_that_are_not_utf8_are_held_out_too(folders, tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    shutil.copy(folders / "content/1.png", tmp_path / name)
    assert Images(str(tmp_path), 20, part="training", validation_fraction=1e-4).names == [name]


@pytest.mark.parametrize("places", ["{},", ",{}", "{},,{}", ""])
def test_a_place_without_a_name(folders, places, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 20)).save("here.png")
    with pytest.raises(ValueError, match="has no name: leave its comma out"):
        Images(places.format(*[folders / "content"] * 2), 20)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory, folders):
    """A dataset of the photographs, prepared by TensorFlow Datasets."""
    folder = tmp_path_factory.mktemp("tfds")
    (folder / "prepare.py").write_text(PREPARE)
    result = subprocess.run(
        [sys.executable, str(folder / "prepare.py"), str(folder), str(folders / "content")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return result.stdout.splitlines()[-1]


def test_a_dataset(dataset, folders):
    images = Images(f"tfds:{dataset}:train", 20)
    assert len(images) == 5
    assert images.names[0] == "pictures/1.0.0/train#0"
    folder = Images(str(folders / "content"), 20)
    ours = sorted(images[i].tobytes() for i in range(5))
    assert ours == sorted(folder[i].tobytes() for i in range(5))  # all but the subfolder's
    both = Images(f"tfds:{dataset}:train[:2], {folders / 'style'}", 20)
    assert len(both) == 7


def test_a_dataset_needs_no_tensorflow(dataset):
    code = f"""
import sys
from adain_jax.training.sources import Cache, Images
print(Images("tfds:{dataset}:train", 20)[0].shape, "tensorflow" in sys.modules)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.endswith("3) False\n")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("tfds:nix", "given as tfds:NAME:SPLIT"),
        ("tfds:nix:train", "cannot read the dataset tfds:nix:train: .*nix"),
        ("tfds:{dataset}:test", "Unknown split 'test'"),
    ],
)
def test_datasets_that_are_none(place, message, dataset):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        Images(place.format(dataset=dataset), 20)


def test_a_dataset_without_images(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="cannot read the dataset"):
        Images(f"tfds:{tmp_path / 'empty'}:train", 20)


def test_bytes_are_decoded_as_files_are(tmp_path):
    """A picture that EXIF turns, from memory and from a file."""
    from adain_jax.files import image

    picture = Image.new("RGB", (8, 4), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif)
    (tmp_path / "turned.jpg").write_bytes(stream.getvalue())
    decoded = image.decode(stream.getvalue(), "turned.jpg").rgb
    assert decoded.shape == (8, 4, 3)
    np.testing.assert_array_equal(decoded, image.load(tmp_path / "turned.jpg").rgb)


@pytest.mark.parametrize("damage", ["zeroed", "thin"])
def test_damaged_and_thin_ones_are_skipped(tmp_path, damage):
    """Also a PNG of which a part decodes."""
    noise = np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    data = bytearray((tmp_path / "whole.png").read_bytes())
    data[len(data) // 3 : len(data) // 3 + 200] = bytes(200)
    (tmp_path / "zeroed.png").write_bytes(data)
    Image.new("RGB", (50_000, 50)).save(tmp_path / "thin.png")
    images = Images(str(tmp_path), 160)
    index = images.names.index(f"{damage}.png")
    assert images[index].shape == (160, 160, 3)
    assert (damage == "thin") == ("too thin to be" in images.skipped[f"{damage}.png"])
