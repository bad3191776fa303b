"""Files that appear whole: all writers of the package use these, and pictures' are tested too."""

import os
import stat
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from adain_jax.files import image
from adain_jax.runtime.atomic import atomic_path, check_apart, check_place, make_folder

NOISE = np.random.default_rng(0).integers(256, size=(200, 200, 3), dtype=np.uint8)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text="whole"):
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def fail(path):
    with pytest.raises(KeyError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise KeyError


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    write(path)
    fail(path)
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "a" * 234 + ".png",
        "a" * 251 + ".png",
        "画" * 83 + ".tiff",
        "." + "a" * 254,
        "a." + "b" * 253,
        os.fsdecode(b"\xff" * 251 + b".bmp"),
    ],
)
def test_names_as_long_as_can_be(tmp_path, name):
    with atomic_path(tmp_path / name) as temporary:
        assert temporary.suffix in (Path(name).suffix, "")
        temporary.write_text("whole")
    assert names(tmp_path) == [name]


def test_formats_are_known_by_the_other_name(tmp_path):
    for suffix in (".png", ".safetensors", ".JPG"):
        with atomic_path(tmp_path / f"a{suffix}") as temporary:
            assert temporary.suffix == suffix


def test_links_stay_and_what_they_point_to_is_written(tmp_path, mount):
    (tmp_path / "far").mkdir()
    for target in (tmp_path / "far/old", tmp_path / "far/new", mount("size=1m") / "other"):
        if target.name == "old":
            target.write_text("old")
        link = tmp_path / f"link-{target.name}"
        link.symlink_to(target)
        twice = tmp_path / f"twice-{target.name}"
        twice.symlink_to(link.name)
        write(twice)
        assert twice.is_symlink()
        assert link.is_symlink()
        assert target.read_text() == "whole"
        assert not target.is_symlink()
    assert names(tmp_path / "far") == ["new", "old"]


def test_modes_stay_and_new_ones_are_the_umasks(tmp_path):
    path = tmp_path / "a.txt"
    before = os.umask(0o027)
    try:
        write(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    for mode in (0o600, 0o666, 0o755):
        path.chmod(mode)
        image.save(path.with_suffix(".jpg"), NOISE)
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_owners_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.touch()
    os.chown(path, 1234, 4321)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_pipes_stay_pipes(tmp_path, suffix):
    """Also of formats whose writers go back in the file."""
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    image.save(path, NOISE)
    reader.join()
    assert stat.S_ISFIFO(path.stat().st_mode)
    np.testing.assert_array_equal(image.decode(got[0], path, as_bytes=True).rgb, NOISE)
    assert names(tmp_path) == [path.name]


def test_devices_stay_devices():
    before = Path(os.devnull).stat()
    write(os.devnull)
    fail(os.devnull)
    assert os.path.samestat(before, Path(os.devnull).stat())
    with pytest.raises(OSError, match=r"^cannot write /dev/full: no space left on device$"):
        write("/dev/full")


def test_a_file_that_has_no_name_any_more(tmp_path):
    with (tmp_path / "a.txt").open("w+") as file:
        (tmp_path / "a.txt").unlink()
        write(f"/dev/fd/{file.fileno()}")
        assert file.read() == "whole"
    assert not names(tmp_path)


def test_what_cannot_be_written_is_said_in_words(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere/a")
    (tmp_path / "ring").symlink_to("ring")
    before = sorted(tmp_path.rglob("*"))
    for name, kind, message in (
        ("", IsADirectoryError, f"cannot write {tmp_path}: is a folder"),
        ("file/a.txt", NotADirectoryError, "file/a.txt: not a directory"),
        ("nix/a.txt", FileNotFoundError, "nix/a.txt: no such file or directory"),
        ("a" * 256, OSError, "aaa: file name too long"),
        ("ring", OSError, "too many levels of symbolic links"),
        ("lost", FileNotFoundError, rf"lost \(a link to {tmp_path}/nowhere/a\): no such file"),
    ):
        with pytest.raises(kind, match=message) as caught:
            write(tmp_path / name)
        assert "Errno" not in str(caught.value)
        assert caught.value.errno
    for folder in (tmp_path / "file", tmp_path / "file/b"):
        with pytest.raises(OSError, match=f"^cannot make the folder {folder}: [a-z ]*$"):
            make_folder(folder)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is a folder"),
        ("file/a.txt", ".*/file is not a folder"),
        ("a" * 256, "file name too long"),
        ("new/" + "画" * 86 + "/a.txt", "file name too long"),
        ("new/" + "a" * 256, "file name too long"),
        ("a/" * 2100, "file name too long"),
        ("ring", "too many levels of symbolic links"),
        ("lost", "it links to .*/nowhere/a, in no folder"),
    ],
)
def test_what_cannot_be_written_is_said_before_there_is_anything(tmp_path, name, message):
    (tmp_path / "file").touch()
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere/a")
    (tmp_path / "ring").symlink_to("ring")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError, match=f"^cannot write .*: ({message})$"):
        check_place(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["a" * 255, "new/" + "a" * 255, "file", "near"])
def test_what_can_be_written(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "near").symlink_to("a.txt")
    check_place(tmp_path / name)


def test_errors_of_other_files_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "a.txt"):
        (tmp_path / "other.txt").read_text()
    assert caught.value.filename == str(tmp_path / "other.txt")


def test_a_folder_that_is_read_only(tmp_path, mount):
    if os.geteuid() == 0:
        folder = mount("ro")
    else:
        folder = tmp_path / "locked"
        folder.mkdir(0o555)
    with pytest.raises(OSError, match=f"^cannot write {folder}/a.txt: [a-z -]*$"):
        write(folder / "a.txt")
    with pytest.raises(OSError, match=f"^cannot make the folder {folder}/a/b: [a-z -]*$"):
        make_folder(folder / "a/b")


@pytest.mark.parametrize("suffix", sorted(image.WRITABLE))
def test_a_full_disk(mount, suffix):
    """At any size: some encoders of Pillow's take a file that was cut short for whole."""
    whole = len(image.encode(suffix, NOISE))
    folder = mount("size=4k")
    for short in (1, 20_000, whole):
        size = max(4096, (whole - short) // 4096 * 4096)
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
        with pytest.raises(OSError, match=f"^cannot write .*a{suffix}: no space left on device$"):
            image.save(folder / f"a{suffix}", NOISE)
        assert not names(folder)


def test_names_of_one_file_that_differ_in_case(tmp_path):
    """As on file systems that ignore case; a link, which has the same number, stands for that."""
    photo, other = tmp_path / "photo.JPG", tmp_path / "other.jpg"
    photo.touch()
    (tmp_path / "photo.jpg").hardlink_to(photo)
    other.hardlink_to(photo)
    with pytest.raises(ValueError, match=r"photo\.jpg would replace one of the files read"):
        check_apart([tmp_path / "photo.jpg"], [photo])
    check_apart([other, tmp_path / "new.jpg"], [photo])
