import numpy as np
import pytest

from adain_jax.evaluation.spectrum import PERIODS, peaks


@pytest.fixture
def clouds(rng):
    """Noise whose power falls with the frequency, as that of photographs does."""
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(192), np.fft.fftfreq(256), indexing="ij"))
    spectrum = np.fft.fft2(rng.normal(size=(192, 256))) / (frequencies + 0.01)
    waves = np.fft.ifft2(spectrum).real
    return np.repeat((0.5 + 0.1 * waves / waves.std())[..., None], 3, -1)


def test_irregular_pictures_have_none(clouds):
    assert np.abs(np.log(peaks(clouds))).max() < np.log(2.5)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mesh_shows_at_its_period_alone(clouds, period, axis):
    wave = 0.08 * np.cos(2 * np.pi * np.arange(clouds.shape[axis]) / period)
    meshed = clouds + (wave[:, None, None] if axis == 0 else wave[None, :, None])
    quotients = dict(zip(PERIODS, np.divide(peaks(meshed), peaks(clouds)), strict=True))
    assert quotients.pop(period) > 2
    assert max(quotients.values()) < 1.2


def test_what_no_file_can_hold_is_none():
    weak = np.full((64, 64, 3), 0.5) + 5e-5 * (np.arange(64) % 2)[:, None]
    assert max(peaks(weak)) < 1.1
    assert peaks(np.zeros((64, 64, 3))) == pytest.approx((1, 1, 1))
