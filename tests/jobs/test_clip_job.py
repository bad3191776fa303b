"""What is wrong with a clip is told before anything is made."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.video.schedule import Schedule
from tests.jobs.clips import make


def test_strengths_of_regions_are_checked_before_the_first_frame(job, tiny):
    both = Mixture(((job.style.parts[0][0], 1.5), (job.style.parts[0][0], 1.0)))
    controls = Controls(masks=(job.content.parent / "none.png",), alpha=0.2)
    rising = Schedule((0.0, 0.9), (0.2, 1.0))
    late = replace(job, style=both, controls=controls, strength=rising)
    with pytest.raises(ValueError, match=r"between 0 and 1, not 1\.5"):
        make(late, tiny)
    after_its_end = Schedule((0.0, 9.0), (0.2, 1.0))
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        make(replace(late, strength=after_its_end), tiny)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"output": "a.txt"}, "its suffix is none of"),
        ({"output": "clip.mp4"}, "would replace one of the files read"),
        ({"codec": "h2000"}, "no codec is called h2000"),
        ({"output": "a.webm"}, "cannot hold the sound"),
        ({"output": "a.gif", "codec": "h264"}, "--codec is for videos"),
        ({"output": "a.gif", "crf": 20}, "--crf is for videos"),
        ({"output": "a.mkv", "codec": "ffv1", "crf": 20}, "--crf: ffv1 is lossless, and has none"),
        ({"calm": 3.0}, "calm is between 0 and 1"),
        ({"content": "photo.png"}, "is one picture"),
        ({"content": "none.mp4"}, "no such file"),
        ({"controls": Controls(masks=(0, 0, 0))}, "1 styles for 3 masks"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(job, tiny, tmp_path, photo, changed, words):
    for name in ("output", "content"):
        if name in changed:
            changed = {**changed, name: tmp_path / changed[name]}
    if "controls" in changed:
        changed = {"controls": Controls(masks=(photo,) * 3)}
    before = sorted(tmp_path.iterdir())
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        make(replace(job, **changed), tiny)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("output", "name"), [(".", "inner"), ("..", "outer"), ("a", "a")])
def test_segments_lie_beside_the_output(job, tmp_path, monkeypatch, output, name):
    inner = tmp_path / "outer/inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    parts = replace(job, output=Path(output)).parts
    assert parts == Path(output).resolve().with_name(f"{name}.parts")


def test_an_output_does_not_become_a_frame(job, tiny, frames):
    with pytest.raises(ValueError, match=r"would become a frame of .*frames"):
        make(replace(job, content=frames, output=frames / "out.gif"), tiny)


def test_frames_do_not_replace_what_is_read(job, tiny, tmp_path):
    (tmp_path / "out").mkdir()
    painting = tmp_path / "out/frame_000001.png"
    Image.new("RGB", (32, 32)).save(painting)
    before = painting.read_bytes()
    changed = replace(job, style=Mixture(((painting, 1.0),)), output=tmp_path / "out")
    with pytest.raises(ValueError, match=r"a frame would replace .*frame_000001\.png"):
        make(changed, tiny)
    assert painting.read_bytes() == before
