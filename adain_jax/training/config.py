"""The settings of a training."""

import math
from dataclasses import dataclass, fields
from typing import get_type_hints

from adain_jax.networks import VARIANTS, variant_of
from adain_jax.ops.losses import REDUCTIONS

SCHEDULES = ("cosine", "inverse_time")
COMPUTE = ("float32", "bfloat16")
EXPORTS = ("float16", "float32")
_LARGEST_SEED = 2**63 - 2  # streams of styles have the next one
_LAYERS = ("style_layers", "content_layers")


@dataclass(slots=True)
class TrainConfig:
    """One recipe. The files in `configs/` make one; `--config.name=value` changes a field.

    Raises:
        ValueError: from `validate`, naming every field that is wrong.
    """

    # ------------------------------------------------------------------ data
    # The photographs and the paintings: folders with their subfolders, or `tfds:NAME:SPLIT` and
    # `tfds:FOLDER:SPLIT` for TensorFlow Datasets by name or prepared in a folder. Separate several
    # places by commas. If there is no folder `examples`, the pictures that ship take its place.
    content: str = "examples/content"
    style: str = "examples/style"
    # How much more or less often some images come: `pattern=weight`, separated by commas. The
    # first pattern that matches a name counts. `vangogh_*=0.3` shows each of these images 0.3
    # times as often as an image that matches no pattern.
    content_weights: str = ""
    style_weights: str = ""
    # The folder for checkpoints, the log and the exported model. A run that finds a checkpoint
    # there continues from it.
    workdir: str = "runs/base"

    # Photographs are scaled to a shorter side of `content_size` pixels and cropped to random
    # squares of `crop_size`, a multiple of 8.
    content_size: int = 512
    crop_size: int = 256
    # The same sizes for paintings.
    style_size: int = 512
    style_crop_size: int = 256
    # If all photographs, or all paintings, fit into this share of the free memory of each device,
    # they are decoded once and kept there, and steps crop them; 0: never. (On a CPU it is the
    # memory of the machine.) Otherwise threads stream them.
    device_share: float = 0.25
    # The share of the memory that is free at the start, in which decoded images that are streamed
    # or used for validation are kept; 0: none are kept.
    cache_share: float = 0.25
    # Mirror photographs and paintings half of the time.
    flip: bool = False
    # Probabilities that a painting becomes grey, exchanges its colour channels, becomes a
    # negative, rotates its hues, or changes its contrast or its gamma.
    style_gray: float = 0.0
    style_permute: float = 0.0
    style_invert: float = 0.0
    style_hue: float = 0.0
    style_contrast: float = 0.0
    style_gamma: float = 0.0
    # The share of paintings that are replaced by generated images (stripes, dots, cells, noise,
    # ...), and the share whose statistics are mixed with those of another painting.
    style_synthetic: float = 0.0
    style_mix: float = 0.0

    # The numbers of crops in the pools, multiples of `batch_size`. A pool keeps features of crops,
    # and steps draw their batches from it, which makes steps cheaper on CPUs; 0: every step
    # encodes its own crops. Every `renew_every` steps, the oldest `renew` crops of each kind are
    # replaced, on each device.
    pool_contents: int = 0
    pool_styles: int = 0
    renew: int = 1
    renew_every: int = 1

    # The share of the images, chosen by their names, that is kept for validation (0: none), the
    # steps between validations, and the number of pairs in a validation. Every checkpoint is
    # validated, too.
    validation_fraction: float = 0.0
    validate_every: int = 1000
    validation_samples: int = 32

    # ------------------------------------------------------------------ model
    # The frozen VGG of the losses and of the styles: a shipped name or a safetensors file.
    encoder: str = "vgg16"
    # The kind of network to train. Empty: the paper's own decoder. "film": a decoder conditioned
    # on the style (docs/design.md). "fast": a small encoder of photographs and its decoder. Or an
    # ablation of the paper: "batch" or "instance", a decoder with that normalisation;
    # "concatenation", a decoder that gets the style's features in place of AdaIN's result.
    variant: str = ""
    # The source of the initial weights: a safetensors model, a work directory or checkpoint of
    # another training, or a PyTorch port's decoder.pth. Empty: random weights.
    init_from: str = ""

    # ------------------------------------------------------------------ losses
    # Weights of the content and style losses. The style weight rises linearly from a tenth over
    # `style_warmup_steps`. `style_layers` and `content_layers` weight the four taps. The paper's
    # content loss uses the last tap alone; further taps keep edges, and prevent spots and meshes
    # that the last tap does not see.
    content_weight: float = 1.0
    style_weight: float = 10.0
    style_warmup_steps: int = 0
    style_layers: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    content_layers: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0)
    # Reduction over channels: "mean", as in the PyTorch ports, or "sum", as in the paper's own
    # code, whose style weight is then 1e-2; or "relative" (`losses.style_loss`).
    style_reduction: str = "mean"
    # The weight of the angles between the channel vectors of the picture and those of AdaIN's
    # results, at each position of all four taps: it keeps the photograph's forms at a lower cost in
    # style than the content loss does.
    cosine_weight: float = 0.0
    # Weights of losses that the paper does not have: total variation of the pictures; Gram
    # matrices, beside or in place of means and deviations; and the squared distance between (a
    # quarter of) each photograph and its picture in its own style, the picture of strength 0.
    # `perceptual_weight` weights the distance between the same two pictures in the maps of the VGG
    # and in their relative statistics.
    tv_weight: float = 0.0
    gram_weight: float = 0.0
    identity_weight: float = 0.0
    perceptual_weight: float = 0.0
    # The weight of meshes: of the mean square of what repeats every 8 pixels, the side of a cell of
    # the smallest map (`losses.mesh_loss`).
    mesh_weight: float = 0.0
    # The weight of the squared distance between the picture of each photograph, moved by up to 7
    # pixels, and the picture of the photograph that was moved in the same way, divided by their
    # variances. Otherwise networks put their strokes where the cells of their smallest map are, not
    # where the photograph is. Every second pair of a device's batch is compared.
    shift_weight: float = 0.0
    # The weight of the squared distance, in the four taps, between the picture and the picture of
    # the frozen model (`encoder`), which must have a decoder: a small network learns from a large
    # one where to put which stroke.
    teacher_weight: float = 0.0
    # For the variant "fast": the weight, in the reconstruction steps, of the part of the VGG's
    # maps that the best linear map of its encoder's maps does not explain (`losses.feature_loss`);
    # and whether the encoder is frozen after these steps.
    feature_weight: float = 0.0
    freeze_encoder: bool = False

    # ------------------------------------------------------------------ optimization
    # The number of pairs in a step, over all devices and hosts. Each device divides its part into
    # `accumulate` pieces and computes them one after the other, which needs less memory.
    batch_size: int = 8
    accumulate: int = 1
    # The number of optimizer steps, and how many of them, at the start, teach the decoder to
    # invert the encoder (mean absolute error) before it sees a style.
    steps: int = 160_000
    reconstruction_steps: int = 0
    # If positive, the training takes this many minutes in place of `steps`, counted from the end
    # of its first call, when it is compiled. Schedules and phases that are given in steps then
    # count as shares of `steps`: halfway, they have the values that they would have after half of
    # the steps.
    minutes: float = 0.0
    # The number of steps in one call of the devices, if all images are in their memory.
    steps_per_call: int = 1
    # The learning rate of Adam and its schedule. "cosine" falls to zero over all steps,
    # "inverse_time" is lr / (1 + lr_decay * step). Both rise linearly from zero over the first
    # `lr_warmup_steps`.
    learning_rate: float = 1e-4
    schedule: str = "inverse_time"
    lr_decay: float = 5e-5
    lr_warmup_steps: int = 0
    # Gradients with a larger global norm are scaled down to this norm; 0: they are not clipped.
    gradient_clip: float = 0.0
    # The decay of a moving average of the weights; if there is one, it is exported. 0: none.
    ema_decay: float = 0.0
    # The dtype of the networks; weights, statistics and losses stay in float32. bfloat16 is for
    # accelerators.
    compute: str = "float32"

    # The seed of the order of the images, the crops, and the initial weights.
    seed: int = 0

    # ------------------------------------------------------------------ outputs
    # The numbers of steps between lines of the log, between grids of pictures (0: none) and
    # between checkpoints, and how many checkpoints are kept, beside the best by validation.
    log_every: int = 50
    pictures_every: int = 1000
    checkpoint_every: int = 1000
    keep: int = 3
    # The dtype of the exported model; checkpoints are in float32.
    export_dtype: str = "float16"

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise one `ValueError` naming every field that is wrong."""
        problems = self._wrong_types()
        if problems:  # the other checks need values of the right types
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
        }
        each = [*numbers.items(), *((name, x) for name in _LAYERS for x in getattr(self, name))]
        problems += [f"{x} must be positive, not {numbers[x]}" for x in positive if numbers[x] <= 0]
        problems += [
            f"{x} must not be negative, not {y}" for x, y in each if y < 0 and x not in positive
        ]
        problems += [f"{x} must be finite, not {y}" for x, y in each if not math.isfinite(y)]
        if self.seed > _LARGEST_SEED:
            problems.append(f"seed must be at most {_LARGEST_SEED}, not {self.seed}")
        if not self.workdir.strip():
            problems.append("workdir is empty: name a folder")
        if "://" in self.workdir:
            problems.append(
                f"workdir {self.workdir} is an address: name a folder, mounted if need be"
            )
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
                *(("schedule", SCHEDULES), ("style_reduction", tuple(REDUCTIONS))),
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
                    ("shift_weight", 0, "wants maps of one size"),
                    ("pictures_every", 0, "has no styles to make pictures by"),
                )
                if getattr(self, name) != value
            ]
        problems += [
            f"{name} has {len(getattr(self, name))} weights, not 4"
            for name in _LAYERS
            if len(getattr(self, name)) != 4
        ]
        problems += [
            f"{name} needs crops of 16 pixels or more, not {self.crop_size}"
            for name in ("shift_weight", "mesh_weight")
            if getattr(self, name) and self.crop_size < 16
        ]
        if self.accumulate > 0 and self.batch_size % self.accumulate:
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
        problems += [
            f"renew {self.renew} exceeds {pool} {getattr(self, pool)}"
            for pool in ("pool_contents", "pool_styles")
            if 0 < getattr(self, pool) < self.renew
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
        """The name of the network that is trained beside a frozen model of this architecture."""
        vgg, _ = variant_of(frozen)  # the variant of the frozen model does not matter
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
