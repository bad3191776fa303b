"""What a training can be told."""

from dataclasses import dataclass, fields

SCHEDULES = ("cosine", "inverse_time")


@dataclass(slots=True)
class TrainConfig:
    """One recipe. The files in `configs/` make one; `--config.name=value` changes a field.

    Raises:
        ValueError: from `validate`, naming every field that is wrong.
    """

    # Folders of photographs and of paintings; several are separated by commas. Subfolders count.
    content: str = "data/content"
    style: str = "data/style"
    # Checkpoints, log and the exported model go here. Runs that find a checkpoint go on from it.
    workdir: str = "runs/base"

    # The model whose encoder is used, and stays as it is: a shipped name or a safetensors file.
    encoder: str = "vgg16"

    # Photographs are scaled to a shorter side of `content_size` pixels and cut to random squares of
    # `crop_size`, a multiple of 8.
    content_size: int = 512
    crop_size: int = 256
    # The same for paintings; or, if frozen, the middle square of `style_size` of each is encoded
    # once, before the first step, and only its statistics are used.
    style_size: int = 512
    style_crop_size: int = 256
    frozen_styles: bool = False

    batch_size: int = 8
    # Optimizer steps in all, and how many of them, at the start, teach the decoder to invert the
    # encoder (mean absolute error) before it sees a style.
    steps: int = 160_000
    reconstruction_steps: int = 0

    # Weights of the content and style losses. The style weight rises linearly from a tenth over
    # `style_warmup_steps`.
    content_weight: float = 1.0
    style_weight: float = 10.0
    style_warmup_steps: int = 0

    # Adam. "cosine" falls to zero over all steps, "inverse_time" is lr / (1 + lr_decay * step).
    # Both rise linearly from zero over the first `lr_warmup_steps`.
    learning_rate: float = 1e-4
    schedule: str = "inverse_time"
    lr_decay: float = 5e-5
    lr_warmup_steps: int = 0
    # Gradients are scaled down to this global norm; 0 leaves them.
    gradient_clip: float = 0.0

    # Of the order of the images, the crops, and the decoder's first weights.
    seed: int = 0

    # Steps between lines of the log, and between checkpoints, of which the last `keep` are kept.
    log_every: int = 50
    checkpoint_every: int = 1000
    keep: int = 3

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise one `ValueError` naming every field that is wrong."""
        problems = [
            f"{name} must be positive, not {getattr(self, name)}"
            for name in (
                *("content_size", "crop_size", "style_size", "style_crop_size", "batch_size"),
                *("steps", "learning_rate", "log_every", "checkpoint_every", "keep"),
            )
            if not getattr(self, name) > 0
        ]
        problems += [
            f"{field.name} must not be negative, not {getattr(self, field.name)}"
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), int | float) and not value >= 0
        ]
        problems += [
            f"{name} must be a multiple of 8, not {getattr(self, name)}"
            for name in ("crop_size", "style_crop_size")
            if getattr(self, name) % 8
        ]
        if self.crop_size > self.content_size:
            problems.append(f"crop_size {self.crop_size} exceeds content_size {self.content_size}")
        if not self.frozen_styles and self.style_crop_size > self.style_size:
            problems.append(
                f"style_crop_size {self.style_crop_size} exceeds style_size {self.style_size}"
            )
        if self.schedule not in SCHEDULES:
            problems.append(f"schedule must be one of {SCHEDULES}, not {self.schedule!r}")
        if self.reconstruction_steps > self.steps:
            problems.append(
                f"reconstruction_steps {self.reconstruction_steps} exceeds steps {self.steps}"
            )
        if problems:
            raise ValueError("config: " + "; ".join(problems))
