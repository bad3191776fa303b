"""The examples of docs/export.md in other languages."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import adain_jax
from adain_jax.export import export, runtime_web
from tests.conftest import ROOT
from tests.tiny import tiny_fast

_PROGRAM = """
import { readFileSync, writeFileSync } from "node:fs";
const read = ({ file, height, width }) => ({ data: readFileSync(file), height, width });
const [painting, photo] = JSON.parse(readFileSync("images.json")).map(read);
EXAMPLE
writeFileSync("picture", picture.data);
writeFileSync("dims.json", JSON.stringify(picture.dims));
"""


@pytest.mark.slow
def test_javascript(rng, tmp_path):
    npm, node = shutil.which("npm"), shutil.which("node")
    if not (npm and node):
        pytest.skip("Node is not installed")
    package = f"{runtime_web.PACKAGE}@{runtime_web.VERSION}"
    subprocess.run([npm, "install", "--silent", package], check=True, cwd=tmp_path)
    model = tiny_fast()
    export(model, tmp_path / "fast", to="onnx")
    images = [rng.integers(256, size=(*size, 3), dtype=np.uint8) for size in ((40, 32), (44, 60))]
    told = []
    for name, pixels in zip(("painting", "photo"), images, strict=True):
        opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        (tmp_path / name).write_bytes(opaque.tobytes())
        told.append({"file": name, "height": len(pixels), "width": pixels.shape[1]})
    (tmp_path / "images.json").write_text(json.dumps(told))
    [example] = re.findall(r"^```js\n(.*?)^```", (ROOT / "docs/export.md").read_text(), re.M | re.S)
    (tmp_path / "program.mjs").write_text(_PROGRAM.replace("EXAMPLE", example))
    subprocess.run([node, "program.mjs"], check=True, cwd=tmp_path, timeout=300)
    dims = json.loads((tmp_path / "dims.json").read_text())
    picture = np.fromfile(tmp_path / "picture", np.uint8).reshape(dims)[0]
    painting, photo = images
    expected = np.asarray(adain_jax.stylize(photo, painting, alpha=0.8, model=model))
    assert np.abs(picture.astype(int) - expected).max() <= 1
