"""A page's files, without a browser."""

import gzip
import json
import socket
import struct
import sys
import time
import urllib.request
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest

from adain_jax.export import export_site, runtime_web, site
from adain_jax.export.serve import served
from adain_jax.files import image
from tests.tiny import tiny_fast


@pytest.fixture
def package(tmp_path):
    """A folder that npm might have made."""
    place = tmp_path / "there/node_modules/onnxruntime-web"
    (place / "dist").mkdir(parents=True)
    about = {"name": runtime_web.PACKAGE, "version": runtime_web.VERSION}
    (place / "package.json").write_text(json.dumps(about))
    # npm also writes one for the folder.
    depends = {"dependencies": {runtime_web.PACKAGE: runtime_web.VERSION}}
    (tmp_path / "there/package.json").write_text(json.dumps(depends))
    for name in (*runtime_web._MODULES, *runtime_web._PROGRAMS):
        (place / "dist" / name).write_bytes(name.encode())
    return place


@pytest.fixture
def no_npm(monkeypatch):
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize(("name", "kind"), [("style0", "style"), ("photo", "photo")])
def test_its_own_sources_are_not_replaced(photo, painting, tmp_path, no_npm, name, kind):
    """That is told before ONNX Runtime Web is asked for."""
    folder = tmp_path / "site"
    own = folder / f"examples/{name}.jpg"
    own.parent.mkdir(parents=True)
    image.save(own, image.load(photo, as_bytes=True).rgb)
    before = own.read_bytes()
    given = {"styles": [own if kind == "style" else painting], "photo": photo}
    given |= {"photo": own} if kind == "photo" else {}
    with pytest.raises(ValueError, match=rf"{name}\.jpg would replace one of the files read"):
        export_site(tiny_fast(), folder, **given)
    assert own.read_bytes() == before


@pytest.mark.slow
def test_a_whole_site(package, photo, painting, tmp_path, no_npm):
    model = tiny_fast()
    options = {"photo": photo, "runtime": tmp_path / "there", "dtype": "float32"}
    made = export_site(model, tmp_path / "site", styles=[painting], **options)
    assert made.difference <= 1
    folder = tmp_path / "site"
    assert sorted(made.files) == sorted(x for x in folder.rglob("*") if x.is_file())
    site = json.loads((folder / "site.json").read_text())
    assert site["about"]["fingerprint"] == model.fingerprint
    assert [style["title"] for style in site["styles"]] == ["Painting"]
    for name, size in site["sizes"].items():
        assert (folder / name).stat().st_size == size
    for name in (*site["page"], site["photo"], site["styles"][0]["image"]):
        assert (folder / name).is_file()
    assert image.load(folder / site["styles"][0]["image"]).rgb.shape == (160, 160, 3)
    assert site["build"] in (folder / "service.js").read_text()
    assert "BUILD" not in (folder / "service.js").read_text()
    program = runtime_web._PROGRAMS[0]
    kept = (folder / "runtime" / f"{program}.gz").read_bytes()
    assert gzip.decompress(kept) == program.encode()

    # What the page has of a style is what the model makes of it.
    mean, std = np.fromfile(folder / "examples/styles.bin", "<f4").reshape(2, -1)
    style = model.style(image.load(painting, size=512).rgb[None])
    np.testing.assert_allclose(mean, style.mean[0], atol=1e-4)
    np.testing.assert_allclose(std, style.std[0], atol=1e-4)

    again = export_site(model, tmp_path / "again", styles=[painting], **options)
    assert [x.read_bytes() for x in again.files] == [x.read_bytes() for x in made.files]
    export_site(model, tmp_path / "none", styles=[], **{**options, "photo": None})
    other = json.loads((tmp_path / "none/site.json").read_text())
    assert (other["photo"], other["styles"]) == (None, [])
    assert other["build"] != site["build"]


def test_pages_without_a_runtime(package, tiny, tmp_path, no_npm, monkeypatch):
    def fails(words, runtime=None):
        with pytest.raises((OSError, ImportError), match=words) as caught:
            export_site(tiny, tmp_path / "site", styles=[], runtime=runtime)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "site").exists()

    fails("npm, which is not installed: install it, or give a folder")
    fails("has no onnxruntime-web: npm install onnxruntime-web@", tmp_path)
    (package / "dist" / runtime_web._PROGRAMS[0]).unlink()
    fails("no such file: .*wasm", package)
    (package / "package.json").write_text('{"name": "onnxruntime-web", "version": "1.0.0"}')
    fails("onnxruntime-web 1.0.0, not onnxruntime-web", package)
    for about in ("", "[]", '{"name": "another"}'):
        (package / "package.json").write_text(about)
        fails("has no onnxruntime-web: npm install", package)
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    fails(r"npm cannot get onnxruntime-web \S+ \(npm error network\)")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    fails("pip install 'adain-jax\\[export\\]'")


def test_what_no_page_can_be_made_of(package, tiny, tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    notes = tmp_path / "notes.jpg"
    for styles, photo in (([notes], None), ([], notes)):
        with pytest.raises(ValueError, match=r"notes\.jpg"):
            export_site(tiny, tmp_path / "site", runtime=package, styles=styles, photo=photo)
    assert not (tmp_path / "site").exists()
    with pytest.raises(ValueError, match="dtype is float32 or float16, not 'int8'"):
        export_site(tiny, tmp_path / "site", styles=[], dtype="int8")  # type: ignore[arg-type]


def test_a_browser_that_breaks_off(tmp_path, capfd):
    """As it does when its page is loaded again."""
    (tmp_path / "large").write_bytes(bytes(50_000_000))  # more than the buffers of a connection
    with served(tmp_path) as address:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET /large HTTP/1.0\r\n\r\n")
            client.recv(1)
        time.sleep(0.3)
        with urllib.request.urlopen(f"{address}large") as answer:  # it goes on serving
            assert answer.status == 200
    assert capfd.readouterr().err == ""


def test_types_and_isolation(tmp_path):
    for name in ("index.html", "a.js", "a.mjs", "a.wasm", "a.css", "a.json"):
        (tmp_path / name).write_text("{}")
    types = {}
    with served(tmp_path) as address:
        for name in ("", "a.js", "a.mjs", "a.wasm", "a.css", "a.json"):
            with urllib.request.urlopen(address + name) as answer:
                types[name] = answer.headers["Content-Type"]
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        port = int(address.split(":")[2].strip("/"))
        with pytest.raises(OSError, match=f"cannot serve at port {port}: .*: take another"):
            served(tmp_path, port).__enter__()
    assert types == {
        "": "text/html",
        "a.js": "text/javascript",
        "a.mjs": "text/javascript",
        "a.wasm": "application/wasm",
        "a.css": "text/css",
        "a.json": "application/json",
    }


def test_a_page_is_that_of_its_model(monkeypatch):
    """One with other weights is made anew, though the version is the same."""
    before = site.source()
    monkeypatch.setattr(
        site.store, "describe", lambda _: SimpleNamespace(metadata={"checksum": "another"})
    )
    assert site.source() != before
