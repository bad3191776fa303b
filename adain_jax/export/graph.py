"""Building ONNX graphs node by node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from adain_jax.export.options import Float, kept
from adain_jax.version import __version__

OPSET = 17  # from 2022; the runtimes of browsers and phones support it
_IR = 8  # the version of the file format that belongs to it
_TYPES = {
    "uint8": TensorProto.UINT8,
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
}

Value = str  # the name of a node's output
Side = str | int  # the length of an axis, or the name of a dynamic one


class Graph:
    """A graph under construction.

    Attributes:
        weights: the dtype of the weights in the file, "float32" or "float16".
        compute: the dtype of the feature maps, "float32" or "float16". Statistics, and scales and
            shifts that come from them, are in float32.

    >>> graph = Graph()
    >>> x = graph.input("x", "float32", ["n", 3])
    >>> graph.output("y", graph.node("Add", x, graph.constant(np.float32(1))), "float32", ["n", 3])
    >>> [node.op_type for node in graph.model("example").graph.node]
    ['Add', 'Identity']
    """

    def __init__(self, weights: Float = "float32", compute: Float = "float32") -> None:
        self.weights: Float = weights
        self.compute: Float = compute
        self._nodes: list[NodeProto] = []
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []
        self._arrays: dict[str, TensorProto] = {}
        self._constants: dict[tuple, Value] = {}

    def input(self, name: str, dtype: str, shape: list[Side]) -> Value:
        """Add an input of the graph, and return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[dtype], shape))
        return name

    def output(self, name: str, value: Value, dtype: str, shape: list[Side]) -> None:
        """Make `value` an output of the graph."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, _TYPES[dtype], shape))

    def node(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        """Add an operation with one output, and return the name of the output."""
        return self.nodes(kind, *inputs, count=1, **attributes)[0]

    def nodes(self, kind: str, *inputs: Value, count: int, **attributes: Any) -> list[Value]:
        """Add an operation with `count` outputs, and return their names."""
        name = f"{kind}_{len(self._nodes)}"
        names = [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, name=name, **attributes))
        return names

    def constant(self, array: ArrayLike) -> Value:
        """Add a small array, unless the graph has an equal one, and return its name."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._keep(f"constant_{len(self._constants)}", array)
        return self._constants[key]

    def weight(self, name: str, array: ArrayLike, dtype: str | None = None) -> Value:
        """Add weights, stored in the dtype `weights`, and cast them to `dtype` or to `compute`."""
        value = self._keep(name, kept(name, array, self.weights))
        return self.cast(value, self.weights, dtype or self.compute)

    def cast(self, value: Value, old: str, new: str) -> Value:
        """Cast a value from the dtype `old` to `new`, if they differ."""
        return value if old == new else self.node("Cast", value, to=_TYPES[new])

    def model(self, name: str) -> ModelProto:
        """Return the graph as a `ModelProto`, after ONNX's own checks."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, list(self._arrays.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR,
            producer_name="adain-jax",
            producer_version=__version__,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _keep(self, name: str, array: np.ndarray) -> Value:
        assert name not in self._arrays, name
        self._arrays[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name
