"""Reading and writing videos: times, colours, shapes, sound."""

import itertools
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from adain_jax.files import join, moving, segment, video
from adain_jax.files.clip import Color
from tests.clips import decoded, packets, pan, write

BARS = np.repeat(
    np.array(
        [
            *([191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0]),
            *([191, 0, 191], [191, 0, 0], [0, 0, 191], [16, 16, 16]),
        ],
        np.uint8,
    )[None],
    64,
    axis=0,
).repeat(64, axis=1)  # (64, 512, 3)
MATRICES = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def rgb_of(planes, matrix, full):
    """The definition, of planes (3, H, W), in levels."""
    red, blue = MATRICES[matrix]
    y, u, v = planes.astype(np.float64)
    y, u, v = (y, u - 128, v - 128) if full else ((y - 16) / 219, (u - 128) / 224, (v - 128) / 224)
    y, u, v = (y / 255, u / 255, v / 255) if full else (y, u, v)
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.stack([r, g, b], -1), 0, 1) * 255


def rewritten(source, output, codec="h264", **options):
    """A video read and written again, in segments of 5 frames."""
    clip = video.Video(source)
    frames, segments = list(clip.frames()), []
    for i in range(0, len(frames), 5):
        segments.append(output.with_name(f"{i:03}.nut"))
        writer = segment.Writer(segments[-1], clip.look, codec, 1)
        for frame in frames[i : i + 5]:
            writer.write(frame)
        writer.close()
    join.join(segments, output, clip.look, frames[-1].duration, source, **options)
    return output


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_are_read_by_the_file_s_own_matrix_and_range(tmp_path, matrix, full):
    path = write(tmp_path / "a.mp4", [BARS] * 2, pixels="yuv444p", matrix=matrix, full=full)
    frame = next(video.Video(path).frames())
    expected = rgb_of(decoded(path)[0], matrix, full)
    assert np.abs(frame.rgb - expected).max() <= 3
    assert np.abs(frame.rgb.astype(float) - BARS).mean() < 2


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_are_written_as_they_were(tmp_path, matrix, full):
    path = write(tmp_path / "a.mp4", [BARS] * 6, matrix=matrix, full=full)
    again = rewritten(path, tmp_path / "b.mp4")
    color = video.Video(again).look.color
    assert (color.matrix, color.full) == (matrix, full)
    for one, other in zip(video.Video(path).frames(), video.Video(again).frames(), strict=True):
        error = np.abs(one.rgb.astype(float) - other.rgb)
        assert error.mean() < 2
        inside = error.reshape(64, 8, 64, 3)[:, :, 8:-8]  # of each bar
        assert inside.max() <= 3


def test_a_video_that_does_not_say_is_of_the_usual_matrix(tmp_path):
    small = write(tmp_path / "a.mp4", pan(2), matrix=2)
    large = write(tmp_path / "b.mp4", pan(2, (720, 64)), matrix=2)
    assert video.Video(small).look.color.matrix == 6
    assert video.Video(large).look.color.matrix == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_times_are_kept(tmp_path, suffix):
    times = [0, 40, 80, 200, 210, 333, 1000, 1040, 1500, 1777, 1800, 2000]
    path = write(tmp_path / "a.mp4", pan(), times, time_base=Fraction(1, 1000), last=70)
    again = rewritten(path, tmp_path / f"b{suffix}")
    clip = video.Video(again)
    frames = list(clip.frames())
    assert [frame.pts * clip.look.time_base * 1000 for frame in frames] == times
    assert [a.duration for a in frames[:-1]] == [b.pts - a.pts for a, b in pairwise(frames)]
    if suffix != ".mkv":  # which notes no durations of this kind
        assert frames[-1].duration * clip.look.time_base == Fraction(70, 1000)


def test_broadcast_rates_are_exact(tmp_path):
    base = Fraction(1001, 30000)
    path = write(tmp_path / "a.mp4", pan(), time_base=base)
    clip = video.Video(rewritten(path, tmp_path / "b.mp4"))
    assert [x.pts * clip.look.time_base for x in clip.frames()] == [i * base for i in range(12)]
    assert clip.look.rate == 1 / base


