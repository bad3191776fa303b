"""Folders, shards, tables and TensorFlow Datasets, each read and written."""

import io
import json
import os
import subprocess
import sys
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adain_jax.datasets import tables as table_files
from adain_jax.datasets.folders import FolderSink
from adain_jax.datasets.kinds import kind_of, open_sink, open_source
from adain_jax.datasets.records import NameRefusedError, Part, Picture, Record
from adain_jax.datasets.shards import Shards, ShardSink
from adain_jax.datasets.tables import TableSink
from tests.conftest import ROOT
from tests.datasets.common import (
    contents,
    data,
    decoded,
    make_shards,
    make_table,
    make_tree,
    manifest,
    members,
    picture,
)
from tests.tfds_pictures import PREPARE


def test_a_folder_keeps_its_classes(stylized, tmp_path):
    tree = make_tree(tmp_path / "in")
    out, outcomes = stylized(tree, "out")
    assert set(data(out)) == {path.relative_to(tree).as_posix() for path in tree.rglob("*.*")}
    assert [(x.part, x.made, x.failed) for x in outcomes] == [
        (f"part-0000{i}", 4, ()) for i in range(3)
    ]
    rows = manifest(out)
    assert [row["source"] for row in rows] == sorted(data(out))
    assert [row["output"] for row in rows] == sorted(data(out))
    assert all(0.5 <= row["alpha"] <= 1 and row["error"] is None for row in rows)
    assert {row["style"] for row in rows} <= {
        *("cat/000.png", "dog/001.jpg", "cat/002.png", "dog/003.jpg", "cat/004.png")
    }
    assert decoded(data(out)["cat/000.png"]).shape == (40, 56, 3)
    assert data(out)["dog/001.jpg"][:3] == b"\xff\xd8\xff"


def test_a_folder_as_shards_and_as_tables(stylized, tmp_path):
    """The same pictures, with their classes."""
    tree = make_tree(tmp_path / "in")
    files = data(stylized(tree, "files")[0])
    shards, _ = stylized(tree, "shards", to="webdataset")
    found = {k: v for name in data(shards) for k, v in members(shards / name).items()}
    assert {k: v for k, v in found.items() if not k.endswith("json")} == files
    assert json.loads(found["dog/001.json"]) == {"class": "dog"}
    tables, _ = stylized(tree, "tables", to="parquet")
    rows = pq.read_table(sorted(tables.glob("part-*.parquet"))).to_pylist()
    assert [row["key"] for row in rows] == sorted(name.rpartition(".")[0] for name in files)
    assert {row["image"] for row in rows} == set(files.values())
    assert [row["class"] for row in rows] == [row["key"].partition("/")[0] for row in rows]
    [first, *_] = manifest(tables)
    assert first["output"] == "part-00000.parquet#0"


def test_shards_keep_their_samples(stylized, tmp_path):
    shards = make_shards(tmp_path / "in")
    out, _ = stylized(shards, "out", look={"per_image": 2})
    assert sorted(data(out)) == ["train-0.tar", "train-1.tar"]
    before, after = members(shards / "train-1.tar"), members(out / "train-1.tar")
    assert list(after)[:6] == [
        *("00006_0.jpg", "00006_0.cls", "00006_0.seg.png"),
        *("00006_1.jpg", "00006_1.cls", "00006_1.seg.png"),
    ]
    assert len(after) == 2 * len(before)
    assert after["00007_1.cls"] == before["00007.cls"] == b"1"
    assert decoded(after["00007_1.jpg"]).shape == decoded(before["00007.jpg"]).shape
    assert after["00007_1.jpg"] != after["00007_0.jpg"]
    tables, _ = stylized(shards, "tables", to="parquet")
    table = pq.read_table(tables / "train-0.parquet")
    assert table.column_names == ["key", "image", "cls", "seg.png"]
    files, _ = stylized(shards, "files", to="folder")
    assert (files / "train-1/00007.cls").read_bytes() == b"1"
    assert (files / "train-1/00007.jpg").read_bytes() == members(
        stylized(shards, "single")[0] / "train-1.tar"
    )["00007.jpg"]


