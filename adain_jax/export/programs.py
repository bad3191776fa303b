"""Exports a model as two programs for other runtimes, and checks them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, cast

import numpy as np

from adain_jax.export import comparison
from adain_jax.export.options import Format, Options, check_options
from adain_jax.model import Model
from adain_jax.networks import ARCHITECTURES, Decoder
from adain_jax.runtime.atomic import atomic_path, check_place, make_folder
from adain_jax.runtime.paths import as_path
from adain_jax.version import __version__

_ADVICE = "ONNX needs the packages onnx and onnxruntime: pip install 'adain-jax[export]'"


class Exported(NamedTuple):
    """The result of an export.

    Attributes:
        files: the programs `style` and `stylize`, and their description as JSON.
        difference: the largest difference between their pictures and the model's, in levels of 255.
    """

    files: list[Path]
    difference: float


def export(
    model: Model,
    folder: str | os.PathLike,
    *,
    to: Format = "onnx",
    options: Options | None = None,
    about: Mapping[str, str] | None = None,
) -> Exported:
    """Write two programs into a folder: `style`, from an image to its style, and `stylize`.

    docs/export.md shows how to run them. First their pictures are compared with the model's at
    three sizes; if they differ by more than rounding explains, nothing is written.

    Args:
        model: a model that is not prepared.
        folder: the folder for the files `style` and `stylize`, with the suffix .onnx or .stablehlo,
            and `onnx.json` or `stablehlo.json`.
        to: the format.
        options: the dtypes of weights, maps and images.
        about: further strings for the description in the files, such as the licence of the model.

    Raises:
        ImportError: if a package that writes the format is missing.
        OSError: if the files cannot be written.
        ValueError: if the model cannot be exported, an argument has an unknown value, or the
            pictures differ from the model's.

    >>> import adain_jax, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = export(adain_jax.load("fast"), folder)
    ...     [path.name for path in made.files], made.difference <= 1
    (['style.onnx', 'stylize.onnx', 'onnx.json'], True)
    """
    options = options or Options()
    check_options(to, options)
    check_model(model, to)
    folder = as_path(folder)
    paths = [folder / name for name in (f"style.{to}", f"stylize.{to}", f"{to}.json")]
    for path in paths:
        check_place(path)
    make = _onnx if to == "onnx" else _stablehlo
    told = {
        **(about or {}),
        **{"architecture": model.architecture, "fingerprint": model.fingerprint},
        **{"format": to, **options._asdict(), "version": __version__},
    }
    programs, told, difference = make(model, options, told)
    make_folder(folder)
    for path, data in zip(paths, (*programs, json.dumps(told, indent=2).encode()), strict=True):
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
    return Exported(paths, difference)


def check_model(model: Model, to: str) -> None:
    """Raise `ValueError` if a model cannot be exported to the format `to`."""
    architecture = ARCHITECTURES[model.architecture]
    if model.prepared:
        raise ValueError("a prepared model cannot be exported: export the one that was loaded")
    if "decoder" not in model.params:
        raise ValueError("a model without a decoder cannot be exported: train one first")
    if architecture.concatenates:
        raise ValueError(f"{model.architecture} cannot be exported: it has no styles but maps")
    decoder = architecture.decoder
    if to == "onnx" and isinstance(decoder, Decoder) and decoder.normalization:
        raise ValueError(
            f"{model.architecture} cannot be exported to ONNX, for which the normalisations of the "
            "paper's ablations are not written: take StableHLO"
        )


def noted(told: Mapping[str, str], difference: float) -> dict[str, str]:
    """Add the largest difference from the model to the description of programs."""
    sizes = ", ".join(f"{height} x {width}" for (height, width), _ in comparison.CASES)
    return {**told, "largest_difference": f"{difference:.3g} of 255 levels, at {sizes}"}


def onnx_libraries() -> tuple[ModuleType, ModuleType]:
    """Import and return the packages onnx and onnxruntime.

    Raises:
        ImportError: if one is missing.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise ImportError(_ADVICE) from None
    return onnx, onnxruntime


def _onnx(
    model: Model, options: Options, told: Mapping[str, str]
) -> tuple[list[bytes], dict[str, str], float]:
    onnx, onnxruntime = onnx_libraries()
    from adain_jax.export import graph, onnx_graphs

    graphs = [
        onnx_graphs.style_graph(model, options),
        onnx_graphs.stylize_graph(model, options),
    ]
    style, stylize = (
        onnxruntime.InferenceSession(
            program.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        for program in graphs
    )

    def stylized(
        image: np.ndarray, mean: np.ndarray, std: np.ndarray, strength: np.ndarray
    ) -> np.ndarray:
        inputs = {"image": image, "mean": mean, "std": std, "strength": strength}
        return np.asarray(stylize.run(None, inputs)[0])

    def style_of(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return style.run(None, {"image": image})

    difference = comparison.largest_difference(model, options, style_of, stylized)
    told = noted({**told, "opset": str(graph.OPSET)}, difference)
    for program in graphs:
        onnx.helper.set_model_props(program, told)
    return [program.SerializeToString() for program in graphs], told, difference


def _stablehlo(
    model: Model, options: Options, told: Mapping[str, str]
) -> tuple[list[bytes], dict[str, str], float]:
    try:
        import flatbuffers  # noqa: F401, which jax.export needs
    except ImportError:
        raise ImportError(
            "StableHLO needs the package flatbuffers: pip install 'adain-jax[export]'"
        ) from None
    import jax
    from jax.export import deserialize

    from adain_jax.export import stablehlo

    told = {**told, "platforms": " ".join(stablehlo.PLATFORMS), "jax": jax.__version__}
    programs = [
        stablehlo.style_program(model, options),
        stablehlo.stylize_program(model, options),
    ]
    style, stylize = (deserialize(bytearray(data)) for data in programs)

    def style_of(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stats = cast(dict[str, np.ndarray], style.call(image))
        return stats["mean"], stats["std"]

    stylized = cast(comparison.Stylize, stylize.call)
    difference = comparison.largest_difference(model, options, style_of, stylized)
    return programs, noted(told, difference), difference