def test_frames_from_a_moment_on(tmp_path):
    clip = video.Video(write(tmp_path / "a.mp4", pan(30)))
    every = list(clip.frames())
    for second in (Fraction(1), Fraction(7, 5), Fraction(29, 12)):
        some = list(clip.frames(second))
        wanted = [x for x in every if x.pts * clip.look.time_base >= second]
        assert [x.pts for x in some] == [x.pts for x in wanted]
        np.testing.assert_array_equal(some[0].rgb, wanted[0].rgb)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_frame_that_lasts_is_cut_at_the_moment(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", pan(3), (0, 60, 120), sound=False)
    clip = video.Video(path)
    every = list(clip.frames())
    base = clip.look.time_base
    for second, begins in ((2, [2, 5, 10]), (5, [5, 10]), (Fraction(995, 100), [10])):
        some = list(clip.frames(Fraction(second)))
        assert [frame.pts * base for frame in some] == begins
        np.testing.assert_array_equal(some[0].rgb, every[-len(some)].rgb)
        assert all(x.pts + x.duration == y.pts for x, y in itertools.pairwise(some))


def test_times_that_start_again_lose_no_frame(tmp_path):
    path = write(tmp_path / "a.ts", pan(6), sound=False)
    whole = path.read_bytes()
    path.write_bytes(2 * whole)
    assert len(list(video.Video(path).frames())) == 12


def test_a_file_that_begins_late_begins_at_0(tmp_path):
    path = write(
        tmp_path / "a.ts", pan(), range(30, 42), sound=False, container={"format": "mpegts"}
    )
    with av.open(str(path)) as container:
        assert container.start_time > 1_000_000
    frames = list(video.Video(path).frames())
    assert frames[0].pts == 0
    assert len(frames) == 12


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_frames_are_turned_upright(tmp_path, rotation, mirrored):
    still = pan(1)[0]
    path = write(tmp_path / "a.mp4", [still] * 2, rotation=rotation, mirrored=mirrored)
    clip = video.Video(path)
    rgb = next(clip.frames()).rgb
    turned = np.rot90(still, rotation // 90)  # FFmpeg's angles are counterclockwise
    expected = turned[:, ::-1] if mirrored else turned
    assert clip.look.size == rgb.shape[:2] == expected.shape[:2]
    assert np.abs(rgb.astype(float) - expected).mean() < 4


def test_aspects_are_kept(tmp_path):
    path = write(tmp_path / "a.mp4", pan(), aspect=Fraction(4, 3))
    again = video.Video(rewritten(path, tmp_path / "b.mp4"))
    assert again.look.aspect == Fraction(4, 3)
    turned = write(tmp_path / "c.mp4", pan(), aspect=Fraction(4, 3), rotation=90)
    assert video.Video(turned).look.aspect == Fraction(3, 4)


def test_odd_sizes_get_one_more_line(tmp_path):
    odd = [frame[:63, :95] for frame in pan()]
    path = write(tmp_path / "a.mp4", odd, pixels="yuv444p")
    clip = video.Video(rewritten(path, tmp_path / "b.mp4"))
    assert clip.look.size == (64, 96)
    assert np.abs(next(clip.frames()).rgb[:63, :95].astype(float) - odd[0]).mean() < 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_sound_is_copied(tmp_path, suffix):
    path = write(tmp_path / "a.mp4", pan(24), sound=True)
    again = rewritten(path, tmp_path / f"b{suffix}")
    before, after = (packets(x, "audio") for x in (path, again))
    assert [data for _, data in before] == [data for _, data in after]
    # Matroska has no times below 0, where AAC begins: it all comes a little later.
    shift = packets(again, "video")[0][0]
    for (one, _), (other, _) in zip(before, after, strict=True):
        assert abs(one - (other - shift)) <= Fraction(1, 1000)


def test_subtitles_are_copied(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,250 --> 00:00:00,750\nIt begins.\n")
    picture, path = write(tmp_path / "a.mp4", pan()), tmp_path / "a.mkv"
    sources = [av.open(str(x)) for x in (picture, tmp_path / "a.srt")]
    with av.open(str(path), "w") as sink:
        copies = [sink.add_stream_from_template(x.streams[0], opaque=True) for x in sources]
        copies[1].metadata["language"] = "eng"
        for source, copy in zip(sources, copies, strict=True):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = copy
                    sink.mux(packet)
    again = rewritten(path, tmp_path / "b.mkv")
    assert packets(again, "subtitles") == [(Fraction(1, 4), b"It begins.")]
    with av.open(str(again)) as container:
        assert container.streams.subtitles[0].language == "eng"
    with pytest.raises(ValueError, match=r"b\.mp4 cannot hold the subtitles of a\.mkv"):
        join.check_output(tmp_path / "b.mp4", "h264", path)


def test_sound_is_cut_with_the_frames(tmp_path):
    path = write(tmp_path / "a.mp4", pan(36), sound=True)
    begin, end = Fraction(1), Fraction(2)
    again = rewritten(path, tmp_path / "b.mp4", start=begin, until=end)
    times = [when for when, _ in packets(again, "audio")]
    assert 0 <= min(times) < Fraction(1, 20)
    assert Fraction(19, 20) < max(times) < 1
    first = next(data for when, data in packets(path, "audio") if when >= begin)
    assert packets(again, "audio")[0][1] == first


@pytest.mark.parametrize(("codec", "suffix"), [("hevc", ".mp4"), ("vp9", ".webm"), ("av1", ".mkv")])
def test_codecs(tmp_path, codec, suffix):
    path = write(tmp_path / "a.mp4", pan())
    again = rewritten(path, tmp_path / f"b{suffix}", codec)
    with av.open(str(again)) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name in (codec, "hevc")
    ours, theirs = (list(video.Video(x).frames()) for x in (again, path))
    assert len(ours) == len(theirs)
    assert np.mean([np.abs(a.rgb * 1.0 - b.rgb) for a, b in zip(ours, theirs, strict=True)]) < 4


def test_frames_left_in_the_middle_say_nothing(tmp_path):
    clip = write(tmp_path / "clip.mp4", pan())
    code = (
        "from pathlib import Path\nfrom adain_jax.files.video import Video\n"
        f"frames = Video(Path({str(clip)!r})).frames()\nnext(frames)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_what_is_no_video_is_refused_in_a_line(tmp_path):
    sound = tmp_path / "sound.m4a"
    with av.open(str(sound), "w", format="mp4") as sink:
        stream = sink.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 48_000, 0
        sink.mux([*stream.encode(frame), *stream.encode(None)])
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    whole = write(tmp_path / "whole.mp4", pan()).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    for name, words in {
        "sound.m4a": "no moving pictures",
        "text.mp4": "is no video, or damaged",
        "empty.mp4": "is no video, or damaged",
        "cut.mp4": "is no video, or damaged",
    }.items():
        with pytest.raises(ValueError, match=words) as caught:
            video.Video(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="no such file"):
        video.Video(tmp_path / "none.mp4")


def test_without_the_package_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(ValueError, match=r"pip install 'adain-jax\[video\]'"):
        moving.open_clip(write_nothing(tmp_path / "a.mp4"))


def write_nothing(path):
    path.touch()
    return path


def test_colour_s_defaults():
    assert Color() == (1, False, 1, 1)


def with_b_frames(path, frames):
    sink: Any = av.open(str(path), "w", format=path.suffix[1:])
    with sink:
        stream = sink.add_stream("libx264", rate=25, options={"bf": "3", "g": "12", "crf": "10"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for rgb in frames:
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(rgb)))
        sink.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.avi", "a.h264", "a.mp4", "a.mpegts"])
def test_frames_from_a_moment_on_where_times_are_inexact(tmp_path, name):
    clip = video.Video(with_b_frames(tmp_path / name, pan(40)))
    every = list(clip.frames())
    assert len(every) == 40
    for number in (1, 2, 13, 25, 38):
        some = list(clip.frames(every[number].pts * clip.look.time_base))
        assert [x.pts for x in some] == [x.pts for x in every[number:]]
        np.testing.assert_array_equal(some[0].rgb, every[number].rgb)


def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source, part, output = Path("12:30.mp4"), Path("a:b.nut"), Path("c:d.mp4")
    write(tmp_path / source, pan(), sound=True)
    clip = video.Video(source)
    writer = segment.Writer(part, clip.look)
    for frame in clip.frames():
        writer.write(frame)
    writer.close()
    join.check_output(output, "h264", source)
    join.join([part], output, clip.look, 1, source)
    assert len(list(video.Video(output).frames())) == len(pan())
    assert packets(tmp_path / output, "audio")
