"""Which files of a folder are its images."""

import os

import pytest

from adain_jax.files import find, image


def test_find(tmp_path):
    for name in ("b.JPG", "a.png", "sub/c.webp", "notes.txt", ".hidden/d.png", ".e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find.images(tmp_path)]
    assert found == ["a.png", "b.JPG", "sub/c.webp"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no image in"):
        find.images(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find.images(tmp_path / "nix")


def test_links_to_folders_are_followed_once(tmp_path):
    top, elsewhere = tmp_path / "top", tmp_path / "elsewhere"
    for path in (top / "real" / "a.png", elsewhere / "b.png", elsewhere / "in" / "c.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    links = {
        "again": top / "real",  # which is there by its own name
        "data": elsewhere,
        "also": elsewhere / "in",
        ".hidden": elsewhere,
        "real/loop": top,
        "nowhere": tmp_path / "nix",
    }
    for name, target in links.items():
        (top / name).symlink_to(target)
    (elsewhere / "up").symlink_to(tmp_path)
    found = [path.relative_to(top).as_posix() for path in find.images(top)]
    assert found == ["also/c.png", "data/b.png", "real/a.png"]
    (tmp_path / "link").symlink_to(top)
    found = [path.relative_to(tmp_path / "link") for path in find.images(tmp_path / "link")]
    assert [str(path) for path in found] == ["also/c.png", "data/b.png", "real/a.png"]


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_what_cannot_be_entered_is_passed_over(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "closed").mkdir(mode=0)
    try:
        assert find.images(tmp_path) == [tmp_path / "a.png"]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_photographs_that_cannot_be_read_are_found_unless_there_is_a_copy(tmp_path):
    for name in ("a.HEIC", "b.heic", "sub/b.jpg", "c.heif", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic")
    found = [path.relative_to(tmp_path).as_posix() for path in find.photographs(tmp_path)]
    assert found == ["a.HEIC", "b.heic", "c.png", "sub/b.jpg"]
    assert len(find.images(tmp_path)) == 2
    with pytest.raises(ValueError, match="a HEIC image, which cannot be read"):
        image.load(tmp_path / "a.HEIC")
