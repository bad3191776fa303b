"""Files of moving pictures in and out."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import jax
import pytest
from PIL import Image, ImageSequence

import adain_jax
from adain_jax.files import moving, video
from adain_jax.jobs import clip
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.model import Model
from tests.clips import packets, pan, write
from tests.jobs.clips import COUNT, frames_of, interrupt_after, make


def test_a_clip(job, tiny):
    assert make(job, tiny) == (COUNT, COUNT)
    ours, theirs = (moving.open_clip(x) for x in (job.output, job.content))
    seconds = [[frame.pts * x.look.time_base for frame in x.frames()] for x in (ours, theirs)]
    assert seconds[0] == seconds[1]
    assert ours.look.size == theirs.look.size
    assert packets(job.output, "audio") == packets(job.content, "audio")
    assert not job.parts.exists()


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.mkv", "out.webm", "folder"])
def test_other_kinds(job, tmp_path, name):
    model = adain_jax.load("fast")  # of whose pictures no two are alike
    silent = write(tmp_path / "silent.mp4", pan(COUNT))
    output = tmp_path / name
    make(replace(job, content=silent, output=output), model)
    made = frames_of(output)
    assert len(made) == COUNT
    assert made[0].rgb.shape == (64, 96, 3)
    again = replace(job, content=output, output=tmp_path / "again.mp4")
    make(again, model)
    look = moving.open_clip(again.output).look
    seconds = [x.pts * look.time_base for x in frames_of(again.output)]
    rate = 25 if name == "folder" else 12
    assert all(abs(x - Fraction(i, rate)) < Fraction(1, 90) for i, x in enumerate(seconds))


def test_a_folder_in_the_order_of_numbers(job, tiny, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for i, frame in enumerate(pan(11)):
        Image.fromarray(frame).save(folder / f"f{i}.png")
    made = replace(job, content=folder, rate=Fraction(10), controls=Controls(alpha=0.0), calm=0)
    make(made, tiny)
    names = [path.name for path in moving.open_clip(folder).files]  # type: ignore[attr-defined]
    assert names == [f"f{i}.png" for i in range(11)]
    assert moving.open_clip(job.output).look.rate == 10


def test_start_and_duration(job, tiny):
    make(replace(job, start=Fraction(1, 4), duration=Fraction(1, 2)), tiny)
    out = moving.open_clip(job.output)
    assert [frame.pts * out.look.time_base for frame in out.frames()] == [
        Fraction(i, 12) for i in range(6)
    ]
    assert max(when for when, _ in packets(job.output, "audio")) < Fraction(1, 2)
    with pytest.raises(ValueError, match="no frame between"):
        make(replace(job, start=Fraction(99)), tiny)


def test_pictures_that_last_long_are_cut(job, tiny, tmp_path):
    first, *others = (Image.fromarray(frame) for frame in pan(3))
    first.save(tmp_path / "slow.gif", save_all=True, append_images=others, duration=5000)
    slow = replace(job, content=tmp_path / "slow.gif", output=tmp_path / "out.gif")
    for start, duration, lasts in ((0, 2, [2]), (2, 2, [2]), (2, 8, [3, 5]), (5, 9, [5, 4])):
        make(replace(slow, start=Fraction(start), duration=Fraction(duration)), tiny)
        with Image.open(slow.output) as file:
            made = [frame.info["duration"] for frame in ImageSequence.Iterator(file)]
        assert made == [1000 * seconds for seconds in lasts]


@pytest.mark.parametrize("color", ["style", "coral"])
def test_an_interrupted_clip_goes_on_to_the_same_file(job, tiny, color):
    job = replace(job, controls=Controls(color=color))
    make(job, tiny)
    whole = job.output.read_bytes()
    job.output.unlink()
    done = interrupt_after(job, tiny, 7)
    assert 5 < done < COUNT
    assert len(frames_of(job.output)) == done  # playable
    assert job.parts.is_dir()
    seen = [progress.done for progress in clip.run(job, tiny, resume=True)]
    assert seen[0] == 5
    assert job.output.read_bytes() == whole
    assert not job.parts.exists()


def test_an_interrupted_joining_leaves_no_file(job, tiny, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    def interrupted(*args, join=clip.join):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", interrupt)  # by which the file would get its name
            join(*args)

    monkeypatch.setattr(clip, "join", interrupted)
    made = []
    with pytest.raises(KeyboardInterrupt) as stopped:
        made += clip.run(job, tiny, stop=lambda: job.parts.exists())
    assert not isinstance(stopped.value, clip.Stopped)
    assert not job.output.exists()
    with pytest.raises(KeyboardInterrupt) as stopped:
        make(job, tiny)
    assert not isinstance(stopped.value, clip.Stopped)


def test_resume_with_nothing_there_begins(job, tiny):
    assert make(job, tiny, resume=True).done == COUNT


def test_resume_with_other_options_is_refused(job, tiny):
    interrupt_after(job, tiny, 7)
    with pytest.raises(ValueError, match="of other files or options"):
        make(replace(job, crf=30), tiny, resume=True)
    decoder = jax.tree.map(lambda x: 1.01 * x, tiny.params["decoder"])
    trained_on = Model.create(tiny.architecture, tiny.params["encoder"], decoder)
    with pytest.raises(ValueError, match="of other files or options"):
        make(job, trained_on, resume=True)
    (job.parts / "state.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged: leave --resume out"):
        make(job, tiny, resume=True)
    assert make(job, tiny).done == COUNT


def test_memory_does_not_grow_with_the_clip(job, tiny, tmp_path):
    """No more frames are read than a few ahead of what is written."""
    read = []
    long = write(tmp_path / "long.mp4", pan(60, step=0.5))
    source = video.Video.frames

    def counted(self, start=Fraction(0)):
        for frame in source(self, start):
            read.append(frame.pts)
            yield frame

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video.Video, "frames", counted)
        made = clip.run(replace(job, content=long), tiny)
        last = list(islice(made, 20))[-1].done
        assert len(read) <= last + 10
        made.close()


def test_damage_in_the_middle_is_told_and_leaves_no_file(job, tiny, tmp_path):
    data = bytearray(job.content.read_bytes())
    begin = data.index(b"mdat") + 200
    data[begin : len(data) * 3 // 4] = bytes(len(data) * 3 // 4 - begin)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.mp4 .*damaged"):
        make(replace(job, content=broken), tiny)
    assert not job.output.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"style": Mixture(((Path("none.jpg"), 1.0),))}, "no such file"),
        ({"start": Fraction(99)}, "no frame between"),
    ],
)
def test_a_mistake_keeps_the_segments_of_an_interrupted_run(job, tiny, changed, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        make(replace(job, **changed), tiny)
    assert not job.parts.exists()
    interrupt_after(job, tiny, 7)
    before = sorted(job.parts.iterdir())
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        make(replace(job, **changed), tiny)
    assert sorted(job.parts.iterdir()) == before
    assert make(job, tiny, resume=True).done == COUNT


def test_a_clip_goes_on_within_the_folder_of_its_frames(job, tiny, frames):
    job = replace(job, content=frames, output=frames / "out.mp4")
    interrupt_after(job, tiny, 7)
    assert job.output.exists()
    assert make(job, tiny, resume=True) == (COUNT, COUNT)
    interrupt_after(job, tiny, 7)
    Image.fromarray(pan(1)[0]).save(frames / "f99.png")
    with pytest.raises(ValueError, match="of other files or options"):
        make(job, tiny, resume=True)


@pytest.mark.parametrize(
    ("name", "width"), [("out.gif", 128), ("out.webp", 128), ("folder", 128), ("out.mp4", 96)]
)
def test_pixels_are_square_except_in_videos(job, tiny, tmp_path, name, width):
    wide = write(tmp_path / "wide.mp4", pan(2), aspect=Fraction(4, 3))
    made = replace(job, content=wide, output=tmp_path / name)
    make(made, tiny)
    look = moving.open_clip(made.output).look
    assert (*look.size, look.aspect) == (64, width, Fraction(128, width))


def test_a_stream_that_cannot_be_copied_is_warned_of(job, tiny, tmp_path):
    data = job.content.read_bytes().replace(b"mp4a", b"xxxx").replace(b"esds", b"free")
    (tmp_path / "unknown.mp4").write_bytes(data)
    warned = []
    job = replace(job, content=tmp_path / "unknown.mp4")
    make(job, tiny, warn=warned.append)
    assert len(frames_of(job.output)) == COUNT
    [line] = warned
    assert line.startswith("stream 1 (sound of an unknown kind) of ")


def test_a_beginning_after_any_end(job, tiny):
    with pytest.raises(ValueError, match="no frame between"):
        make(replace(job, start=Fraction(10) ** 17), tiny)
