"""Begun, broken off, gone on with."""

import shutil
from pathlib import Path

import pytest

from adain_jax.datasets import journal
from adain_jax.datasets.run import Here, Job, run
from adain_jax.datasets.task import Look
from tests.datasets.common import contents, data, make_table, make_tree, manifest, picture


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "in")


class Backwards(Here):
    """An engine that makes parts in another order, and stops after some."""

    def __init__(self, most=None):
        self._most = most

    def run(self, order, parts, model):
        yield from super().run(order, list(reversed(parts))[: self._most], model)
        if self._most:
            raise OSError("the machine is taken")


def test_twice_the_same(stylized, tree):
    first, second = stylized(tree, "a")[0], stylized(tree, "b")[0]
    assert contents(first) == contents(second)
    assert not list((first / journal.FOLDER).glob("work/*"))


def test_the_order_has_no_part_in_it(stylized, tree):
    assert contents(stylized(tree, "a", engine=Backwards())[0]) == contents(stylized(tree, "b")[0])


def test_goes_on_where_it_was(stylized, tree):
    with pytest.raises(OSError, match="the machine is taken"):
        stylized(tree, "a", engine=Backwards(2))
    begun = []
    out, outcomes = stylized(tree, "a", begin=lambda *counts: begun.append(counts))
    assert begun == [(3, 2)]
    assert sum(x.made for x in outcomes) == 12
    assert contents(out) == contents(stylized(tree, "b")[0])


def test_a_part_that_is_moved_but_not_noted(stylized, tree):
    """As after a kill in between: it is made again, the same."""
    out, _ = stylized(tree, "a")
    before = contents(out)
    (out / journal.FOLDER / "parts/part-00001.parquet").unlink()
    (out / journal.MANIFEST).unlink()
    left = out / journal.FOLDER / "work/1234"
    left.mkdir(parents=True)
    (left / "half.png").write_bytes(b"half")
    (out / journal.FOLDER / "parts/.0123456789ab.parquet").touch()
    (out / ".0123456789ab.parquet").touch()
    stylized(tree, "a")
    assert contents(out) == before


def test_another_number_of_images_leaves_the_others_alone(stylized, tree, tmp_path):
    every = data(stylized(tree, "a")[0])
    shutil.rmtree(tree / "cat")
    some = data(stylized(tree, "b", part=5)[0])
    assert some == {name: value for name, value in every.items() if name.startswith("dog")}


def test_other_settings_are_refused(stylized, tree, paintings):
    stylized(tree, "a")
    with pytest.raises(ValueError, match=r"begun with other settings \(seed: 0, now 1\)"):
        stylized(tree, "a", look={"seed": 1})
    with pytest.raises(ValueError, match=r"\(names of images: .*; part: 4, now 5\)"):
        stylized(tree, "a", part=5, to="folder")
    (paintings / "cat/000.png").write_bytes(picture(99))
    with pytest.raises(ValueError, match=r"\(styles: "):
        stylized(tree, "a")


def test_a_folder_of_something_else_is_left_alone(stylized, tree, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").touch()
    with pytest.raises(ValueError, match=r"holds thesis\.txt, and no data set that was begun"):
        stylized(tree, "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
    for name in ("in", "in/out"):
        with pytest.raises(ValueError, match="lie one in the other"):
            stylized(tree, name)


def test_a_mistake_does_not_begin_a_data_set(stylized, tree, paintings):
    """The command goes on once the styles are mended."""
    kept = (paintings / "cat/000.png").read_bytes()
    (paintings / "cat/000.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"000\.png"):
        stylized(tree, "a")
    (paintings / "cat/000.png").write_bytes(kept)
    stylized(tree, "a")


def test_two_parts_of_one_name(stylized, tmp_path):
    """The second would replace the pictures of the first."""
    make_table(tmp_path / "two/x.parquet", 4)
    make_table(tmp_path / "two/x-00000.parquet", 2)
    with pytest.raises(ValueError, match=r"two parts of .*two would be called x-00000: rename"):
        stylized(tmp_path / "two", "a", part=2)


def test_a_file_whose_name_begins_with_a_dot(stylized, tmp_path):
    """It is no leftover of a killed process."""
    make_table(tmp_path / ".x.parquet", 2)
    out, outcomes = stylized(tmp_path / ".x.parquet", "a")
    assert (out / ".x.parquet").is_file()
    assert sum(x.made for x in outcomes) == 2


def test_workers_elsewhere_find_the_model(tree, paintings, tiny_file, tmp_path, monkeypatch):
    """It is named from this folder, and they are in another."""

    class Seen(Here):
        def run(self, order, parts, model):
            self.model = order.model
            yield from super().run(order, parts, model)

    monkeypatch.chdir(Path(tiny_file).parent)
    engine, look = Seen(), Look(batch=1)
    job = Job(
        *(str(tree), tmp_path / "out", [paintings], look, Path(tiny_file).name),
        style_size=32,
        part=4,
    )
    list(run(job, engine, begin=lambda parts, finished: None))
    assert engine.model == str(Path(tiny_file).absolute())


def test_two_at_once(stylized, tree, tmp_path):
    class Twice(Here):
        def run(self, order, parts, model):
            with pytest.raises(ValueError, match="is being written by another process"):
                stylized(tree, "a")
            return super().run(order, parts, model)

    stylized(tree, "a", engine=Twice())


def test_images_that_cannot_be_read(stylized, tree):
    (tree / "cat/002.png").write_bytes(b"no image")
    (tree / "dog/bad.jpg").touch()
    out, outcomes = stylized(tree, "a")
    failed = [text for x in outcomes for text in x.failed]
    assert [text.partition(":")[0] for text in failed] == ["cat/002.png", "dog/bad.jpg"]
    assert sum(x.made for x in outcomes) == 11
    rows = {row["source"]: row for row in manifest(out)}
    assert len(rows) == 13
    assert rows["cat/002.png"]["output"] is None
    assert f"cat/002.png: {rows['cat/002.png']['error']}" == failed[0]
    again = stylized(tree, "a")[1]
    assert [text for x in again for text in x.failed] == failed


def test_strictly(stylized, tree):
    (tree / "dog/005.jpg").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"dog/005\.jpg: "):
        stylized(tree, "a", strict=True)
    out, _ = stylized(tree, "a")  # whether it is strict changes no picture
    assert len(data(out)) == 11
