"""Where one video cannot be made of segments."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from adain_jax.files import join, segment, video
from adain_jax.files.clip import Frame, Look
from adain_jax.files.segment import CODECS, Writer
from adain_jax.files.video import SUFFIXES
from tests.clips import pan, write


def test_a_full_disk_is_told_of_the_output(tmp_path, mount):
    path = write(tmp_path / "a.mp4", pan(24), sound=True)
    clip = video.Video(path)
    writer = segment.Writer(tmp_path / "a.nut", clip.look)
    for frame in clip.frames():
        writer.write(frame)
    writer.close()
    output = mount("size=8k") / "out.mkv"
    with pytest.raises(OSError, match=r"cannot write .*out\.mkv: no space left"):
        join.join([tmp_path / "a.nut"], output, clip.look, 1, path)
    assert not list(output.parent.iterdir())


def test_what_a_file_cannot_hold_is_told_before(tmp_path):
    path = write(tmp_path / "a.mp4", pan(), sound=True)
    join.check_output(tmp_path / "b.mkv", "h264", path)
    with pytest.raises(ValueError, match=r"b\.webm cannot hold h264"):
        join.check_output(tmp_path / "b.webm", "h264")
    with pytest.raises(ValueError, match=r"cannot hold the sound of a\.mp4 \(aac\)"):
        join.check_output(tmp_path / "b.webm", "vp9", path)
    with pytest.raises(ValueError, match="no codec is called h2000"):
        join.check_output(tmp_path / "b.mp4", "h2000")


def undecodable(path, folder):
    """A copy of a video with sound that FFmpeg has no decoder for."""
    data = path.read_bytes().replace(b"mp4a", b"xxxx").replace(b"esds", b"free")
    copy = folder / "unknown.mp4"
    copy.write_bytes(data)
    return copy


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_streams_without_a_decoder_are_left_out(tmp_path, suffix):
    path = undecodable(write(tmp_path / "a.mp4", pan(), sound=True), tmp_path)
    codec, output = "vp9" if suffix == ".webm" else "h264", tmp_path / f"b{suffix}"
    join.check_output(output, codec, path)
    assert join.left_out(path) == ["stream 1 (sound of an unknown kind)"]
    assert join.left_out(tmp_path / "a.mp4") == []
    clip = video.Video(path)
    writer = segment.Writer(tmp_path / "a.nut", clip.look, codec)
    for frame in clip.frames():
        writer.write(frame)
    writer.close()
    join.join([tmp_path / "a.nut"], output, clip.look, 1, path)
    with av.open(str(output)) as made:
        assert [stream.type for stream in made.streams] == ["video"]


@pytest.mark.parametrize(
    ("source", "codec", "advice"),
    [
        ("a.mov", "adpcm_ima_qt", r"name a file that ends in \.mov"),
        ("a.nut", "pcm_s16le_planar", "remove it from the clip first"),
    ],
)
def test_mkv_is_not_advised_in_place_of_mkv(tmp_path, source, codec, advice):
    sink: Any = av.open(str(tmp_path / source), "w")
    with sink:
        sound = sink.add_stream(codec, rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 6400), np.int16), "s16p", "mono")
        frame.sample_rate = 44_100
        sink.mux(sound.encode(frame))
        sink.mux(sound.encode(None))
    with pytest.raises(ValueError, match=rf"\({codec}\): {advice}"):
        join.check_output(tmp_path / "b.mkv", "h264", tmp_path / source)
    with pytest.raises(ValueError, match=rf"\({codec}\): name a file that ends in \.mkv"):
        join.check_output(tmp_path / "b.mp4", "h264", tmp_path / source)
    with pytest.raises(ValueError, match=r"b\.mkv cannot hold apng: take one of h264"):
        join.check_output(tmp_path / "b.mkv", "apng")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("codec", CODECS)
def test_what_can_be_held_is_what_can_be_joined(tmp_path, suffix, codec):
    """Of every pair of a codec and a format."""
    output = tmp_path / f"b{suffix}"
    look = Look((64, 64), Fraction(1, 25), Fraction(25))
    writer = Writer(tmp_path / "a.nut", look, codec)
    for i in range(2):
        writer.write(Frame(np.full((64, 64, 3), 80 * i, np.uint8), i, 1))
    writer.close()
    if refusal := refusal_of(output, codec):
        assert f"cannot hold {codec}" in refusal
        with pytest.raises((ValueError, OSError)):
            join.join([tmp_path / "a.nut"], output, look, 1)
        assert not output.exists()
    else:
        join.join([tmp_path / "a.nut"], output, look, 1)
        assert len(list(video.Video(output).frames())) == 2


def refusal_of(output, codec):
    try:
        join.check_output(output, codec)
    except ValueError as error:
        return str(error)
    return ""


def test_sound_that_a_format_cannot_hold(tmp_path):
    """It is known before the frames are made, and not when they are joined."""
    source = tmp_path / "a.mkv"
    sink: Any = av.open(str(source), "w")
    with sink:
        picture = sink.add_stream("libx264", rate=25)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        sound = sink.add_stream("pcm_s16le", rate=8000)
        sink.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        sink.mux(sound.encode(frame))
        sink.mux(picture.encode(None))
    with pytest.raises(ValueError, match=r"b\.mp4 cannot hold the sound of a\.mkv \(pcm_s16le\)"):
        join.check_output(tmp_path / "b.mp4", "h264", source)
    join.check_output(tmp_path / "b.mkv", "h264", source)


@pytest.mark.parametrize("codec", ["prores_ks", "h264_nvenc"])
def test_an_encoder_that_cannot_be_used(tmp_path, codec):
    with pytest.raises(ValueError, match=rf"{codec}.*: take one of h264|no codec is called"):
        join.check_output(tmp_path / "b.mov", codec)