def test_tables_keep_their_columns(stylized, tmp_path):
    path = make_table(tmp_path / "in/data.parquet")
    out, _ = stylized(path, "out", look={"per_image": 2})
    assert sorted(data(out)) == [f"data-0000{i}.parquet" for i in range(3)]
    before = pq.read_table(path)
    after = pa.concat_tables([pq.read_table(out / name) for name in sorted(data(out))])
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after["label"].to_pylist() == [i // 2 for i in range(20)]
    assert after["image"][5].as_py()["path"] == "2.png"
    assert decoded(after["image"][4].as_py()["bytes"]).shape == (33, 48, 3)
    files, _ = stylized(path, "files", to="folder")
    assert json.loads((files / "data-00001/data-00000004.json").read_bytes()) == {
        "image": {"path": "4.png"},
        "label": 4,
        "caption": "number 4",
    }


def test_keys_of_tables(stylized, tmp_path):
    path = make_table(tmp_path / "in/data.parquet", key="__key__")
    out, _ = stylized(path, "out", to="webdataset")
    assert manifest(out)[3]["source"] == "key/3"
    assert "key/3.png" in members(out / "data-00000.tar")


def test_columns_that_could_be_images(tmp_path):
    table = pa.table({"a": [picture(0)], "b": [picture(1)]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"which column .* \['a', 'b'\], is unclear: .*--image-c"):
        open_source(str(tmp_path), "parquet", 10).parts()
    with pytest.raises(ValueError, match=r"c is no column of images; such are \['a', 'b'\]"):
        open_source(str(tmp_path), "parquet", 10, "c").parts()
    source = open_source(str(tmp_path), "parquet", 10, "b")
    [part] = source.parts()
    [record] = source.records(part)
    assert record.image == picture(1)
    assert record.fields == {"a": picture(0)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A dataset in ArrayRecord."""
    folder = tmp_path_factory.mktemp("tfds")
    for i in range(6):
        (folder / f"{i}.png").write_bytes(picture(i))
    (folder / "prepare.py").write_text(PREPARE)
    command = [sys.executable, str(folder / "prepare.py"), str(folder), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return ended.stdout.splitlines()[-1]


def test_tensorflow_datasets(stylized, prepared):
    out, _ = stylized(f"tfds:{prepared}:train", "out")
    names = sorted(data(out))
    assert names == [f"pictures-1.0.0-train-0000{i}.parquet" for i in range(2)]
    rows = [row for name in names for row in pq.read_table(out / name).to_pylist()]
    assert sorted(row["label"] for row in rows) == list(range(6))
    for row in rows:
        assert decoded(row["image"]).shape == decoded(picture(row["label"])).shape
    assert [row["source"] for row in manifest(out)] == [
        f"pictures/1.0.0/train#{i}" for i in range(6)
    ]


def test_a_shard_that_ends_early(stylized, tmp_path):
    """All samples before are made, and what is lost is told of."""
    shards = make_shards(tmp_path / "in")
    path = shards / "train-0.tar"
    with tarfile.open(path) as tar:
        place = next(x.offset for x in tar if x.name == "00004.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[: place + 700])
    out, outcomes = stylized(shards, "out")
    assert [(x.made, len(x.failed)) for x in outcomes] == [(4, 1), (6, 0)]
    assert outcomes[0].failed[0].startswith("train-0.tar: cannot be read from 00004 on: ")
    assert len(members(out / "train-0.tar")) == 12
    path.write_bytes(whole[:place] + b"x" * 512 + whole[place + 512 :])
    _, outcomes = stylized(shards, "other")
    assert [(x.made, len(x.failed)) for x in outcomes] == [(4, 1), (6, 0)]
    assert outcomes[0].failed[0] == "train-0.tar: cannot be read from 00004 on: damaged header"


def test_samples_without_an_image(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("./x/a.b.cls"))
    source = Shards((tmp_path / "a.tar",), tmp_path)
    [record] = source.records(source.parts()[0])
    assert record.key == "x/a"
    assert record.error == "has no image among its members .b.cls"


def test_names_that_would_be_one(stylized, tmp_path):
    tree = make_tree(tmp_path / "in", 2)
    (tree / "cat/000.jpg").write_bytes(picture(0))
    with pytest.raises(ValueError, match=r"cat/000\.jpg and cat/000\.png would become one"):
        stylized(tree, "out")


def written(sink, made, folder):
    """Write a picture; return its place, and the content of each file or member by its name."""
    with sink.writer(Part("part", ""), folder) as writer:
        place = writer.add(made)
    shard = folder / "part.tar"
    return place, members(shard) if shard.exists() else contents(folder)


@pytest.mark.parametrize("sink", [FolderSink(by_part=False), ShardSink()])
def test_no_field_replaces_a_picture(sink, tmp_path):
    """A sample of a photograph, 0001.jpg, and its mask, 0001.png, whose picture is a PNG, too."""
    fields = {"png": b"mask", "json": b"boxes", "cls": b"3", "label": 3}
    made = Picture(Record("0001", b"", "0001", ".jpg", fields), "0001", ".png", b"picture")
    place, files = written(sink, made, tmp_path)
    assert place.endswith("0001.png")
    assert files == {
        "0001.png": b"picture",
        "0001.png_": b"mask",
        "0001.json": b'{"label": 3}',
        "0001.json_": b"boxes",
        "0001.cls": b"3",
    }


@pytest.mark.parametrize("sink", [FolderSink(by_part=True), FolderSink(False), ShardSink()])
@pytest.mark.parametrize("name", ["../../x", "a/../../../x", "TOP/x"])
def test_a_name_that_leads_out_of_the_data_set(sink, name, tmp_path):
    """As the members of a tar file from elsewhere may have."""
    name = name.replace("TOP", str(tmp_path))
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo(f"{name}.png")
        member.size = 7
        tar.addfile(member, io.BytesIO(b"picture"))
    source = Shards((tmp_path / "a.tar",), tmp_path)
    [record] = source.records(source.parts()[0])
    made = Picture(record, record.stem, ".png", b"picture")
    out = tmp_path / "within/out"
    refused = pytest.raises(NameRefusedError, match=r"begins with / or has \.\. in it")
    with sink.writer(Part("part", ""), out) as writer, refused:
        writer.add(made)
    assert not list(tmp_path.rglob("*.png"))
    assert out.joinpath("part.tar").exists() == isinstance(sink, ShardSink)


@pytest.mark.parametrize("sink", [FolderSink(by_part=False), ShardSink()])
def test_a_field_with_a_slash_in_its_name(sink, tmp_path):
    """As columns of TensorFlow's data sets have; no field replaces another."""
    fields = {"image/name": b"1", "image_name": b"2", "a_b/c": b"3", "a/b_c": b"4", "d/e": 5}
    made = Picture(Record("x", b"", "x", fields=fields), "x", ".png", b"picture")
    _, files = written(sink, made, tmp_path)
    assert files == {
        "x.png": b"picture",
        "x.image_name_": b"1",
        "x.image_name": b"2",
        "x.a_b_c": b"3",
        "x.a_b_c_": b"4",
        "x.json": b'{"d/e": 5}',
    }


def test_a_field_that_no_file_can_be_named_by(tmp_path):
    fields = {"a\0b": b"1", "longer": b"2"}
    made = Picture(Record("x", b"", "x", fields=fields), "x", ".png", b"picture")
    refused = pytest.raises(NameRefusedError, match="is no name of a file")
    with FolderSink(by_part=False).writer(Part("part", ""), tmp_path) as writer, refused:
        writer.add(made)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["a\0b", "a" * 252, "a" * 251])
def test_a_key_that_no_file_can_have(tmp_path, key):
    picture_ = Picture(Record(key, b"", key, fields={"label": 1}), key, ".png", b"picture")
    with FolderSink(by_part=True).writer(Part("part", ""), tmp_path) as writer:
        with pytest.raises(NameRefusedError, match="is no name of a file"):
            writer.add(picture_)
        assert not [x for x in tmp_path.rglob("*") if x.is_file()]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string()])
