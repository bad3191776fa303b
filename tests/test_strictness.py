"""The package under JAX's stricter modes, which users set for their whole process.

Strict promotion of dtypes and of ranks is set for all tests, in conftest.py.
"""

from contextlib import ExitStack

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adain_jax
from adain_jax import Bucketed, Style, Tiled, Whole
from adain_jax.files import image
from adain_jax.jobs import grid
from adain_jax.jobs import run as running
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import plan
from tests.tiny import tiny_fast, tiny_model

MODES = {
    "no NaN, no transfer unasked": lambda: [jax.debug_nans(True), jax.transfer_guard("disallow")],
    "64 bits": lambda: [jax.enable_x64(True)],
}
H, W = 45, 90
RNG = np.random.default_rng(0)
PHOTO, PAINTING, OTHER = (RNG.integers(256, size=(H, W, 3), dtype=np.uint8) for _ in range(3))
KEY = jax.random.key(0)
LEFT = np.arange(W)[None] < np.full((H, 1), 40)
RAMP = np.tile(np.linspace(0, 1, W, dtype=np.float32), (H, 1))
CONTROLS = (
    {"style": PAINTING, "alpha": 0.5},
    {"style": [PAINTING, OTHER], "weights": [1, 3], "alpha": RAMP},
    {"style": [PAINTING, OTHER], "masks": LEFT[None], "alpha": [0.4, 1]},
    {"style": [PAINTING, OTHER], "masks": np.where(LEFT, 1, 2), "color": "luminance"},
    {"style": [OTHER], "masks": RAMP[None], "color": "coral"},
    {"style": PAINTING, "color": "histogram", "alpha": 1.5, "extrapolate": True},
)


@pytest.fixture(params=MODES)
def mode(request):
    with ExitStack() as stack:
        for part in MODES[request.param]():
            stack.enter_context(part)
        yield request.param


@pytest.fixture(
    scope="module",
    params=[(tiny_model, 96), (tiny_fast, 168)],
)
def model_and_tile(request):
    """A model, made before any mode is set, and a tile that it can be cut into."""
    make, tile = request.param
    return make(), tile


@pytest.mark.slow
def test_pictures(mode, model_and_tile):
    model, tile = model_and_tile
    for options in CONTROLS:
        for way in (Whole(), Bucketed(), Tiled(tile)):
            picture = adain_jax.stylize(PHOTO, model=model, plan=way, **options)
            assert picture.dtype == np.uint8
            assert np.asarray(picture).std() > 1
        pictures = adain_jax.stylize_many(
            [PHOTO, PHOTO[:, :80]]
            if "masks" not in options and options["alpha"] is not RAMP
            else [PHOTO],
            model=model,
            batch_size=2,
            **options,
        )
        assert all(picture.dtype == np.uint8 for picture in pictures)


def test_floats_keep_their_dtype(mode, tiny):
    for dtype in (np.float32, np.float16):
        photo = (PHOTO / np.float32(255)).astype(dtype)
        picture = adain_jax.stylize(photo, PAINTING, model=tiny)
        assert picture.dtype == dtype
    prepared = tiny.prepare(dtype=jnp.bfloat16)
    assert adain_jax.stylize(PHOTO, PAINTING, model=prepared).dtype == np.uint8


def test_styles(mode, tiny, tmp_path):
    styles = [adain_jax.encode_style(x, model=tiny) for x in (PAINTING, OTHER)]
    mixed = Style.mix(styles, [1, 2])
    assert mixed.mean.dtype == mixed.std.dtype == np.float32
    mixed.save(tmp_path / "a.safetensors")
    again = Style.load(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(np.asarray(again.mean), np.asarray(mixed.mean))
    assert Style.stack(styles).mean.shape == (2, 963)


def test_gradients_and_augmentation(mode, tiny):
    contents = jax.device_put(np.stack([PHOTO, PHOTO])[:, :16, :24] / np.float32(255))
    strength, key = jax.device_put(np.float32(0.5)), jax.device_put(jax.random.key_data(KEY))
    bank = tiny.style(contents)

    @jax.jit
    def both(model, bank, contents, strength, key):
        def brightness(contents, strength):
            pictures = adain_jax.stylize(contents, bank, alpha=strength, model=model)
            return pictures.mean()

        augmented = adain_jax.random_style(
            jax.random.wrap_key_data(key), contents, bank, model=model
        )
        return augmented, jax.grad(brightness, (0, 1))(contents, strength)

    augmented, gradients = both(tiny, bank, contents, strength, key)
    assert augmented.shape == contents.shape
    for gradient in gradients:
        assert gradient.dtype == np.float32
        assert np.isfinite(np.asarray(gradient)).all()


def test_files(mode, tiny, tmp_path):
    image.save(tmp_path / "photo.png", PHOTO)
    image.save(tmp_path / "style.png", PAINTING)
    paths = [tmp_path / "photo.png"], [tmp_path / "style.png"], tmp_path / "out.png"
    for controls in (Controls(), Controls(tile=96, color="luminance"), Controls(color="coral")):
        [result] = running.run(plan(*paths).jobs, tiny, controls, sizes=running.Sizes(style=32))
        assert result.error is None
    made = grid.write(paths[0][0], paths[1], tmp_path / "grid.png", tiny, steps=2, size=24)
    assert sum(1 for _ in made) == 2
