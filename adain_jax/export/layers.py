"""The layers of `adain_jax.networks` as ONNX nodes, on feature maps (N, C, h, w)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adain_jax.export.graph import Graph, Value
from adain_jax.model.transfer import STRIDE
from adain_jax.networks.film import LEAST
from adain_jax.networks.params import Params
from adain_jax.ops.convolution import Upsampling
from adain_jax.ops.statistics import EPS

_AROUND = np.array([0, 0, 1, 1, 0, 0, 1, 1])  # padding of 1 on each side of a map


class Map(NamedTuple):
    """A feature map.

    Attributes:
        value: the name of the value, (N, C, h, w).
        stride: the side of one of its cells, in pixels of the image.
    """

    value: Value
    stride: int


class Stats(NamedTuple):
    """The channel means and standard deviations of a map, each (N, C) float32."""

    mean: Value
    std: Value


class Told(NamedTuple):
    """The statistics of one map that condition the decoder.

    Attributes:
        own: those of the content.
        given: those of the style.
    """

    own: Stats
    given: Stats


class Layers:
    """Adds layers to a graph.

    Attributes:
        graph: the graph.
        strength: the strength of the style, (S, 1) float32. `adain` and `film` need it.
    """

    def __init__(self, graph: Graph, strength: Value | None = None) -> None:
        self.graph = graph
        self._strength = strength
        self._edges: list[tuple[Value, Value]] = []

    def image(self, images: Value, dtype: str) -> Map:
        """Turn images (N, H, W, 3) of any size into a map, extended by reflection to the stride."""
        graph, node, constant = self.graph, self.graph.node, self.graph.constant
        x = images
        if dtype == "uint8":
            x = node("Div", graph.cast(x, dtype, "float32"), constant(np.float32(255)))
        shape = node("Shape", images)
        for axis in (1, 2):
            length = node("Gather", shape, constant(np.int64(axis)))
            stride = constant(np.int64(STRIDE))
            cells = node("Div", node("Add", length, constant(np.int64(STRIDE - 1))), stride)
            filled = node("Mul", cells, stride)
            x = node("Gather", x, self._reflected(filled, length), axis=axis)
            self._edges.append(self._next_to_edges(cells))
        x = node("Transpose", x, perm=[0, 3, 1, 2])
        return Map(graph.cast(x, "float32", graph.compute), 1)

    def given(self, value: Value, stride: int) -> Map:
        """Turn an input of the graph into a map; another graph made it from an image."""
        if stride == STRIDE:
            shape = self.graph.node("Shape", value)
            for axis in (2, 3):
                cells = self.graph.node("Gather", shape, self.graph.constant(np.int64(axis)))
                self._edges.append(self._next_to_edges(cells))
        return Map(value, stride)

    def picture(self, x: Map, images: Value | None, dtype: str) -> Value:
        """Turn a map of three channels into pictures (N, H, W, 3), cropped to the images' size.

        Without `images`, they are not cropped.
        """
        graph, node, constant = self.graph, self.graph.node, self.graph.constant
        y = graph.cast(x.value, graph.compute, "float32")
        y = node("Clip", y, constant(np.float32(0)), constant(np.float32(1)))
        if dtype == "uint8":
            y = node("Round", node("Mul", y, constant(np.float32(255))))
        if images is not None:
            sides = node("Slice", node("Shape", images), constant(np.array([1])), constant([3]))
            y = node("Slice", y, constant([0, 0]), sides, constant([2, 3]))
        return graph.cast(node("Transpose", y, perm=[0, 2, 3, 1]), "float32", dtype)

    def convolve(
        self,
        x: Map,
        layer: Params,
        name: str,
        *,
        relu: bool = True,
        pool: bool = False,
        upsample: Upsampling | None = None,
    ) -> Map:
        """Add `networks.layers.Conv3x3`."""
        graph, node = self.graph, self.graph.node
        if upsample:
            x = self._upsampled(x, upsample)
        kernel = graph.weight(f"{name}.kernel", np.transpose(layer["kernel"], (3, 2, 0, 1)))
        bias = graph.weight(f"{name}.bias", layer["bias"])
        padded = self._extended(x) if upsample == "linear" else self._padded(x)
        y = node("Conv", padded, kernel, bias, kernel_shape=[3, 3])
        y = Map(node("Relu", y) if relu else y, x.stride)
        return self.pooled(y) if pool else y

    def pooled(self, x: Map) -> Map:
        """Add max pooling, 2×2."""
        y = self.graph.node("MaxPool", x.value, kernel_shape=[2, 2], strides=[2, 2])
        return Map(y, 2 * x.stride)

    def relu(self, x: Map) -> Map:
        """Add a ReLU."""
        return Map(self.graph.node("Relu", x.value), x.stride)

    def add(self, x: Map, y: Map) -> Map:
        """Add the sum of two maps of the same size."""
        return Map(self.graph.node("Add", x.value, y.value), x.stride)

    def folded(self, x: Map) -> Map:
        """Add `ops.resampling.space_to_depth`, as a convolution.

        Some runtimes lack ONNX's own operation.
        """
        kernel = np.eye(12).reshape(12, 2, 2, 3).transpose(0, 3, 1, 2)
        kernel = self.graph.constant(kernel.astype(self.graph.compute))
        y = self.graph.node("Conv", x.value, kernel, kernel_shape=[2, 2], strides=[2, 2])
        return Map(y, 2 * x.stride)

    def unfolded(self, x: Map) -> Map:
        """Add `ops.resampling.depth_to_space`."""
        y = self.graph.node("DepthToSpace", x.value, blocksize=2, mode="DCR")
        return Map(y, x.stride // 2)

    def bridge(self, x: Map, features: Map, layer: Params, name: str) -> Map:
        """Add `networks.bridge.Bridge`."""
        matrix = np.transpose(layer["matrix"])[:, :, None, None]
        kernel = self.graph.weight(f"{name}.matrix", matrix)
        y = self.graph.node("Conv", features.value, kernel, kernel_shape=[1, 1])
        return self.add(x, Map(y, x.stride))

    def statistics(self, x: Map) -> Stats:
        """Add `ops.statistics.channel_stats`.

        The mean is taken over rows and then over columns. Runtimes that compute each sum in one
        thread can so use many threads.
        """
        graph, node = self.graph, self.graph.node
        wide = graph.cast(x.value, graph.compute, "float32")

        def mean_of(y: Value) -> Value:
            return node("ReduceMean", node("ReduceMean", y, axes=[3]), axes=[2])

        mean = mean_of(wide)
        deviation = node("Sub", wide, mean)
        variance = mean_of(node("Mul", deviation, deviation))
        std = node("Sqrt", node("Add", variance, graph.constant(np.float32(EPS))))
        return Stats(self._flat(mean), self._flat(std))

    def adain(self, x: Map, told: Told) -> Map:
        """Add AdaIN, blended with the content by the strength, as one scale and one shift.

        x + a ((x - m) s / d + t - x) = x (1 + a (s / d - 1)) + a (t - m s / d).
        """
        graph, node = self.graph, self.graph.node
        ratio = node("Div", told.given.std, told.own.std)
        more = node("Mul", self.strength, node("Sub", ratio, graph.constant(np.float32(1))))
        shift = node("Sub", told.given.mean, node("Mul", told.own.mean, ratio))
        return self._scaled(x, more, node("Mul", self.strength, shift), "float32")

    def film(self, x: Map, layer: Params, name: str, told: Sequence[Told], pixels: int = 1) -> Map:
        """Add `networks.film.Film`, conditioned on a blend of both statistics.

        A blend of conditions gives the blend of scales and shifts, because these are linear.
        """
        graph, node = self.graph, self.graph.node
        own = self._conditions([each.own for each in told])
        given = self._conditions([each.given for each in told])
        change = node("Mul", self.strength, node("Sub", given, own))
        both = np.concatenate([np.tile(layer[key], pixels) for key in ("scale", "shift")], -1)
        matrix = graph.weight(f"{name}.matrix", both, "float32")
        product = node("MatMul", node("Add", own, change), matrix)
        scale, shift = graph.nodes("Split", product, count=2, axis=1)
        return self._scaled(x, scale, shift, graph.compute)

    def project(self, stats: Stats, layer: Params, name: str, largest: float) -> Stats:
        """Add `networks.fast.Projection`."""
        graph, node, constant = self.graph, self.graph.node, self.graph.constant
        weights = graph.weight(f"{name}.weights", layer["weights"], "float32")
        bias = graph.weight(f"{name}.bias", layer["bias"], "float32")
        product = node("MatMul", self._conditions([stats]), weights)
        factor = constant(np.float32(1 / len(layer["weights"]) ** 0.5))
        sum_ = node("Add", node("Mul", product, factor), bias)
        log_std, mean = graph.nodes("Split", sum_, count=2, axis=1)
        limited = node("Clip", log_std, "", constant(np.float32(largest)))
        return Stats(mean, node("Exp", limited))

    def join(self, stats: Sequence[Stats]) -> Stats:
        """Concatenate the statistics of several maps."""
        return Stats(
            *(self.graph.node("Concat", *parts, axis=1) for parts in zip(*stats, strict=True))
        )

    def split(self, stats: Stats, channels: Sequence[int]) -> list[Stats]:
        """Split the statistics of several maps: the inverse of `join`."""
        sizes = self.graph.constant(np.array(channels))
        parts = [
            self.graph.nodes("Split", value, sizes, count=len(channels), axis=1) for value in stats
        ]
        return [Stats(*pair) for pair in zip(*parts, strict=True)]

    @property
    def strength(self) -> Value:
        """The strength of the style, (S, 1)."""
        assert self._strength is not None
        return self._strength

    def _conditions(self, stats: Sequence[Stats]) -> Value:
        """Add `networks.film.condition` of several statistics, concatenated."""
        node, parts = self.graph.node, []
        for mean, std in stats:
            least = self.graph.constant(np.float32(LEAST))
            parts += [node("Log", node("Add", std, least)), mean]
        return node("Concat", *parts, axis=1)

    def _scaled(self, x: Map, more: Value, shift: Value, dtype: str) -> Map:
        """Scale a map by 1 + `more` and shift it, in `dtype`; both are (N, C) float32."""
        graph, node = self.graph, self.graph.node
        scale = node("Add", more, graph.constant(np.float32(1)))
        over = graph.constant([0, -1, 1, 1])
        scale, shift = (
            graph.cast(node("Reshape", part, over), "float32", dtype) for part in (scale, shift)
        )
        y = graph.cast(x.value, graph.compute, dtype)
        y = node("Add", node("Mul", y, scale), shift)
        return Map(graph.cast(y, dtype, graph.compute), x.stride)

    def _padded(self, x: Map) -> Value:
        node = self.graph.node
        if x.stride < STRIDE:
            return node("Pad", x.value, self.graph.constant(_AROUND), mode="reflect")
        y = x.value  # a side may be one cell, which ONNX's reflection does not accept
        for axis, (first, last) in enumerate(self._edges, start=2):
            before, after = (node("Gather", y, at, axis=axis) for at in (first, last))
            y = node("Concat", before, y, after, axis=axis)
        return y

    def _extended(self, x: Map) -> Value:
        return self.graph.node("Pad", x.value, self.graph.constant(_AROUND), mode="edge")

    def _upsampled(self, x: Map, upsample: Upsampling) -> Map:
        scales = self.graph.constant(np.array([1, 1, 2, 2], np.float32))
        how = {"coordinate_transformation_mode": "half_pixel"}
        if upsample == "nearest":
            how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        y = self.graph.node("Resize", x.value, "", scales, mode=upsample, **how)
        return Map(y, x.stride // 2)

    def _flat(self, x: Value) -> Value:
        return self.graph.node("Reshape", x, self.graph.constant([0, -1]))

    def _reflected(self, count: Value, length: Value) -> Value:
        """Add `ops.resampling.reflected` for `count` places from the first on, int64."""
        node, constant = self.graph.node, self.graph.constant
        last = node("Sub", length, constant(np.int64(1)))
        period = node("Max", node("Add", last, last), constant(np.int64(1)))
        places = node("Range", constant(np.int64(0)), count, constant(np.int64(1)))
        at = node("Mod", places, period)
        return node("Sub", last, node("Abs", node("Sub", at, last)))

    def _next_to_edges(self, length: Value) -> tuple[Value, Value]:
        """The indices (1,) of the lines that extend a map before its first and after its last."""
        node, constant = self.graph.node, self.graph.constant
        last = node("Sub", node("Unsqueeze", length, constant([0])), constant([1]))
        before = node("Max", node("Sub", last, constant([1])), constant([0]))
        return node("Min", last, constant([1])), before
