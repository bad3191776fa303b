"""Ray as the engine, where it is installed (extra `ray`)."""

import os
import re
import signal
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

import adain_jax
from adain_jax.datasets import Bank, Look, stylize
from adain_jax.datasets.pictures import make
from adain_jax.datasets.records import Record
from adain_jax.datasets.task import Tools
from adain_jax.model import Style
from tests.conftest import ROOT
from tests.datasets.common import SIZES, contents, decoded, make_tree, picture

ray = pytest.importorskip("ray")
cluster = pytest.importorskip("adain_jax.datasets.cluster")

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


_MARK = "ADAIN_JAX_TEST_CLUSTER"  # in the environment of this cluster's processes


@pytest.fixture(scope="module", autouse=True)
def started():
    """A cluster whose workers know the tiny model."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *sys.path[1:]])
    os.environ[_MARK] = uuid.uuid4().hex
    ray.init(
        num_cpus=2,
        object_store_memory=100 << 20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"worker_process_setup_hook": "tests.tiny.tiny_model"},
    )
    yield
    ray.shutdown()
    del os.environ["PYTHONPATH"], os.environ[_MARK]
    if before is not None:
        os.environ["PYTHONPATH"] = before


def test_equals_this_process(stylized, tmp_path):
    tree = make_tree(tmp_path / "in")
    (tree / "cat/bad.png").write_bytes(b"no image")
    out, outcomes = stylized(tree, "workers", engine=cluster.Ray(workers=2))
    assert sum(x.made for x in outcomes) == 12
    assert [text for x in outcomes for text in x.failed] == [
        "cat/bad.png: is not an image, or of an unknown format"
    ]
    assert contents(out) == contents(stylized(tree, "here")[0])


def test_a_worker_that_is_killed(stylized, tmp_path, monkeypatch):
    """Another takes its place, and makes its part again."""
    tree = make_tree(tmp_path / "in", 40)
    killed = []

    class Killing(cluster.Ray):
        def run(self, order, parts, model):
            for outcome in super().run(order, parts, model):
                if not killed:
                    killed.append(_worker())
                    os.kill(killed[0], signal.SIGKILL)
                yield outcome

    out, outcomes = stylized(tree, "workers", engine=Killing(workers=1))
    assert killed
    assert sum(x.made for x in outcomes) == 40
    assert contents(out) == contents(stylized(tree, "here")[0])


def _worker():
    """The process of the actor that makes parts, one of this cluster."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            if (folder / "cmdline").read_bytes().startswith(b"ray::MapWorker"):
                ours = f"{_MARK}={os.environ[_MARK]}".encode()
                if ours in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    [process] = found
    return process


def test_errors_are_told_in_a_line(stylized, tmp_path):
    tree = make_tree(tmp_path / "in", 4)
    (tree / "cat/000.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"^cat/000\.png: is not an image"):
        stylized(tree, "a", strict=True, engine=cluster.Ray(workers=1))
    with pytest.raises(ValueError, match="--workers 99: there are 0 accelerators and 2 cores"):
        cluster.Ray(workers=99)


def test_workers_without_the_package_are_told_of_in_a_line(monkeypatch):
    @ray.remote
    def fails():
        raise ModuleNotFoundError("No module named 'adain_jax'")

    with pytest.raises(ray.exceptions.RayTaskError) as caught:
        ray.get(fails.remote())
    monkeypatch.setattr(ray, "get", Mock(side_effect=caught.value))
    with pytest.raises(ValueError, match=r"^the workers lack the package adain_jax: install"):
        cluster.Ray(workers=1).device()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no.such.host.invalid:1"])
def test_an_address_where_nobody_answers_is_told_at_once(address, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(ValueError, match=f"--address {address}: no cluster answers there: "):
        cluster.Ray(address)


@pytest.mark.parametrize("files", [False, True])
def test_data_sets_of_ray(tiny, tiny_file, rng, files):
    """The same pictures, whatever the batches."""
    paintings = rng.integers(256, size=(3, 32, 32, 3), dtype=np.uint8)
    bank = Bank.of(Style.stack([tiny.style(x) for x in paintings]), ["a", "b", "c"])
    images = [picture(i) if files else decoded(picture(i)) for i in range(6)]
    rows = [{"key": f"{i}", "image": x, "label": i} for i, x in enumerate(images)]
    look = Look(per_image=2, batch=4)  # there is one device, and here there are four
    made = stylize(ray.data.from_items(rows), bank, look=look, model=tiny_file).take_all()
    tools = Tools.load(tiny_file, bank, 1)
    records = [Record(row["key"], row["image"], row["key"]) for row in rows]
    expected = list(make(records, Look(per_image=2), tools))
    made.sort(key=lambda row: (row["label"], row["copy"]))
    assert len(made) == len(expected) == 12
    for row, one in zip(made, expected, strict=True):
        assert one.picture
        assert one.copy
        assert row["style"] == bank.names[one.copy.choice.style]
        assert row["alpha"] == one.copy.choice.alpha
        got = decoded(row["image"]) if files else row["image"]
        wanted = decoded(one.picture.data) if files else one.picture.data
        assert np.abs(got.astype(int) - wanted).max() <= 1


def test_the_example_of_the_documentation(rng, tmp_path, monkeypatch):
    """That of docs/datasets.md, without a GPU. The workers were started in another folder."""
    monkeypatch.chdir(tmp_path)
    folder = make_tree(tmp_path / "images", 3)
    painting = rng.integers(256, size=(1, 32, 32, 3), dtype=np.uint8)
    adain_jax.load("fast").style(painting).save("bank.safetensors")
    text = (ROOT / "docs/datasets.md").read_text()
    [example] = re.findall(r"^```python\n(import ray.*?)^```", text, re.M | re.S)
    names = {}
    exec(example.replace('"images/"', repr(str(folder))).replace("gpus=1", "gpus=0"), names)
    rows = names["stylized"].take_all()
    assert sorted(row["image"].shape[:2] for row in rows) == sorted(SIZES)
