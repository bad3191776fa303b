"""What is asked for when a video is stylized."""

import math
import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from adain_jax.files import animation, moving
from adain_jax.files.clip import Look
from adain_jax.files.ffmpeg import require
from adain_jax.jobs import picture
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.jobs.run import Sizes
from adain_jax.model import Model
from adain_jax.runtime.atomic import check_apart, check_place
from adain_jax.runtime.paths import real
from adain_jax.video import CALM
from adain_jax.video.schedule import Schedule

_LOSSLESS = "ffv1"  # the codec of segments if the output is not a video


@dataclass(frozen=True)
class Job:
    """One clip to make.

    Attributes:
        content: a video, a GIF, a WebP, or a folder of frames.
        style: the styles.
        output: the name of a video, a GIF or a WebP, or of a folder, which has no suffix.
        controls: the controls of the pictures; masks may be videos.
        strength: the strength over time, in place of `controls.alpha`; seconds count from `start`.
        shares: the shares of the styles over time, in place of the weights of `style`; their
            seconds, too.
        sizes: the sizes to which frames and styles are scaled.
        calm: the calm, from 0 (each frame by itself) to 1.
        codec: a name of `segment.CODECS`, or of an encoder of FFmpeg; None: the default.
        crf: the constant rate factor, lower is better; None: the default.
        start: the seconds to skip at the start of the content.
        duration: the seconds to take; None: all.
        rate: the frames per second of a folder.
    """

    content: Path
    style: Mixture
    output: Path
    controls: Controls = field(default_factory=Controls)
    strength: Schedule | None = None
    shares: Schedule | None = None
    sizes: Sizes = field(default_factory=Sizes)
    calm: float = CALM
    codec: str | None = None
    crf: int | None = None
    start: Fraction = Fraction(0)
    duration: Fraction | None = None
    rate: Fraction = animation.RATE

    @property
    def inputs(self) -> list[Path]:
        """All files that the job reads."""
        others = (self.controls.alpha_map, self.controls.labels)
        styles = [path for path, _ in self.style.parts]
        return [self.content, *styles, *self.controls.masks, *(x for x in others if x)]

    @property
    def parts(self) -> Path:
        """The folder of segments."""
        # `.` and `..` have no name. `Path.resolve` would follow links.
        place = Path(os.path.abspath(self.output))  # noqa: PTH100
        return place.parent / f"{place.name}.parts"

    @property
    def until(self) -> Fraction | None:
        """The second of the content at which the clip ends."""
        return None if self.duration is None else self.start + self.duration

    @property
    def kind(self) -> str:
        """The kind of the output: "video", "animation" or "folder"."""
        if moving.is_folder(self.output):
            return "folder"
        return "animation" if self.output.suffix.lower() in animation.SUFFIXES else "video"

    @property
    def encoding(self) -> tuple[str, int | None]:
        """The codec of the segments and its constant rate factor; None is the codec's default."""
        if self.kind != "video":
            return _LOSSLESS, None
        return self.codec or ("vp9" if self.output.suffix.lower() == ".webm" else "h264"), self.crf

    def check(self, model: Model) -> None:
        """Raise errors about the output at the start, not after all frames are made."""
        require()
        self.controls.check(model)
        moving.check_writable(self.output)
        check_place(self.output / "frame" if self.kind == "folder" else self.output)
        check_apart([self.output], self.inputs)
        if self.kind == "folder":
            animation.check_folder(self.output, self.inputs)
        for path in self.inputs if self.kind == "animation" else ():
            if path.is_dir() and real(path) == real(self.output).parent:
                raise ValueError(
                    f"{self.output} would become a frame of {path}: name another folder"
                )
        if self.start < 0 or (self.duration is not None and self.duration <= 0):
            raise ValueError("--start is at least 0, and --duration more than 0 seconds")
        if self.controls.regions and self.shares:
            raise ValueError("with regions, styles have no moments: give them to --alpha")
        if self.codec and self.kind != "video":
            raise ValueError(f"--codec is for videos, not for {self.output}")
        if self.crf is not None and self.kind != "video":
            raise ValueError(f"--crf is for videos, not for {self.output}")
        if self.crf is not None and self.codec == _LOSSLESS:
            raise ValueError(f"--crf: {_LOSSLESS} is lossless, and has none")

    def check_strengths(self, look: Look) -> None:
        """Raise `ValueError` if the strength of a region will be out of range in the clip."""
        alphas = [self.controls.alpha]
        if self.strength:
            left = look.count / look.rate - self.start if look.count else math.inf
            end = min(left, math.inf if self.duration is None else self.duration)
            moments = [moment for moment in self.strength.moments if moment <= end]
            alphas = [float(self.strength.at(x)) for x in (0, *moments, min(end, 1 << 30))]
        for alpha in alphas if self.controls.regions else ():
            picture.strengths_of(self.style, alpha, self.controls)
