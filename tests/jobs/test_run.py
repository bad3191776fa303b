import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import adain_jax
from adain_jax.files import image
from adain_jax.inference import plan as plans
from adain_jax.inference.recolor import COLORS
from adain_jax.jobs import picture
from adain_jax.jobs import run as batch
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Encoding, Mixture, plan


@pytest.fixture
def folders(tmp_path):
    for name in ("c/a.jpg", "c/b.png", "s/x.png", "s/y.gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(0).integers(256, size=(24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / "c", tmp_path / "s"


def test_run(folders, tmp_path, tiny):
    contents, styles = folders
    jobs = plan([contents], [styles], tmp_path / "out").jobs
    (contents / "a.jpg").write_bytes(b"no image")
    results = list(batch.run(jobs, tiny, sizes=batch.Sizes(style=16)))
    assert [result.job for result in results] == jobs
    assert [result.error is None for result in results] == [False, False, True, True]
    assert "a.jpg is not an image" in str(results[0].error)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["b_stylized_x.png", "b_stylized_y.png"]
    picture = image.load(tmp_path / "out" / written[0])
    expected = adain_jax.stylize(
        image.load(contents / "b.png").rgb,
        tiny.style(image.load(styles / "x.png", size=16).rgb),
        model=tiny,
    )
    np.testing.assert_allclose(picture.rgb, expected, atol=1 / 255)


def test_sizes_alpha_and_transparency(tmp_path, tiny):
    alpha = np.linspace(0, 1, 30 * 20).reshape(30, 20)
    image.save(tmp_path / "a.png", np.full((30, 20, 3), 0.5), alpha)
    image.save(tmp_path / "s.png", np.random.default_rng(0).random((16, 16, 3)))
    jobs = plan([tmp_path / "a.png"], [tmp_path / "s.png"], tmp_path / "out").jobs
    [result] = batch.run(jobs, tiny, Controls(alpha=0.5), sizes=batch.Sizes(content=10, style=0))
    assert result.error is None
    assert result.size == (10, 15)
    made = image.load(result.job.output)
    assert made.rgb.shape == (15, 10, 3)
    assert made.alpha is not None
    assert made.alpha[0, 0] < 0.1
    assert made.alpha[-1, -1] > 0.9


def test_windows_are_told_of(tmp_path, tiny, monkeypatch):
    """When they are asked for, or chosen for a large photograph."""
    rng = np.random.default_rng(0)
    for name, shape in (("a", (120, 170, 3)), ("s", (24, 24, 3))):
        image.save(tmp_path / f"{name}.png", rng.integers(256, size=shape, dtype=np.uint8))
    [job] = plan([tmp_path / "a.png"], [tmp_path / "s.png"], tmp_path / "out.png").jobs

    def by_windows(tile):
        said: list[str] = []
        sizes = batch.Sizes(style=0)
        [result] = batch.run([job], tiny, Controls(tile=tile), sizes=sizes, report=said.append)
        assert result.error is None
        return any("window 2 of" in stage for stage in said)

    assert [by_windows(tile) for tile in (None, 96, 0)] == [False, True, False]
    monkeypatch.setattr(plans, "TILE_ABOVE", 120 * 170 - 1)
    assert [by_windows(tile) for tile in (None, 0)] == [True, False]
    with pytest.raises(ValueError, match="tile is a multiple of 8"):
        by_windows(100)


def test_masks(tmp_path, tiny):
    """A style for each region at its own strength; the photograph where there is none."""
    rng = np.random.default_rng(0)
    photo = rng.integers(256, size=(48, 64, 3), dtype=np.uint8)
    image.save(tmp_path / "a.png", photo)
    mask = np.zeros((24, 32), np.uint8)  # of half the size
    mask[:, :16] = 255
    Image.fromarray(mask).save(tmp_path / "left.png")
    paintings = [rng.integers(256, size=(24, 24, 3), dtype=np.uint8) for _ in "st"]
    for name, painting in zip("st", paintings, strict=True):
        image.save(tmp_path / f"{name}.png", painting)
    paths = [tmp_path / f"{name}.png" for name in "st"]
    styles = adain_jax.Style.stack([tiny.style(painting) for painting in paintings])
    left = np.arange(64)[None] < np.full((48, 1), 32)
    sizes = batch.Sizes(style=0)
    both = Mixture(((paths[0], 0.5), (paths[1], 1.0)))
    [job] = plan([tmp_path / "a.png"], both, tmp_path / "out.png").jobs
    [result] = batch.run([job], tiny, Controls(masks=(tmp_path / "left.png",)), sizes=sizes)
    assert result.error is None
    strengths = np.array([0.5, 1.0], np.float32)
    expected = adain_jax.stylize(
        photo / np.float32(255), styles, alpha=strengths, masks=left[None], model=tiny
    )
    np.testing.assert_allclose(image.load(job.output).rgb, expected, atol=1.1 / 255)
    [job] = plan([tmp_path / "a.png"], Mixture(((paths[0], 1.0),)), tmp_path / "one.png").jobs
    [result] = batch.run([job], tiny, Controls(masks=(tmp_path / "left.png",)), sizes=sizes)
    assert result.error is None
    made = image.load(job.output, as_bytes=True).rgb
    np.testing.assert_array_equal(made[:, 32:], photo[:, 32:])
    assert (made[:, :32] != photo[:, :32]).mean() > 0.9


def test_an_unwritable_folder(folders, tmp_path, tiny):
    contents, styles = folders
    (tmp_path / "file").touch()
    jobs = plan([contents / "a.jpg"], [styles / "x.png"], tmp_path / "file" / "out.png").jobs
    [result] = batch.run(jobs, tiny, sizes=batch.Sizes(style=16))
    assert isinstance(result.error, OSError)


def test_a_style_is_read_once(folders, tmp_path, tiny, monkeypatch):
    read: list[Path] = []
    load = image.load

    def counting_load(path, **options):
        read.append(path)
        return load(path, **options)

    monkeypatch.setattr(image, "load", counting_load)
    contents, styles = folders
    jobs = plan([contents], [styles / "x.png"], tmp_path / "out").jobs
    results = batch.run(jobs, tiny, sizes=batch.Sizes(style=16))
    assert all(result.error is None for result in results)
    assert read.count(styles / "x.png") == 1


@pytest.fixture
def quick(tiny, monkeypatch):
    """Model and jobs of which nothing is computed; what is done instead can be set."""

    def set_up(contents, instead=lambda content: content):
        monkeypatch.setattr(picture, "make", lambda content, *_: instead(content))
        monkeypatch.setattr(picture, "encode", lambda *_: tiny.style(np.zeros((8, 8, 3), np.uint8)))
        return plan(contents, [contents[0].parent / "style.png"], contents[0].parent / "out").jobs

    return set_up


@pytest.fixture
def contents(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for i, path in enumerate(paths):
        image.save(path, np.full((8, 8, 3), i, np.uint8))
    image.save(tmp_path / "style.png", np.zeros((8, 8, 3), np.uint8))
    return paths


def test_reading_and_writing_go_on_beside_computing(contents, quick, tiny, monkeypatch):
    """Each picture waits, while it is computed, for the next to be read and the last be written."""
    load, save = image.load, image.save
    read = {path: threading.Event() for path in contents}
    computing = [threading.Event() for _ in contents]
    written = [threading.Event() for _ in contents]

    def noted_load(path, **options):
        loaded = load(path, **options)
        if path in read:
            read[path].set()
        return loaded

    def late_save(path, rgb, *args, **options):
        i = int(rgb[0, 0, 0])
        if i + 1 < len(contents):
            assert computing[i + 1].wait(60)
        save(path, rgb, *args, **options)
        written[i].set()

    def compute(content):
        i = int(content[0, 0, 0])
        computing[i].set()
        if i + 1 < len(contents):
            assert read[contents[i + 1]].wait(60)
        if i:
            assert written[i - 1].wait(60)
        if i + 2 < len(contents):  # but not all are in memory
            assert not read[contents[i + 2]].is_set()
        return content

    monkeypatch.setattr(image, "load", noted_load)
    monkeypatch.setattr(image, "save", late_save)
    jobs = quick(contents, compute)
    results = list(batch.run(jobs, tiny))
    assert [result.job for result in results] == jobs
    assert all(result.error is None for result in results)


def test_what_fails_in_a_thread_stops_no_other(contents, quick, tiny, monkeypatch):
    save = image.save

    def full(path, *args, **options):
        if path.name.startswith(("1", "5")):
            raise OSError("disk full")
        if path.name.startswith("2"):
            raise MemoryError
        save(path, *args, **options)

    monkeypatch.setattr(image, "save", full)
    contents[3].write_bytes(b"")
    errors = [str(result.error) for result in batch.run(quick(contents), tiny)]
    assert [errors[i] for i in (0, 1, 4, 5)] == ["None", "disk full", "None", "disk full"]
    assert "too large for the memory" in errors[2]
    assert "3.png is empty" in errors[3]


def test_a_content_is_read_once_for_its_styles_and_not_for_bad_ones(
    contents, quick, tiny, monkeypatch
):
    read = []
    load = image.load
    monkeypatch.setattr(image, "load", lambda path, **kw: (read.append(path), load(path, **kw))[1])
    quick(contents)
    folder = contents[0].parent
    both = plan(contents[:2], [folder / "style.png", contents[5]], folder / "out").jobs
    assert all(result.error is None for result in batch.run(both, tiny))
    assert [read.count(path) for path in contents[:2]] == [1, 1]
    read.clear()
    bad = plan(contents, [folder / "nix.png"], folder / "out").jobs
    assert all("nix.png" in str(result.error) for result in batch.run(bad, tiny))
    assert len([path for path in read if path in contents]) <= 2  # read ahead


def stop_after(count):
    """Computes so many pictures, and then is interrupted."""
    seen = []

    def compute(content):
        seen.append(content)
        if len(seen) > count:
            raise KeyboardInterrupt
        return content

    return compute


def test_an_interruption_leaves_whole_pictures_and_tells_of_all(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents, stop_after(3)), tiny)
    told = []
    with pytest.raises(KeyboardInterrupt):
        iter_into(told, results)
    assert [result.job.content for result in told] == contents[:3]
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]
    for result in told:
        image.load(result.job.output)


