"""Small data sets of each kind, and what was made of them."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from adain_jax.datasets.journal import FOLDER, MANIFEST

SIZES = ((40, 56), (64, 64), (33, 48))


def picture(number, suffix=".png"):
    """The file of an image, another for each number."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(256, size=(4, 4, 3), dtype=np.uint8))
    height, width = SIZES[number % len(SIZES)]
    buffer = io.BytesIO()
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(
        buffer, "PNG" if suffix == ".png" else "JPEG"
    )
    return buffer.getvalue()


def make_tree(folder, count=12):
    """Classes in folders, PNG and JPEG."""
    for i in range(count):
        suffix = (".png", ".jpg")[i % 2]
        path = folder / ("cat", "dog")[i % 2] / f"{i:03}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(i, suffix))
    return folder


def make_shards(folder, shards=2, count=6):
    """Shards with an image, a class, a caption and a second image to a sample."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        with tarfile.open(folder / f"train-{shard}.tar", "w") as tar:
            for i in range(shard * count, (shard + 1) * count):
                members = {"cls": b"%d" % (i % 2), "jpg": picture(i, ".jpg"), "seg.png": b"map"}
                for name, data in members.items():
                    info = tarfile.TarInfo(f"{i:05}.{name}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return folder


def make_table(path, count=10, key=None):
    """A table as Hugging Face's are, two rows to a group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        "image": [{"bytes": picture(i), "path": f"{i}.png"} for i in range(count)],
        "label": pa.array(range(count), pa.int16()),
        "caption": [f"number {i}" for i in range(count)],
    }
    if key:
        columns[key] = [f"key/{i}" for i in range(count)]
    table = pa.table(columns).replace_schema_metadata({"huggingface": "{}"})
    pq.write_table(table, path, row_group_size=2)
    return path


def contents(folder):
    """All that a data set consists of, with its journal: bytes by name.

    Not the bank: safetensors writes the entries of a header in any order.
    """
    files = (x for x in Path(folder).rglob("*") if x.is_file() and x.suffix != ".safetensors")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def data(folder):
    """What users read: names and bytes, without the journal and the manifest."""
    return {
        name: value
        for name, value in contents(folder).items()
        if not name.startswith((FOLDER, MANIFEST))
    }


def manifest(folder):
    return pq.read_table(Path(folder) / MANIFEST).to_pylist()


def members(path):
    with tarfile.open(path) as tar:
        return {x.name: tar.extractfile(x).read() for x in tar if x.isfile()}  # type: ignore[union-attr]


def decoded(value):
    return np.asarray(Image.open(io.BytesIO(value)).convert("RGB"))


def settings(folder):
    return json.loads((Path(folder) / FOLDER / "settings.json").read_text())
