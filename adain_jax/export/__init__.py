"""Models for other runtimes: ONNX and StableHLO."""

from adain_jax.export.options import Options
from adain_jax.export.programs import Exported, export

__all__ = ["Exported", "Options", "export"]