def test_keys_of_either_type(tmp_path, kind):
    columns = {"image": [picture(0)], "key": pa.array(["a"], kind)}
    pq.write_table(pa.table(columns), tmp_path / "x.data")
    source = open_source(str(tmp_path / "x.data"), "parquet", 1)
    [record] = source.records(source.parts()[0])
    assert record.key == "a"
    with open_sink("parquet", "parquet").writer(source.parts()[0], tmp_path / "out") as writer:
        writer.add(Picture(record, "a", ".png", b"made"))
    [row] = pq.read_table(tmp_path / "out/x.parquet").to_pylist()
    assert row == {"image": b"made", "key": "a"}  # whatever the file is called


def test_a_part_without_a_picture_is_no_empty_table(tmp_path):
    with TableSink().writer(Part("part-0", str(tmp_path)), tmp_path / "out"):
        pass
    assert not [*(tmp_path / "out").iterdir()]


@pytest.mark.parametrize("to", ["folder", "webdataset", "parquet"])
def test_names_that_are_not_utf8(stylized, paintings, tmp_path, to):
    """They become escapes in the manifest and in tables; files keep them."""
    name, told = os.fsdecode(b"caf\xe9"), r"caf\udce9"
    tree = tmp_path / "in" / name
    tree.mkdir(parents=True)
    (tree / f"{name}.png").write_bytes(picture(0))
    style = (paintings / "cat/000.png").rename(paintings / f"{name}.png")
    out, outcomes = stylized(tree.parent, f"out {name}", to=to, styles=[style])
    assert [(x.made, x.failed) for x in outcomes] == [(1, ())]
    out = out.rename(tmp_path / "out")  # pyarrow itself opens no other name
    [row] = manifest(out)
    assert (row["source"], row["style"]) == (f"{told}/{told}.png", f"{told}.png")
    if to == "parquet":
        table = (out / "part-00000.parquet").rename(tmp_path / f"{name}.parquet")
        source = open_source(str(table), "parquet", 1, "image")
        [record] = source.records(source.parts()[0])
        assert (record.key, record.fields["class"]) == (f"{told}/{told}", told)
    elif to == "folder":
        assert list(data(out)) == [f"{name}/{name}.png"]
    else:
        assert f"{name}/{name}.png" in members(out / "part-00000.tar")


