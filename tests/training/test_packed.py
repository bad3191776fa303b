import subprocess
import sys

import jax
import numpy as np
import pytest
from PIL import Image

from adain_jax.training import packed as module
from adain_jax.training.packed import crop, free_memory, load, pack
from adain_jax.training.sources import Images


@pytest.fixture(scope="module")
def arrays():
    """Of many sizes, and each pixel different."""
    rng = np.random.default_rng(0)
    sizes = [(9, 30), (16, 9), (9, 9), (50, 9), (9, 21), (12, 9)]
    return [rng.integers(256, size=(*size, 3), dtype=np.uint8) for size in sizes]


@pytest.fixture(scope="module")
def packed(arrays):
    return pack(list(arrays), np.arange(10, 16), np.ones(6))


def crops(packed, count, size=8, **options):
    keys = jax.random.split(jax.random.key(0), count)
    squares, numbers = jax.jit(
        jax.vmap(lambda key, packed: crop(packed, key, size, **options), in_axes=(0, None))
    )(keys, packed)
    return np.asarray(squares), np.asarray(numbers)


def is_part(square, whole):
    windows = np.lib.stride_tricks.sliding_window_view(whole, square.shape)
    return (windows == square).all((-3, -2, -1)).any()


def test_at_least_half_is_used(arrays, packed):
    assert packed.data.shape[1] == max(x.size for x in arrays)
    assert packed.data.size < 2 * sum(x.size for x in arrays)


def test_crops_are_parts_of_the_images_with_their_numbers(arrays, packed):
    squares, numbers = crops(packed, 60, flip=False)
    assert set(numbers) == set(range(10, 16))
    for square, number in zip(squares, numbers, strict=True):
        assert is_part(square, arrays[number - 10])
    assert len({square.tobytes() for square in squares}) > 30


def test_crops_as_large_as_the_image(arrays, packed):
    squares, numbers = crops(packed, 60, size=9, flip=False)
    (whole,) = {square.tobytes() for square in squares[numbers == 12]}
    assert whole == arrays[2].tobytes()


def test_mirrored_half_of_the_time(arrays, packed):
    squares, numbers = crops(packed, 200, flip=True)
    plain = [is_part(x, arrays[n - 10]) for x, n in zip(squares, numbers, strict=True)]
    mirrored = [is_part(x[:, ::-1], arrays[n - 10]) for x, n in zip(squares, numbers, strict=True)]
    assert np.logical_or(plain, mirrored).all()
    assert 70 < sum(mirrored) < 130


def test_weights(arrays):
    packed = pack(arrays[:3], np.arange(3), np.array([1.0, 0.0, 3.0]))
    _, numbers = crops(packed, 400, flip=False)
    assert (numbers == 1).sum() == 0
    assert (numbers == 2).sum() == pytest.approx(300, abs=40)


def test_loading(folders):
    images = Images(str(folders / "content"), 20)
    weights = np.array([1, 1, 0, 1, 1, 2.0])
    packed = load(images, weights, 1e9, "contents")
    assert packed is not None
    assert packed.number.tolist() == [0, 1, 3, 4, 5]
    for i, number in enumerate(packed.number):
        height, width = packed.height[i], packed.width[i]
        begin = packed.offset[i]
        stored = packed.data[packed.row[i], begin : begin + 3 * height * width]
        np.testing.assert_array_equal(stored.reshape(height, width, 3), images[number])


def test_what_does_not_fit_is_not_loaded(folders, monkeypatch):
    images = Images(str(folders / "content"), 20)
    needed = sum(images[i].nbytes for i in range(6))
    assert load(images, np.ones(6), needed, "contents") is not None
    assert load(images, np.ones(6), needed - 1, "contents") is None
    monkeypatch.setattr(Images, "decoded", None)  # so many squares are too much, whatever they are
    assert load(images, np.ones(6), 6 * 20 * 20 * 3 - 1, "contents") is None


@pytest.mark.parametrize("hosts", [2, 4, 7])
def test_hosts_have_equal_shares(folders, monkeypatch, hosts):
    """And all images between them."""
    images = Images(str(folders / "content"), 20)
    shares = []
    for host in range(hosts):
        monkeypatch.setattr(module.jax, "process_count", lambda: hosts)
        monkeypatch.setattr(module.jax, "process_index", lambda host=host: host)
        monkeypatch.setattr(module, "largest_over_hosts", lambda number: number)
        packed = load(images, np.ones(6), 1e9, "contents")
        assert packed is not None
        shares.append(packed.number.tolist())
    assert len({len(share) for share in shares}) == 1
    assert {number for share in shares for number in share} == set(range(6))


def test_a_broken_image_is_noted_and_another_stands_for_it(folders, tmp_path):
    (tmp_path / "0.png").write_text("no picture")
    images = Images(f"{tmp_path},{folders / 'content'}", 20)
    packed = load(images, np.ones(7), 1e9, "contents")
    assert packed is not None
    assert list(images.skipped) == ["0.png"]
    assert (packed.height[0], packed.width[0]) == images[1].shape[:2]
    assert packed.number.tolist() == [1, 1, 2, 3, 4, 5, 6]  # it is the other one that is told


def test_an_image_that_is_left_out_stands_for_none(folders, tmp_path):
    (tmp_path / "0.png").write_text("no picture")
    images = Images(f"{tmp_path},{folders / 'content'}", 20)
    weights = np.array([1.0, 0, 0, 1, 0, 0, 0])
    packed = load(images, weights, 1e9, "contents")
    assert packed is not None
    assert packed.number.tolist() == [3, 3]


RESIDENT = """
import resource, sys
import jax
from adain_jax.runtime.memory import keep_freed_memory
from adain_jax.training.config import TrainConfig
from adain_jax.training.devices import Placement
from adain_jax.training.sources import Cache, Images
from adain_jax.training.supply import Supplies
keep_freed_memory()
config = TrainConfig(content=sys.argv[1], style=sys.argv[1], device_share=0.9)
images = {kind: Images(sys.argv[1], 1024, cache=Cache(0)) for kind in ("content", "style")}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
supplies = Supplies(config, images, Placement(jax.devices()[:1]))
assert supplies.resident
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_images_are_in_memory_once(tmp_path):
    """And for a moment those of one kind twice, while they are handed over."""
    for i in range(30):
        Image.fromarray(np.full((1024, 1024, 3), i, np.uint8)).save(tmp_path / f"{i}.bmp")
    size = 2 * 30 * 1024 * 1024 * 3
    command = [sys.executable, "-c", RESIDENT, str(tmp_path)]
    kibibytes = int(subprocess.check_output(command, stderr=subprocess.DEVNULL))
    assert kibibytes * 1024 < 1.75 * size


class _Device:
    def __init__(self, platform="gpu", **stats):
        self.platform = platform
        self.memory_stats = lambda: stats or None


def test_free_memory(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 100)
    assert free_memory([_Device("cpu"), _Device("cpu")]) == 50  # type: ignore[list-item]
    assert free_memory([_Device()]) == 0  # type: ignore[list-item]
    devices = [_Device(bytes_limit=90, bytes_in_use=x) for x in (20, 40)]
    assert free_memory(devices) == 50  # type: ignore[arg-type]
    monkeypatch.setattr(module, "available_memory", lambda: 30)
    assert free_memory(devices) == 30  # type: ignore[arg-type]
