"""Models for other runtimes: ONNX and StableHLO."""

from adain_jax.export.export import Exported, export
from adain_jax.export.options import Options

__all__ = ["Exported", "Options", "export"]
