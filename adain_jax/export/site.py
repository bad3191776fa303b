"""Exports a model as a static page that stylizes in the browser."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from adain_jax.export import comparison
from adain_jax.export.options import Float, Options, check_options
from adain_jax.export.programs import Exported, check_model, noted, onnx_libraries
from adain_jax.export.runtime_web import VERSION, runtime_files
from adain_jax.files import find, image
from adain_jax.model import Model
from adain_jax.runtime import shipped
from adain_jax.runtime.atomic import atomic_path, check_apart, check_place, make_folder
from adain_jax.runtime.paths import as_path
from adain_jax.stylize import encode_style
from adain_jax.version import __version__
from adain_jax.weights import store

EXAMPLES = shipped.folder("examples")
_PHOTO = "content/cincinnati_bridge.jpg"
_SHOWN = "examples/photo.jpg"  # the photograph that the page shows first, as the site has it
_STYLE_SIZE, _THUMBNAIL = 512, 160  # shorter sides in pixels
_BUILD = b"BUILD"  # the placeholder of the site's digest in the service worker


def export_site(
    model: Model,
    folder: str | os.PathLike,
    *,
    styles: Sequence[str | os.PathLike] | None = None,
    photo: str | os.PathLike | None = None,
    runtime: str | os.PathLike | None = None,
    dtype: Float = "float16",
    about: Mapping[str, str] | None = None,
) -> Exported:
    """Write a page that gives photographs the style of paintings within the browser.

    It consists of plain files for any web server. First the pictures of the page, made by ONNX
    Runtime on this machine, are compared with the model's; if they differ by more than rounding
    explains, nothing is written.

    Args:
        model: a model that is not prepared.
        folder: the folder for the files.
        styles: paintings to choose from, files or folders, which are encoded here; by default the
            examples that ship.
        photo: the photograph that the page begins with; if `styles` is left out too, by default one
            of the examples.
        runtime: a folder with ONNX Runtime Web; by default npm downloads it.
        dtype: the dtype of the weights, float32 or float16.
        about: further strings for the description in the files, such as the licence of the model.

    Raises:
        ImportError: if the packages that write ONNX are missing.
        OSError: if the files cannot be written, or npm cannot download ONNX Runtime Web.
        ValueError: if `dtype` is another one, the model cannot be exported, a file is not an image,
            or the pictures differ from the model's.
    """
    options = Options(dtype, images="float32")
    check_options("onnx", options)
    check_model(model, "onnx")
    onnx_libraries()
    from adain_jax.export.graph import OPSET

    folder = as_path(folder)
    check_place(folder / "index.html")
    paintings = _paintings(styles)
    if photo is None and styles is None:
        photo = EXAMPLES / _PHOTO
    photos = {} if photo is None else {_SHOWN: as_path(photo)}
    looks = [f"examples/style{i}.jpg" for i in range(len(paintings))]
    check_apart([folder / name for name in (*photos, *looks)], [*photos.values(), *paintings])
    files: dict[str, bytes] = {}
    for name, data in runtime_files(runtime).items():
        files[f"runtime/{name}"] = data
    files |= {name: _jpeg(path) for name, path in photos.items()}
    titled, stats = _styles(model, paintings)
    for name, (_, data) in zip(looks, titled, strict=True):
        files[name] = data
    files["examples/styles.bin"] = stats.astype("<f4").tobytes()
    told = {
        **(about or {}),
        **{"architecture": model.architecture, "fingerprint": model.fingerprint},
        **{"format": "web", **options._asdict(), "version": __version__},
        **{"opset": str(OPSET), "onnxruntime-web": VERSION},
    }
    programs, difference = _programs(model, options, told)
    files |= {f"model/{name}.onnx": data for name, data in programs.items()}
    site = {
        "about": noted(told, difference),
        "channels": sum(model.channels),
        "styleSize": _STYLE_SIZE,
        "photo": next(iter(photos), None),
        "styles": [
            {"title": title, "image": name} for name, (title, _) in zip(looks, titled, strict=True)
        ],
        "sizes": {name: len(data) for name, data in files.items()},
    }
    page = page_files()
    site["page"] = list(page)
    site["build"] = _named({**page, **files, "site.json": json.dumps(site).encode()})
    page["service.js"] = page["service.js"].replace(_BUILD, site["build"].encode())
    files = {**page, **files, "site.json": json.dumps(site, indent=1).encode()}
    return Exported(_written(folder, files), difference)


def page_files() -> dict[str, bytes]:
    """The contents of the page's own files, by name."""
    place = resources.files("adain_jax.export") / "page"
    return {x.name: x.read_bytes() for x in sorted(place.iterdir(), key=lambda x: x.name)}


