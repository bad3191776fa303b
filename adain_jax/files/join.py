"""Joins segments to one video, with a copy of the sound and the subtitles of another."""

import heapq
import io
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adain_jax.files.clip import Frame, Look
from adain_jax.files.ffmpeg import name_of, opened, origin, others, require, told, unknown
from adain_jax.files.segment import CODECS, Writer
from adain_jax.files.video import SUFFIXES
from adain_jax.runtime.atomic import atomic_path
from adain_jax.runtime.text import one_line

if TYPE_CHECKING:  # imported where it is used, since it is an optional package
    from av import AudioStream, Packet, VideoStream
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.subtitles.stream import SubtitleStream

# Tags of the source that are not copied, since they describe the file itself.
_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder")
_KINDS = {"audio": "sound", "subtitle": "subtitles"}
# Of the frame of a trial: some encoders take only larger ones than 128 pixels, or certain sizes.
_TRIAL = Look((288, 352), Fraction(1, 25), Fraction(25))
# The decoding time in seconds, the track's rank, and a packet.
_Timed = tuple[Fraction, int, "Packet"]


def check_output(output: Path, codec: str, source: Path | None = None) -> None:
    """Check whether a file can be written, by writing the beginning of one.

    Raises:
        ValueError: if the codec is unknown or cannot be used, or a file with the suffix of `output`
            cannot hold it, or the sound or the subtitles of `source`.
    """
    av = require()
    name = CODECS.get(codec, (codec,))[0]
    try:
        encoder = av.codec.Codec(name, "w")
    except (ValueError, av.FFmpegError):
        encoder = None
    known = ", ".join(CODECS)
    if encoder is None or encoder.type != "video":
        raise ValueError(f"no codec is called {codec}: take one of {known}")
    is_mkv = output.suffix.lower() == ".mkv"
    advice = f"take one of {known}" if is_mkv else "name a file that ends in .mkv"
    cannot = ValueError(f"{output.name} cannot hold {codec}: {advice}")
    with av.open(io.BytesIO(), "w", format=_muxer(output)) as sink:
        names = sink.supported_codecs
    if name not in names and encoder.canonical_name not in names:
        raise cannot
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, "part.nut")
        try:
            writer = Writer(part, _TRIAL, codec)
            writer.write(Frame(np.zeros((*_TRIAL.size, 3), np.uint8), 0, 1))
            writer.close()
        except (ValueError, OSError, av.FFmpegError) as error:
            reason = f"{codec} cannot encode such frames here ({one_line(error)})"
            raise ValueError(f"{reason}: take one of {known}") from None
        if not _holds(output, part):
            raise cannot
        if source is None:
            return
        with opened(source) as container:
            for stream in others(container):
                if not _holds(output, part, container, stream):
                    raise ValueError(
                        f"{output.name} cannot hold the {_KINDS[stream.type]} of {source.name} "
                        f"({stream.codec_context.name}): {_advice(output, source)}"
                    )


def _holds(
    output: Path,
    segment: Path,
    container: "InputContainer | None" = None,
    stream: "AudioStream | SubtitleStream | None" = None,
) -> bool:
    """Whether a file with the suffix of `output` can hold a segment and a stream."""
    av = require()
    try:
        with (
            av.open(name_of(segment)) as first,
            av.open(io.BytesIO(), "w", format=_muxer(output)) as sink,
        ):
            _add_video(sink, first, output, _TRIAL)
            copy = sink.add_stream_from_template(stream) if stream else None
            sink.start_encoding()
            if container and copy:  # some formats refuse only the first packet
                for packet in islice(container.demux(stream), 1):
                    if packet.size:
                        packet.stream, packet.pts, packet.dts = copy, 0, 0
                        sink.mux(packet)
    except (ValueError, av.FFmpegError):
        return False
    return True


def _add_video(
    sink: "OutputContainer", segment: "InputContainer", output: Path, look: Look
) -> "VideoStream":
    template = segment.streams.video[0]
    video = sink.add_stream_from_template(template, opaque=True)
    video.time_base, video.framerate = template.time_base, look.rate
    if template.codec_context.name == "hevc" and _muxer(output) in ("mp4", "mov"):
        video.codec_context.codec_tag = "hvc1"  # Apple's players need this tag
    return video


