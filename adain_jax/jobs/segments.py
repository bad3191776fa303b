"""The segments of a clip on disk, with the state that the next frame needs."""

import json
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from adain_jax.files.clip import Frame, Look
from adain_jax.files.segment import Writer
from adain_jax.runtime.atomic import atomic_path, check_place, make_folder
from adain_jax.runtime.tensors import opened, to_bytes

SEGMENT = 48  # the frames of a segment; a player can seek to the beginning of each

# The names of the files in the folder; those of unfinished files begin with a dot.
_OURS = re.compile(r"[0-9]{6,}\.nut|state\.safetensors|\..+")


class Segments:
    """The segments of a clip, in a folder beside it, with the state to continue from.

    The folder is made, and an earlier run's files in it are removed, when the first frame is
    written. So an error before that changes nothing.

    Attributes:
        segments: the files of the finished segments.
        done: the number of frames written.
        last: the start time of the last of them, in units of the look's time base, or None.
        duration: its duration, in the same units.
        memory: the state after the last frame of an earlier run; empty if there is none.
    """

    def __init__(
        self,
        folder: Path,
        look: Look,
        codec: tuple[str, int | None],
        *,
        zero: int,
        key: str,
        resume: bool,
    ) -> None:
        """Begin anew, or continue.

        Args:
            folder: the folder of the segments.
            look: the look of the frames.
            codec: the codec's name, and the crf.
            zero: the time at which the clip begins, in units of the look's time base.
            key: a digest of everything that determines the clip.
            resume: whether to continue from existing segments.

        Raises:
            OSError: if the folder cannot be written.
            ValueError: if existing segments have another key, or are damaged, or the folder holds
                anything else.
        """
        self._folder, self._look = folder, look
        self._codec, self._zero, self._key = codec, zero, key
        self._writer: Writer | None = None
        self._ready = False  # whether the folder is there, without files of another run
        self.segments: list[Path] = []
        self.done, self.last, self.duration = 0, None, 0
        self.memory: dict[str, np.ndarray] = {}
        check_place(self._state)
        self._check_content()
        if resume:
            self._load()

    @property
    def _state(self) -> Path:
        return self._folder / "state.safetensors"

    def _check_content(self) -> None:
        ours = self._files()
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path not in ours:
                raise ValueError(
                    f"{self._folder} is for segments, but holds {path.name}: move it, or name "
                    "another output"
                )

    def _files(self) -> list[Path]:
        """The files in the folder that runs have written."""
        if not self._folder.is_dir():
            return []
        return [x for x in self._folder.iterdir() if _OURS.fullmatch(x.name) and x.is_file()]

    def _load(self) -> None:
        if not self._state.exists():
            return
        try:
            with opened(self._state) as file:
                header = json.loads((file.metadata() or {})["clip"])
                memory = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, json.JSONDecodeError):
            raise ValueError(f"{self._state} is damaged: leave --resume out") from None
        if header["key"] != self._key:
            raise ValueError(
                f"{self._folder} is of other files or options than these: give those, or leave "
                "--resume out to begin anew"
            )
        segments = [self._name(i) for i in range(header["segments"])]
        if lost := [path for path in segments if not path.is_file()]:
            raise ValueError(f"{lost[0]} is missing: leave --resume out to begin anew")
        self.done, self.last, self.duration = header["done"], header["last"], header["duration"]
        self.memory = memory
        self.segments = segments

    def _prepare(self) -> None:
        """Make the folder, and remove files that are not continued from."""
        kept = [*self.segments, self._state] if self.segments else []
        for path in self._files():
            if path not in kept:
                path.unlink()
        make_folder(self._folder)
        self._ready = True

    def _name(self, number: int) -> Path:
        return self._folder / f"{number:06}.nut"

    def write(self, frame: Frame, memory: dict[str, np.ndarray] | None) -> None:
        """Add a frame. With a state `memory`, it ends a segment, and the state is saved."""
        if not self._ready:
            self._prepare()
        if self._writer is None:
            self._writer = Writer(self._name(len(self.segments)), self._look, *self._codec)
        self._writer.write(frame._replace(pts=frame.pts - self._zero))
        self.done, self.last, self.duration = self.done + 1, frame.pts, frame.duration
        if memory is None:
            return
        self.end()
        header = {
            "key": self._key,
            "done": self.done,
            "last": self.last,
            "duration": self.duration,
            "segments": len(self.segments),
        }
        data = to_bytes(memory, {"clip": json.dumps(header)})
        with atomic_path(self._state) as temporary:
            temporary.write_bytes(data)

    def end(self) -> None:
        """End the segment that is being written, if there is one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self.segments.append(self._name(len(self.segments)))

    def close(self) -> None:
        """Abandon the segment that is being written, and remove the folder if it is empty then."""
        self._writer = None
        if self._ready:
            with suppress(OSError):
                self._name(len(self.segments)).unlink(missing_ok=True)
                self._folder.rmdir()

    def remove(self) -> None:
        """Remove the segments, and the folder unless it holds anything else."""
        with suppress(OSError):
            for path in self._files():
                path.unlink()
            self._folder.rmdir()
