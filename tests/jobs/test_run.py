from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import adain_jax
from adain_jax.files import image
from adain_jax.inference import plan as plans
from adain_jax.inference.recolor import COLORS
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


def test_what_its_format_cannot_hold_is_not_computed(quick, contents, tiny):
    image.save(contents[0], np.zeros((8, 16_384, 3), np.uint8))
    quick(contents, lambda content: pytest.fail("it was computed"))
    folder = contents[0].parent
    jobs = plan(contents[:1], [folder / "style.png"], folder / "out.webp").jobs
    [result] = batch.run(jobs, tiny)
    assert "out.webp: 16384 x 8 pixels, but a side has at most 16383 in WEBP" in str(result.error)
    assert not (folder / "out.webp").exists()


@pytest.mark.slow
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
