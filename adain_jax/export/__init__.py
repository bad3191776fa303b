"""Exports models for other runtimes: ONNX, StableHLO, and a page for browsers."""

from adain_jax.export.options import Options
from adain_jax.export.programs import Exported, export
from adain_jax.export.site import export_site

__all__ = ["Exported", "Options", "export", "export_site"]
