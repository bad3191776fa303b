"""`adain-jax stylize` of many files."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.common import MADE, SMALL, assert_one_error, files_in


def test_several_pictures_and_a_bad_one(main, photo, painting, tmp_path):
    (tmp_path / "photos").mkdir()
    photo.rename(tmp_path / "photos/photo.png")
    (tmp_path / "photos/bad.jpg").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    args = ("empty", "photos", "-s", painting, "photos/photo.png", "-o", "out", *SMALL)
    printed = main("stylize", *args, code=2)
    made = ["photo_stylized_painting.png", "photo_stylized_photo.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == made
    assert sorted(printed.out.split()) == [str(Path("out") / name) for name in made]
    first, second = printed.err.splitlines()
    assert "no image in empty" in first
    assert "bad.jpg is empty" in second


def test_folders_keep_their_tree_and_what_is_bad_comes_last(main, photos, painting, tmp_path):
    (photos / "0.jpg").write_text("no image")
    printed = main("stylize", "photos", painting, "-o", "out", *SMALL, code=2)
    assert printed.out.splitlines() == MADE
    assert files_in(tmp_path / "out") == MADE
    first, second = printed.err.splitlines()
    assert first.startswith("adain-jax: error: photos/0.jpg is not an image")
    assert second == "adain-jax: error: photos/bad.jpg is empty (0 bytes)"


def test_moving_pictures_are_for_another_command(main, photo, painting, tmp_path):
    still = Image.open(photo)
    for name, frames in (("still.gif", []), ("moving.gif", [still.rotate(9)])):
        still.save(tmp_path / name, save_all=True, append_images=frames)
    printed = main("stylize", "still.gif", "moving.gif", "-s", painting, "-o", "out", *SMALL)
    [note] = printed.err.splitlines()
    assert "only the first picture of moving.gif is used: adain-jax video takes all of them" in note
    (tmp_path / "clip.mp4").touch()
    printed = main("stylize", "clip.mp4", painting, "-o", "out.png", *SMALL, code=2)
    assert_one_error(*printed, "clip.mp4 is a video: adain-jax video is for those")
    printed = main("stylize", "clip.mp4", photo, "-s", painting, "-o", "out", *SMALL, code=2)
    assert printed.out.splitlines() == [str(Path("out/photo_stylized_painting.png"))]
    assert "clip.mp4 is a video" in printed.err


def test_resume_and_report(main, photos, painting, tmp_path, monkeypatch):
    args = ("stylize", "photos", painting, "-o", "out", "--json", "reports/a.json", *SMALL)
    main(*args, code=2)
    report = json.loads((tmp_path / "reports/a.json").read_text())
    assert report["complete"]
    below, top, bad = report["pictures"]
    assert below["content"] == str(Path("photos/2024/b.png"))
    assert below["styles"] == [{"file": str(painting), "weight": 1.0}]
    assert below["output"] == MADE[0]
    assert below["size"] == [22, 16]
    assert below["seconds"] > 0
    assert [row["status"] for row in (below, top, bad)] == ["ok", "ok", "failed"]
    assert below["error"] is None
    assert bad["error"] == "photos/bad.jpg is empty (0 bytes)"
    assert [x.name for x in (tmp_path / "reports").iterdir()] == ["a.json"]

    (tmp_path / MADE[1]).unlink()
    (tmp_path / MADE[0]).write_text("as it was")
    printed = main(*args, "--resume", code=2)
    assert printed.out.splitlines() == MADE[1:]
    assert (tmp_path / MADE[0]).read_text() == "as it was"
    note, error = printed.err.splitlines()
    assert note == "adain-jax: skipped, being there already: 1 of 3"
    assert "bad.jpg is empty" in error
    report = json.loads((tmp_path / "reports/a.json").read_text())
    assert [row["status"] for row in report["pictures"]] == ["skipped", "ok", "failed"]

    (photos / "bad.jpg").unlink()  # now nothing is left to do, and no model needed
    monkeypatch.setattr("adain_jax.model.Model.load", None)
    printed = main(*args, "--resume")
    assert printed.out == ""
    assert printed.err == "adain-jax: skipped, being there already: 2 of 2\n"


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("out.png", "out.png would replace one of the files read or made"),
        (".", ". is no name for a file"),
        ("-", "- is no name for a file"),
        ("photo.png/a.json", "cannot write photo.png/a.json: PHOTO is not a folder"),
    ],
)
def test_a_report_that_cannot_be_written_is_known_at_once(main, photo, painting, report, message):
    printed = main("stylize", photo, painting, "-o", "out.png", "--json", report, code=2)
    message = message.replace("PHOTO", str(photo))
    assert printed.err == f"adain-jax: error: --json: {message}" + (
        ": name another\n" if "replace" in message else "\n"
    )
    assert printed.out == ""


@pytest.mark.slow
def test_names_that_the_terminal_cannot_print(run, photo, painting, tmp_path):
    name = "画.png"
    (tmp_path / name).write_bytes(photo.read_bytes())
    args = ("stylize", tmp_path / name, photo, "-s", painting, "-o", tmp_path / "out", *SMALL)
    result = run(*args, "--json", tmp_path / "a.json", PYTHONIOENCODING="ascii")
    assert "\\u753b_stylized_painting.png" in result.stdout
    rows = json.loads((tmp_path / "a.json").read_text("ascii"))["pictures"]
    assert rows[0]["content"] == str(tmp_path / name)


def test_dry_run(main, photos, painting, tmp_path, monkeypatch):
    monkeypatch.setattr("adain_jax.model.Model.load", None)
    (tmp_path / "out/2024").mkdir(parents=True)
    (tmp_path / MADE[0]).touch()
    before = sorted(tmp_path.rglob("*"))
    args = ("stylize", "photos", painting, "-o", "out", "--resume", "--dry-run", "--json", "a.json")
    printed = main(*args)
    below, top, bad = printed.out.splitlines()
    assert below == f"photos/2024/b.png in the style of {painting} -> {MADE[0]} (skipped: is there)"
    assert top == f"photos/a.png in the style of {painting} -> {MADE[1]}"
    assert "photos/bad.jpg" in bad
    assert printed.err == "adain-jax: skipped, being there already: 1 of 3\n"
    assert sorted(tmp_path.rglob("*")) == before
    masks = ("--styles", painting, "--masks", "mask.png", "--dry-run")
    assert "no such file: mask.png" in main("stylize", "photos", *masks, code=2).err
    printed = main("stylize", "nix.jpg", painting, "--dry-run", code=2)
    assert printed.err == "adain-jax: error: no such file: nix.jpg\n"


def test_pairs(main, photos, painting, tmp_path):
    (tmp_path / "paintings").mkdir()
    for name in ("a.jpg", "spare.jpg"):
        (tmp_path / "paintings" / name).write_bytes(painting.read_bytes())
    args = ("photos", "paintings", "--pairs", "-o", "out", "--json", "a.json", *SMALL)
    printed = main("stylize", *args, code=2)
    assert printed.out == "out/a_stylized_a.png\n"
    assert printed.err.splitlines() == [
        "adain-jax: no content has the name of paintings/spare.jpg",
        "adain-jax: error: photos/2024/b.png: no style has this name",
        "adain-jax: error: photos/bad.jpg: no style has this name",
    ]
    made, *alone = json.loads((tmp_path / "a.json").read_text())["pictures"]
    assert made["status"] == "ok"
    assert [(row["content"], row["status"], row["output"]) for row in alone] == [
        ("photos/2024/b.png", "failed", None),
        ("photos/bad.jpg", "failed", None),
    ]