def iter_into(told, results):
    for result in results:
        told.append(result)


def test_an_interruption_of_the_one_who_is_told(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents), tiny)
    told = [next(results)]

    def interrupt():
        told.append(results.throw(KeyboardInterrupt()))
        iter_into(told, results)

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]
    assert len(told) < len(contents)


def test_an_interruption_does_not_wait_for_the_computation(contents, quick, tiny, tmp_path):
    done, main = threading.Event(), threading.get_ident()

    def compute(content):
        if content[0, 0, 0] == 2:
            signal.pthread_kill(main, signal.SIGINT)
            assert done.wait(60)
        return content

    told = []
    with pytest.raises(KeyboardInterrupt):
        iter_into(told, batch.run(quick(contents, compute), tiny))
    assert not done.is_set()
    done.set()
    assert [result.job.content for result in told] == contents[:2]
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]


def test_closing_waits_for_what_is_written(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents), tiny)
    next(results)
    results.close()
    made = sorted((tmp_path / "out").iterdir())
    assert 1 <= len(made) < len(contents)
    for path in made:
        image.load(path)


def test_what_is_kept_of_a_photograph(tmp_path, quick, tiny):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    image.save(tmp_path / "style.png", np.zeros((8, 8, 3), np.uint8))
    jobs = quick([tmp_path / "a.jpg"])
    for strip in (False, True):
        [result] = batch.run(jobs, tiny, encoding=Encoding(strip=strip))
        assert result.size == (6, 8)
        made = image.load(result.job.output)
        assert made.rgb.shape == (8, 6, 3)
        assert made.has_profile is not strip
        assert (made.exif or {}).get(0x010F) == (None if strip else "maker")


