"""What can go wrong with an export."""

import jax
import numpy as np
import pytest

from adain_jax.export import Options, export
from adain_jax.export.comparison import largest_difference
from tests.tiny import tiny_model


def test_models_that_cannot_be_exported(tiny, tmp_path):
    for model, to, words in (
        (tiny.prepare(), "onnx", "a prepared model cannot be exported"),
        (tiny_model("concatenation"), "onnx", "tiny_concatenation cannot be exported"),
        (tiny_model("instance"), "onnx", "take StableHLO"),
        (type(tiny).create("tiny", tiny.params["encoder"]), "stablehlo", "without a decoder"),
    ):
        with pytest.raises(ValueError, match=words):
            export(model, tmp_path / "out", to=to)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_what_there_is_not(tiny, tmp_path):
    with pytest.raises(ValueError, match="to is onnx or stablehlo, not 'tflite'"):
        export(tiny, tmp_path, to="tflite")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="dtype is float32 or float16, not 'int4'"):
        export(tiny, tmp_path, options=Options("int4"))  # type: ignore[arg-type]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file is not a folder"):
        export(tiny, tmp_path / "file")


def test_nothing_is_written_unless_the_pictures_agree(tiny, tmp_path, monkeypatch):
    from adain_jax.export import onnx_graphs

    right = onnx_graphs.stylize_graph
    wrong = {**tiny.params, "decoder": {**tiny.params["decoder"]}}
    wrong["decoder"]["conv1_1"] = {
        "kernel": wrong["decoder"]["conv1_1"]["kernel"],
        "bias": wrong["decoder"]["conv1_1"]["bias"] + 0.1,
    }
    other = type(tiny)(wrong, tiny.architecture, tiny.fingerprint)
    monkeypatch.setattr(onnx_graphs, "stylize_graph", lambda _, *rest: right(other, *rest))
    with pytest.raises(ValueError, match="differ from the model's by up to"):
        export(tiny, tmp_path / "out", options=Options("float32", images="float32"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["onnx", "stablehlo"])
def test_weights_that_a_dtype_has_not(tiny, to, tmp_path):
    decoder = jax.tree.map(lambda x: 1e6 * x, tiny.params["decoder"])
    large = type(tiny).create("tiny", tiny.params["encoder"], decoder)
    with pytest.raises(ValueError, match=r"decoder\.\S+ has values that float16 has not"):
        export(large, tmp_path, to=to)
    assert not list(tmp_path.iterdir())


def test_no_number_is_no_agreement(tiny):
    stats = np.zeros((1, 963), np.float32)
    with pytest.raises(ValueError, match=r"by up to nan levels of 255, more than 1$"):
        largest_difference(
            tiny,
            Options("float32", images="float32"),
            lambda image: (stats, stats),
            lambda image, *_: np.full_like(image, np.nan),
        )