def left_out(source: Path) -> list[str]:
    """The streams of `source` that `join` leaves out, in words. FFmpeg has no decoder for them.

    Raises:
        ValueError: if the file is not a video, or damaged.
    """
    with opened(source) as container:
        return [
            f"stream {stream.index} ({_KINDS[stream.type]} of an unknown kind)"
            for stream in unknown(container)
        ]


def join(
    segments: Sequence[Path],
    output: Path,
    look: Look,
    last: int,
    source: Path | None = None,
    start: Fraction = Fraction(0),
    until: Fraction | None = None,
) -> None:
    """Write segments as one video, with the sound and subtitles of `source`, whole or not at all.

    Args:
        segments: the files of `Writer`s, in order, all of one codec.
        output: the file to write.
        look: the look that the segments were written with.
        last: the duration of the last frame, in units of the look's time base.
        source: the file from which sound, subtitles, chapters and tags are copied, except the
            streams of `left_out`. Chapters are copied only if the whole of the source is.
        start: the beginning of the part that is copied, in seconds of the source.
        until: the end of this part in seconds, or None for the end of the source.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if `output` cannot hold one of the streams.
    """
    av = require()
    with atomic_path(output) as temporary, told(f"cannot write {output}"):
        options = {"movflags": "+faststart"} if _muxer(output) in ("mp4", "mov") else {}
        with av.open(name_of(temporary), "w", format=_muxer(output), options=options) as sink:
            with av.open(name_of(segments[0])) as first:
                video = _add_video(sink, first, output, look)
            tracks = [_packets_of(segments, video, last * look.time_base)]
            if source is None:
                _mux(sink, tracks, output)
                return
            with opened(source) as container:
                sink.metadata.update(
                    (key, value) for key, value in container.metadata.items() if key not in _TAGS
                )
                copies = {}
                for stream in others(container):
                    copy = sink.add_stream_from_template(stream)
                    copy.metadata.update(stream.metadata)
                    copy.disposition = stream.disposition
                    copies[stream] = copy
                if not start and until is None and (chapters := container.chapters()):
                    sink.set_chapters(chapters)
                tracks.append(_copied(container, copies, start, until))
                _mux(sink, tracks, output)


def _mux(sink: "OutputContainer", tracks: Sequence[Iterator[_Timed]], output: Path) -> None:
    for _, _, packet in heapq.merge(*tracks, key=lambda item: item[:2]):
        with told(f"cannot write {output}"):  # only here: errors of reading have another message
            sink.mux(packet)


def _packets_of(
    segments: Sequence[Path], stream: "VideoStream", last: Fraction
) -> Iterator[_Timed]:
    """Yield the packets of segments, each with the time until the next as its duration.

    The segments do not contain the duration of their last packet.
    """
    before: _Timed | None = None
    for path in segments:
        with opened(path) as container:
            for packet in container.demux(video=0):
                if packet.dts is None:
                    continue
                when = packet.dts * packet.time_base
                packet.stream = stream
                if before:
                    before[2].duration = round((when - before[0]) / packet.time_base)
                    yield before
                before = when, 0, packet
    if before:
        before[2].duration = round(last / before[2].time_base)
        yield before


def _copied(
    container: "InputContainer",
    streams: "dict[Stream, Stream]",
    start: Fraction,
    until: Fraction | None,
) -> Iterator[_Timed]:
    begin = origin(container)
    for packet in container.demux(*streams) if streams else ():
        if packet.dts is None or packet.pts is None:
            continue
        base = packet.time_base
        when = packet.pts * base - begin
        if (start and when < start) or (until is not None and when >= until):
            continue
        shift = round((begin + start) / base)
        packet.pts -= shift
        packet.dts -= shift
        packet.stream = streams[packet.stream]
        yield packet.dts * base, 1, packet


def _advice(output: Path, source: Path) -> str:
    """What to do if `output` cannot hold a stream of `source`."""
    for suffix in (".mkv", source.suffix.lower()):
        if suffix in SUFFIXES and suffix != output.suffix.lower():
            return f"name a file that ends in {suffix}"
    return "remove it from the clip first"


def _muxer(path: Path) -> str:
    return {".m4v": "mp4", ".mkv": "matroska"}.get(path.suffix.lower(), path.suffix.lower()[1:])