def test_16_bits_are_those_of_the_floats(contents, quick, tiny):
    """And not bytes made wide."""
    ramp = np.linspace(0, 1, 8 * 8 * 3, dtype=np.float32).reshape(8, 8, 3)
    kinds = []

    def compute(content):
        kinds.append(content.dtype)
        return ramp

    quick(contents, compute)
    folder = contents[0].parent
    jobs = plan(contents[:1], [folder / "style.png"], folder / "deep.tif").jobs
    [result] = batch.run(jobs, tiny, encoding=Encoding(depth=16))
    assert result.error is None
    assert kinds == [np.float32]
    np.testing.assert_array_equal(tifffile.imread(folder / "deep.tif"), np.round(ramp * 65535))


@pytest.mark.slow
@pytest.mark.parametrize("color", COLORS[1:])
def test_colors(folders, tmp_path, tiny, color):
    """As `stylize` has them, of each content its own, and with no program for each size."""
    contents, styles = folders
    Image.fromarray(np.full((25, 40, 3), (200, 90, 20), np.uint8)).save(contents / "b.png")
    jobs = plan([contents], [styles / "x.png"], tmp_path / "out").jobs
    assert all(x.error is None for x in batch.run(jobs, tiny, Controls(color=color)))
    painting = image.load(styles / "x.png", size=512).rgb
    for job in jobs:
        content = image.load(job.content).rgb
        expected = adain_jax.stylize(content, painting, color=color, model=tiny)
        # A JPEG is as near as its quantisation.
        atol = 0.02 if job.output.suffix == ".png" else 0.1
        np.testing.assert_allclose(image.load(job.output).rgb, expected, atol=atol)


def test_a_style_without_an_image_cannot_be_recolored(folders, tmp_path, tiny):
    contents, styles = folders
    tiny.style(image.load(styles / "x.png").rgb).save(tmp_path / "x.safetensors")
    jobs = plan([contents], [tmp_path / "x.safetensors"], tmp_path / "out").jobs
    errors = [x.error for x in batch.run(jobs, tiny, Controls(color="coral"))]
    assert len(errors) == 2
    for error in errors:
        assert "x.safetensors is a style without an image" in str(error)
    assert all(x.error is None for x in batch.run(jobs, tiny, Controls(color="luminance")))
