"""adain-jax export --to web and adain-jax page."""

import json
import shutil
import signal
import urllib.request

import pytest

from adain_jax.export import runtime_web
from adain_jax.export.site import source
from tests.cli.common import assert_one_error
from tests.tiny import tiny_fast


@pytest.fixture
def package(tmp_path):
    """What npm would have installed."""
    place = tmp_path / "node_modules/onnxruntime-web"
    (place / "dist").mkdir(parents=True)
    about = {"name": runtime_web.PACKAGE, "version": runtime_web.VERSION}
    (place / "package.json").write_text(json.dumps(about))
    # npm also writes one for the folder.
    depends = {"dependencies": {runtime_web.PACKAGE: runtime_web.VERSION}}
    (tmp_path / "package.json").write_text(json.dumps(depends))
    for name in (*runtime_web._MODULES, *runtime_web._PROGRAMS):
        (place / "dist" / name).touch()
    return tmp_path


@pytest.mark.slow
def test_a_page_is_made_and_served(main, package, painting, start, tmp_path):
    tiny_fast().save(tmp_path / "tiny.safetensors")
    printed = main(
        *("export", "--to", "web", "--model", "tiny.safetensors", "-o", "site"),
        *("--styles", painting, "--runtime", package),
    )
    assert printed.out.startswith("site  ")
    assert "largest difference from the model: " in printed.out
    about = json.loads((tmp_path / "site/site.json").read_text())["about"]
    assert about["model"] == "tiny.safetensors"

    process = start("page", "site", "--port", "0", "--no-open")
    try:
        address = process.stdout.readline().decode().strip()
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == (tmp_path / "site/index.html").read_bytes()
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == b""


def test_a_page_of_this_version_is_kept(home, start):
    folder = home / ".cache/adain_jax/pages" / source()
    folder.mkdir(parents=True)
    (folder / "site.json").write_text("{}")
    process = start("page", "--port", "0", "--no-open")
    address = process.stdout.readline().decode().strip()
    with urllib.request.urlopen(f"{address}site.json") as answer:
        assert answer.read() == b"{}"
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.slow
def test_without_a_page_one_is_made_once(home, start):
    """As `adain-jax page` alone does it: by npm, into the cache folder."""
    if not shutil.which("npm"):
        pytest.skip("npm, which has ONNX Runtime Web, is not installed")
    folder = home / ".cache/adain_jax/pages" / source()
    shutil.rmtree(folder, ignore_errors=True)
    made = []
    for _ in range(2):
        process = start("page", "--port", "0", "--no-open")
        address = process.stdout.readline().decode().strip()
        with urllib.request.urlopen(f"{address}site.json") as answer:
            assert json.loads(answer.read())["about"]["model"] == "fast"
        process.terminate()
        process.communicate(timeout=60)
        made.append((folder / "site.json").stat().st_mtime_ns)
    assert made[0] == made[1]


def test_errors_are_one_line(main, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    there = sorted(tmp_path.iterdir())
    web = ("export", "--to", "web", "-o", "out")
    for arguments, part in (
        ((*web, "--images", "uint8"), "--images is not for --to web"),
        ((*web, "--compute", "float16"), "--compute is not for --to web"),
        (
            ("export", "--to", "onnx", "-o", "out", "--photo", "a.jpg"),
            "--photo is not for --to onnx",
        ),
        ((*web, "--runtime", "nix"), "nix has no onnxruntime-web"),
        (web, "npm"),
        (("page", "nix"), "nix is no page"),
        (("page", "nix", "--runtime", "npm"), "--runtime is for a page that is made, and nix"),
        (("page", "--port", "70000"), "70000"),
    ):
        assert_one_error(*main(*arguments, code=2), part)
    assert sorted(tmp_path.iterdir()) == there