def test_which_kind_a_place_is(tmp_path):
    make_shards(tmp_path / "both/a")
    assert kind_of(str(tmp_path / "both")) == "webdataset"
    make_table(tmp_path / "both/b.parquet")
    with pytest.raises(ValueError, match="webdataset and parquet: name one by --from"):
        kind_of(str(tmp_path / "both"))
    assert kind_of(str(tmp_path / "both"), "parquet") == "parquet"
    assert kind_of("tfds:cifar10:train") == "tfds"
    (tmp_path / "both/b.parquet").rename(tmp_path / "both/a/c.png")
    with pytest.raises(ValueError, match="webdataset and folder: name one by --from"):
        kind_of(str(tmp_path / "both"))
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        kind_of(str(tmp_path / "none"))
    (tmp_path / "a.zip").touch()
    with pytest.raises(ValueError, match=r"neither \.tar nor \.parquet"):
        kind_of(str(tmp_path / "a.zip"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no image in"):
        open_source(str(tmp_path / "empty"), "folder", 1).parts()
    with pytest.raises(FileNotFoundError, match=r"no \.tar file in"):
        open_source(str(tmp_path / "empty"), "webdataset", 1)
    elsewhere = make_shards(tmp_path / "elsewhere")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/b").symlink_to(elsewhere)
    (tmp_path / "linked/_c").symlink_to(elsewhere)
    parts = open_source(str(tmp_path / "linked"), "webdataset", 1).parts()
    assert len(parts) == len(list(elsewhere.glob("*.tar")))
    (tmp_path / "bad.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"bad\.parquet is no Parquet file, or damaged"):
        open_source(str(tmp_path / "bad.parquet"), "parquet", 1).parts()


def test_arrays_within_features_become_lists():
    camera = {"matrix": np.eye(2, dtype=np.int32), "boxes": [np.zeros((1, 2))]}
    table = pa.table({"camera": [table_files._plain(camera)]})
    assert table.to_pylist() == [{"camera": {"matrix": [[1, 0], [0, 1]], "boxes": [[[0.0, 0.0]]]}}]


def test_arrays_become_lists(prepared):
    source = open_source(f"tfds:{prepared}:train", "tfds", 4)
    record = next(source.records(source.parts()[0]))
    assert isinstance(record.fields["label"], np.integer | int)
