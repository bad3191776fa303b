"""What a training can be told."""

from dataclasses import dataclass, fields
from typing import get_type_hints

from adain_jax.networks import VARIANTS, variant_of

SCHEDULES = ("cosine", "inverse_time")
REDUCTIONS = ("mean", "sum")
COMPUTE = ("float32", "bfloat16")
EXPORTS = ("float16", "float32")
_LAYERS = ("style_layers", "content_layers")


@dataclass(slots=True)
class TrainConfig:
    """One recipe. The files in `configs/` make one; `--config.name=value` changes a field.

    Raises:
        ValueError: from `validate`, naming every field that is wrong.
    """

    # ------------------------------------------------------------------ data
    # Photographs and paintings: folders (subfolders count), or `tfds:NAME:SPLIT` and
    # `tfds:FOLDER:SPLIT` for TensorFlow Datasets by name or prepared in a folder. Several are
    # separated by commas. Where there is no folder `examples`, the pictures that ship stand for it.
    content: str = "examples/content"
    style: str = "examples/style"
    # How much more or less often some images come: `pattern=weight`, separated by commas, where
    # the first pattern that fits a name counts. `vangogh_*=0.3` shows each of those a third as
    # often as an image that fits none.
    content_weights: str = ""
    style_weights: str = ""
    # Checkpoints, log and the exported model go here. Runs that find a checkpoint go on from it.
    workdir: str = "runs/base"

    # Photographs are scaled to a shorter side of `content_size` pixels and cut to random squares of
    # `crop_size`, a multiple of 8.
    content_size: int = 512
    crop_size: int = 256
    # The same for paintings.
    style_size: int = 512
    style_crop_size: int = 256
    # Photographs, or paintings, that fit all into this share of each device's free memory are
    # decoded once and kept there, and steps cut their crops themselves; 0: none. (On a CPU that is
    # the machine's memory.) Others are streamed by threads.
    device_share: float = 0.25
    # Share of the memory that is free at the start in which decoded images that are streamed, or
    # are for validation, are kept, of all kinds together; 0: none.
    cache_share: float = 0.25
    # Mirror photographs and paintings half of the time.
    flip: bool = False
    # Probabilities that a painting comes in greys, with its colours exchanged, or as a negative;
    # with its hues turned, another contrast, another gamma.
    style_gray: float = 0.0
    style_permute: float = 0.0
    style_invert: float = 0.0
    style_hue: float = 0.0
    style_contrast: float = 0.0
    style_gamma: float = 0.0
    # Shares of the paintings that a program makes (stripes, dots, cells, noise, ...), and of those
    # whose statistics are mixed with those of another.
    style_synthetic: float = 0.0
    style_mix: float = 0.0

    # Crops whose features are kept, from which steps draw their batches: for CPUs, whose steps are
    # cheaper so. 0: every step encodes its own. They are multiples of `batch_size`, and are renewed
    # one after the other, `renew` of each kind (on each device as many) every `renew_every` steps.
    pool_contents: int = 0
    pool_styles: int = 0
    renew: int = 1
    renew_every: int = 1

    # Share of the images, chosen by their names, that is kept for validation, and steps between
    # validations on `validation_samples` pairs of them. 0: none.
    validation_fraction: float = 0.0
    validate_every: int = 1000
    validation_samples: int = 32

    # ------------------------------------------------------------------ model
    # The frozen VGG of the losses and of the styles: a shipped name or a safetensors file.
    encoder: str = "vgg16"
    # What is trained for it. "film": a decoder that is told the style (docs/design.md). "fast": a
    # small encoder of photographs and its decoder. Or an ablation of the paper: "batch" or
    # "instance", a decoder with that normalisation; "concatenation", one that is given the style's
    # features in place of AdaIN's result. Empty: the paper's own decoder.
    variant: str = ""
    # What the first weights are taken from: a safetensors model, a work directory or checkpoint of
    # another training, or a PyTorch port's decoder.pth. Empty: random ones.
    init_from: str = ""

    # ------------------------------------------------------------------ losses
    # Weights of the content and style losses. The style weight rises linearly from a tenth over
    # `style_warmup_steps`. `style_layers` weighs the four taps against each other, and so does
    # `content_layers`, of which the paper has the last alone: AdaIN's result at others, too, keeps
    # edges, and keeps out spots and meshes that the last map does not see.
    content_weight: float = 1.0
    style_weight: float = 10.0
    style_warmup_steps: int = 0
    style_layers: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    content_layers: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0)
    # "mean" over channels, as the PyTorch ports; "sum", as the paper's own code, whose weight of
    # the style is then 1e-2.
    style_reduction: str = "mean"
    # No part of the paper's loss: total variation of the pictures, Gram matrices in place of or
    # beside means and deviations, and the squared distance of (a quarter of) each photograph to
    # itself in its own style, which is what a strength of 0 gives.
    tv_weight: float = 0.0
    gram_weight: float = 0.0
    identity_weight: float = 0.0
    # For the variant "fast", in the reconstruction steps: what the maps of its encoder leave
    # unexplained of the VGG's, by the best linear map (`losses.feature_loss`). And whether, after
    # them, that encoder is kept.
    feature_weight: float = 0.0
    freeze_encoder: bool = False

    # ------------------------------------------------------------------ optimization
    # Pairs in a step, over all devices and hosts. Each device cuts its part into `accumulate`
    # pieces, one after the other, to need less memory.
    batch_size: int = 8
    accumulate: int = 1
    # Optimizer steps in all, and how many of them, at the start, teach the decoder to invert the
    # encoder (mean absolute error) before it sees a style.
    steps: int = 160_000
    reconstruction_steps: int = 0
    # If positive, the training takes so many minutes in place of `steps`, from the end of its first
    # call on, when it is compiled. All that is said in steps of schedules and phases then counts as
    # a share of `steps`: halfway, everything stands where it would after half of them.
    minutes: float = 0.0
    # Steps that devices make in one call, if all images are in their memory.
    steps_per_call: int = 1
    # Adam. "cosine" falls to zero over all steps, "inverse_time" is lr / (1 + lr_decay * step).
    # Both rise linearly from zero over the first `lr_warmup_steps`.
    learning_rate: float = 1e-4
    schedule: str = "inverse_time"
    lr_decay: float = 5e-5
    lr_warmup_steps: int = 0
    # Gradients are scaled down to this global norm; 0 leaves them.
    gradient_clip: float = 0.0
    # Decay of a moving average of the weights, which is then what is exported; 0: none.
    ema_decay: float = 0.0
    # Of the networks; weights, statistics and losses stay in float32. bfloat16 is for accelerators.
    compute: str = "float32"

    # Of the order of the images, the crops, and the decoder's first weights.
    seed: int = 0

    # ------------------------------------------------------------------ what is kept and shown
    # Steps between lines of the log, between grids of pictures (0: none), and between checkpoints,
    # of which the last `keep` are kept, and the best by validation.
    log_every: int = 50
    pictures_every: int = 1000
    checkpoint_every: int = 1000
    keep: int = 3
    # In what the exported model is written; checkpoints are in float32.
    export_dtype: str = "float16"

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise one `ValueError` naming every field that is wrong."""
        problems = self._wrong_types()
        if problems:  # the rest would stumble over them
            raise ValueError("config: " + "; ".join(problems))
        positive = (
            *("content_size", "crop_size", "style_size", "style_crop_size", "batch_size"),
            *("steps", "learning_rate", "log_every", "checkpoint_every", "keep", "accumulate"),
            *("validate_every", "validation_samples", "renew", "renew_every", "steps_per_call"),
        )
        numbers = {
            field.name: value
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), int | float)
        } | {name: min(getattr(self, name), default=0) for name in _LAYERS}
        problems += [f"{x} must be positive, not {numbers[x]}" for x in positive if numbers[x] <= 0]
        problems += [f"{x} must not be negative, not {y}" for x, y in numbers.items() if not y >= 0]
        shares = (
            *("style_gray", "style_permute", "style_invert", "style_hue", "style_contrast"),
            *("style_gamma", "style_synthetic", "style_mix"),
            *("validation_fraction", "ema_decay", "device_share", "cache_share"),
        )
        problems += [
            f"{x} is a share, at most 1, not {numbers[x]}" for x in shares if numbers[x] > 1
        ]
        problems += [
            f"{name} must be a multiple of 8, not {getattr(self, name)}"
            for name in ("crop_size", "style_crop_size")
            if getattr(self, name) % 8
        ]
        problems += [
            f"{crop} {getattr(self, crop)} exceeds {size} {getattr(self, size)}"
            for crop, size in (("crop_size", "content_size"), ("style_crop_size", "style_size"))
            if getattr(self, crop) > getattr(self, size)
        ]
        problems += [
            f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}"
            for name, choices in (
                *(("schedule", SCHEDULES), ("style_reduction", REDUCTIONS)),
                *(("compute", COMPUTE), ("export_dtype", EXPORTS)),
            )
            if getattr(self, name) not in choices
        ]
        if self.reconstruction_steps > self.steps:
            problems.append(
                f"reconstruction_steps {self.reconstruction_steps} exceeds steps {self.steps}"
            )
        if self.variant not in ("", *VARIANTS):
            problems.append(f"variant must be one of {', '.join(VARIANTS)}, not {self.variant!r}")
        if self.variant == "concatenation":
            problems += [
                f"{name} must be {value}: concatenation {why}"
                for name, value, why in (
                    ("style_crop_size", self.crop_size, "wants maps of one size"),
                    ("pictures_every", 0, "has no styles to make pictures by"),
                )
                if getattr(self, name) != value
            ]
        problems += [
            f"{name} has {len(getattr(self, name))} weights, not 4"
            for name in _LAYERS
            if len(getattr(self, name)) != 4
        ]
        if self.batch_size % self.accumulate:
            problems.append(
                f"batch_size {self.batch_size} is no multiple of accumulate {self.accumulate}"
            )
        problems += [
            f"{name} is for variant fast, which has an encoder of its own"
            for name in ("feature_weight", "freeze_encoder")
            if getattr(self, name) and self.variant != "fast"
        ]
        problems += [
            f"{pool} {getattr(self, pool)} is no multiple of batch_size {self.batch_size}"
            for pool in ("pool_contents", "pool_styles")
            if self.batch_size > 0 and getattr(self, pool) % self.batch_size
        ]
        if self.style_mix:
            problems += [
                f"style_mix mixes statistics, and {name} wants more of a style"
                for name, wants in (
                    ("gram_weight", self.gram_weight),
                    ("variant", self.variant == "concatenation"),
                )
                if wants
            ]
        if problems:
            raise ValueError("config: " + "; ".join(problems))

    def architecture(self, frozen: str) -> str:
        """The name of what is trained, beside a frozen VGG of this architecture."""
        vgg, _ = variant_of(frozen)  # whatever its own decoder is
        return f"{vgg}_{self.variant}" if self.variant else vgg

    def _wrong_types(self) -> list[str]:
        wanted = get_type_hints(type(self))
        problems = []
        for field in fields(self):
            value, kind = getattr(self, field.name), wanted[field.name]
            if kind is float and type(value) is int:
                continue
            if kind is int and type(value) is bool:
                problems.append(f"{field.name} is a whole number, not {value}")
            elif kind not in (str, int, float, bool):
                if not isinstance(value, tuple | list) or not all(
                    isinstance(x, int | float) for x in value
                ):
                    problems.append(f"{field.name} is a tuple of numbers, not {value!r}")
            elif not isinstance(value, kind):
                problems.append(f"{field.name} is of type {kind.__name__}, not {value!r}")
        return problems