def source() -> str:
    """A digest of the page's own files, its model and the versions, 12 hexadecimal digits."""
    weights = store.describe("fast").metadata["checksum"]
    return _named({**page_files(), "version": f"{__version__} {VERSION} {weights}".encode()})


def _named(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:12]


def _written(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    paths = {folder / name: data for name, data in files.items()}
    for path in paths:
        check_place(path)
    for path, data in paths.items():
        make_folder(path.parent)
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
    return list(paths)


def _paintings(given: Sequence[str | os.PathLike] | None) -> list[Path]:
    if given is None:
        given = [EXAMPLES / "style"]
    found: list[Path] = []
    for path in map(as_path, given):
        found += find.images(path) if path.is_dir() else [path]
    return found


def _styles(model: Model, paths: Sequence[Path]) -> tuple[list[tuple[str, bytes]], np.ndarray]:
    """Encode styles; return titles and thumbnails, and statistics (N, 2, C): means, deviations."""
    looks, stats = [], np.zeros((len(paths), 2, sum(model.channels)), np.float32)
    for i, path in enumerate(paths):
        pixels = image.load(path, size=_STYLE_SIZE, as_bytes=True).rgb
        style = encode_style(pixels, model=model)
        stats[i] = np.asarray(style.mean), np.asarray(style.std)
        thumbnail = image.load(path, size=_THUMBNAIL, square=True, as_bytes=True).rgb
        title = path.stem.replace("_", " ").replace("-", " ")
        looks.append((title[:1].upper() + title[1:], image.encode(".jpg", thumbnail, quality=85)))
    return looks, stats


def _jpeg(path: str | os.PathLike) -> bytes:
    """Convert an image of any kind to a JPEG."""
    return image.encode(".jpg", image.load(path, as_bytes=True).rgb, quality=92)


def _programs(
    model: Model, options: Options, told: Mapping[str, str]
) -> tuple[dict[str, bytes], float]:
    onnx, onnxruntime = onnx_libraries()
    from adain_jax.export import onnx_graphs

    graphs = {
        "style": onnx_graphs.style_graph(model, options),
        "content": onnx_graphs.content_graph(model, options),
        "picture": onnx_graphs.picture_graph(model, options),
    }
    sessions = {
        name: onnxruntime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        for name, graph in graphs.items()
    }

    def style_of(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return sessions["style"].run(None, {"image": image})

    def stylized(
        image: np.ndarray, mean: np.ndarray, std: np.ndarray, strength: np.ndarray
    ) -> np.ndarray:
        names = [x.name for x in sessions["content"].get_outputs()]
        content = dict(zip(names, sessions["content"].run(None, {"image": image}), strict=True))
        given = {"mean": mean, "std": std, "strength": strength}
        picture = sessions["picture"].run(None, {**content, **given})[0]
        return picture[:, : image.shape[1], : image.shape[2]]

    difference = comparison.largest_difference(model, options, style_of, stylized)
    for graph in graphs.values():
        onnx.helper.set_model_props(graph, noted(told, difference))
    return {name: graph.SerializeToString() for name, graph in graphs.items()}, difference
