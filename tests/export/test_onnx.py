"""ONNX's graphs, in its own runtime, against the models that they were made of."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

import adain_jax
from adain_jax import Style
from adain_jax.export import Options, export, onnx_graphs
from adain_jax.version import __version__
from tests.tiny import tiny_fast, tiny_film, tiny_model

# Of one bucket in JAX; a side of one pixel, maps of one cell, sides that fill their cells.
SIDES = ((1, 1), (3, 21), (8, 9), (16, 64), (41, 50))
MAKERS = {"plain": tiny_model, "film": tiny_film, "fast": tiny_fast}


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(folder, photos, paintings, strength):
    """Pictures by both graphs."""
    mean, std = session(folder / "style.onnx").run(None, {"image": paintings})
    strength = np.array(strength, np.float32)
    inputs = {"image": photos, "mean": mean, "std": std, "strength": strength}
    return np.asarray(session(folder / "stylize.onnx").run(None, inputs)[0])


def images(rng, *shape):
    return rng.integers(256, size=(*shape, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=MAKERS)
def exported(request, tmp_path_factory):
    """A model, and the folder that it was exported to in full precision."""
    model, folder = MAKERS[request.param](), tmp_path_factory.mktemp(request.param)
    export(model, folder, options=Options(dtype="float32", images="float32"))
    return model, folder


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_any_size(exported, sides, rng):
    model, folder = exported
    photo, painting = (rng.random((*sides, 3), dtype=np.float32) for _ in range(2))
    ours = run(folder, photo[None], painting[None], [0.7])[0]
    theirs = adain_jax.stylize(photo, painting, alpha=0.7, model=model)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_in_two(exported, sides, rng):
    """What the page has: a content's maps once, and pictures of these."""
    model, folder = exported
    options = Options(dtype="float32", images="float32")
    content, picture = (
        onnxruntime.InferenceSession(
            graph(model, options).SerializeToString(), providers=["CPUExecutionProvider"]
        )
        for graph in (onnx_graphs.content_graph, onnx_graphs.picture_graph)
    )
    photo, painting = (rng.random((1, *sides, 3), dtype=np.float32) for _ in range(2))
    maps = content.run(None, {"image": photo})
    given = dict(zip((x.name for x in content.get_outputs()), maps, strict=True))
    assert given.keys() | {"mean", "std", "strength"} == {x.name for x in picture.get_inputs()}
    mean, std = session(folder / "style.onnx").run(None, {"image": painting})
    for strength in (1.0, 0.3):
        asked = {"mean": mean, "std": std, "strength": np.array([strength], np.float32)}
        ours = np.asarray(picture.run(None, {**given, **asked})[0])[:, : sides[0], : sides[1]]
        [whole] = session(folder / "stylize.onnx").run(None, {"image": photo, **asked})
        np.testing.assert_allclose(ours, np.asarray(whole), atol=1e-5)


def test_batches_and_strengths(exported, rng):
    """One image and several styles, several images and one style, each its own strength."""
    model, folder = exported
    photos, paintings = (rng.random((2, 24, 32, 3), dtype=np.float32) for _ in range(2))
    styles = model.style(paintings)
    for contents, chosen, strengths in (
        (photos, slice(0, 2), [1, 0.3]),
        (photos, slice(0, 1), [0.5]),
        (photos[:1], slice(0, 2), [0.5]),
        (photos[:1], slice(0, 1), [0, 1]),
    ):
        ours = run(folder, contents, paintings[chosen], strengths)
        for i in range(2):
            style = Style(*(x[i % len(paintings[chosen])] for x in (styles.mean, styles.std)))
            theirs = adain_jax.stylize(
                contents[i % len(contents)],
                Style(style.mean, style.std, model.fingerprint),
                alpha=strengths[i % len(strengths)],
                model=model,
            )
            np.testing.assert_allclose(ours[i], theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "compute"),
    [
        ("float32", "float32"),
        ("float16", "float16"),
        pytest.param("float16", "float32", marks=pytest.mark.slow),
        pytest.param("float32", "float16", marks=pytest.mark.slow),
    ],
)
def test_bytes_and_half_precision(dtype, compute, tmp_path, rng):
    model = tiny_fast()
    made = export(model, tmp_path, options=Options(dtype, compute))
    assert made.difference <= (1 if dtype == compute == "float32" else 8)
    photo, painting = images(rng, 37, 48), images(rng, 24, 40)
    ours = run(tmp_path, photo[None], painting[None], [1])[0]
    assert ours.dtype == np.uint8
    theirs = np.asarray(adain_jax.stylize(photo, painting, model=model)).astype(int)
    assert np.abs(ours - theirs).mean() < (0.1 if compute == "float32" else 1)


def test_the_model_that_ships(tmp_path, rng):
    model = adain_jax.load("fast")
    made = export(model, tmp_path, about={"licence": "MIT"})
    assert made.difference <= 1
    sizes = [path.stat().st_size for path in made.files]
    assert sum(sizes) < 9.9e6  # half of what float32 takes
    told = json.loads((tmp_path / "onnx.json").read_text())
    assert told["fingerprint"] == model.fingerprint
    assert told["version"] == __version__
    for path in made.files[:2]:
        kept = onnx.load(path)
        assert {x.key: x.value for x in kept.metadata_props} == told
        assert [(x.domain, x.version) for x in kept.opset_import] == [("", int(told["opset"]))]
    assert told["licence"] == "MIT"
    assert "of 255 levels" in told["largest_difference"]
