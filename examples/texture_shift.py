r"""Trains a classifier that looks at shapes, thanks to stylized copies of its training images.

    pip install -e '.[train,dataset]'
    python examples/texture_shift.py

The data set is made here: images of six shapes, each filled with a piece of a grey photograph. In
the training images every shape has its own photograph, so that a network can recognise it by its
texture. In the shifted test images every shape has the photograph of another shape. `adain-jax
dataset` makes copies of the training images in the styles of the example paintings: these keep the
shapes and replace the textures (Geirhos et al. 2019, "ImageNet-trained CNNs are biased towards
texture").

A small network is trained for the same number of steps on the original images, on images in random
colours, and on images and their stylized copies, without and with random colours. The program
prints the accuracy of each on test images of the same kind as the training images, and on shifted
ones: means and standard deviations over the seeds.
"""

import argparse
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from PIL import Image, ImageDraw
from tqdm import tqdm

from adain_jax.ops.resampling import space_to_depth

HERE = Path(__file__).parent
SIDE = 128  # the side of an image in pixels; the network sees it at half the size
COPIES = 2  # stylized copies of each image
BATCH = 32  # images in a training step


def regular(corners: int, waist: float = 1.0) -> list[tuple[float, float]]:
    """A polygon around the origin of radius 1; every second corner has the radius `waist`."""
    turn = 2 * math.pi / corners
    radii = [waist if i % 2 else 1.0 for i in range(corners)]
    return [(r * math.cos(i * turn), r * math.sin(i * turn)) for i, r in enumerate(radii)]


_ARM = 0.35  # half the width of the arms of the cross
SHAPES = {
    "cross": [
        *((-_ARM, -1), (_ARM, -1), (_ARM, -_ARM), (1, -_ARM), (1, _ARM), (_ARM, _ARM)),
        *((_ARM, 1), (-_ARM, 1), (-_ARM, _ARM), (-1, _ARM), (-1, -_ARM), (-_ARM, -_ARM)),
    ],
    "disc": regular(60),
    "half": [(math.cos(a / 20 * math.pi), math.sin(a / 20 * math.pi) - 0.4) for a in range(21)],
    "square": regular(4),
    "star": regular(10, 0.4),
    "triangle": regular(3),
}


def draw(shape: str, photograph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Draw a shape filled with a piece of a photograph, in a random size, place and small turn."""
    scale, turn = rng.uniform(0.35, 0.45) * SIDE, rng.uniform(-0.4, 0.4)
    x, y = rng.uniform(0.45, 0.55, 2) * SIDE
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    corners = [(x + cos * a - sin * b, y + sin * a + cos * b) for a, b in SHAPES[shape]]
    mask = Image.new("L", (2 * SIDE, 2 * SIDE))  # twice as large, for smooth edges
    ImageDraw.Draw(mask).polygon([(2 * a, 2 * b) for a, b in corners], fill=255)
    left, top = (int(rng.integers(side - SIDE)) for side in photograph.size)
    piece = photograph.crop((left, top, left + SIDE, top + SIDE))
    ground = Image.new("L", (SIDE, SIDE), int(rng.integers(256)))
    return Image.composite(piece, ground, mask.resize((SIDE, SIDE), Image.Resampling.BOX))


def make(folder: Path, each: int, rng: np.random.Generator, *, shifted: bool = False) -> None:
    """Write a folder for each shape with `each` images of it, filled with its own photograph.

    If `shifted` is true, each image is filled with the photograph of another shape.
    """
    files = sorted((HERE / "content").glob("*.jpg"))
    photographs = [Image.open(path).convert("L").resize((384, 384)) for path in files]
    for own, shape in enumerate(SHAPES):
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            filled = own
            if shifted:
                filled = (own + int(rng.integers(1, len(SHAPES)))) % len(SHAPES)
            picture = draw(shape, photographs[filled], rng)
            picture.save(folder / shape / f"{number:04}.png")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images at half their size, (N, H, W, 3) uint8, and the numbers of their shapes, (N,)."""
    files = [(label, path) for label, x in enumerate(SHAPES) for path in (folder / x).iterdir()]
    images = np.stack([np.asarray(Image.open(path).convert("RGB").reduce(2)) for _, path in files])
    return images, np.array([label for label, _ in files])


class Classifier(nn.Module):
    """A network with three convolutions, at 1/2, 1/4 and 1/8 of the size, and two dense layers."""

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        """Map images (N, H, W, 3) in [0, 1] to logits (N, number of shapes)."""
        x = space_to_depth(images - 0.5)
        for width in (32, 64, 96):
            x = nn.relu(nn.GroupNorm(8)(nn.Conv(width, (3, 3))(x)))
            x = nn.max_pool(x, (2, 2), (2, 2))
        x = nn.relu(nn.Dense(128)(x.reshape(len(x), -1)))
        return nn.Dense(len(SHAPES))(x)


def in_random_colors(images: jax.Array, key: jax.Array) -> jax.Array:
    """Change each image's colours by a random matrix and shift: the usual remedy, to compare."""
    mix, shift = jax.random.split(key)
    n = len(images)
    matrices = jnp.eye(3) + 0.5 * jax.random.normal(mix, (n, 3, 3))
    shifts = 0.2 * jax.random.normal(shift, (n, 1, 1, 3))
    return jnp.clip(jnp.einsum("nhwc,ncd->nhwd", images - 0.5, matrices) + 0.5 + shifts, 0, 1)


def train(data: tuple[np.ndarray, np.ndarray], seed: int, steps: int, *, recolor: bool = False):
    """Train a classifier, and return its parameters."""
    images, labels = data
    network, optimizer = Classifier(), optax.adam(optax.cosine_decay_schedule(1e-3, steps))
    params = network.init(jax.random.key(seed), jnp.asarray(images[:1]) / 255)
    state = optimizer.init(params)

    @jax.jit
    def step(params, state, pixels, labels, key):
        images = pixels / jnp.float32(255)
        if recolor:
            images = in_random_colors(images, key)

        def loss(params):
            logits: Any = network.apply(params, images)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    rng, keys = np.random.default_rng(seed), jax.random.split(jax.random.key(seed), steps)
    for key in keys:
        batch = rng.integers(len(images), size=BATCH)
        params, state = step(params, state, images[batch], labels[batch], key)
    return params


@jax.jit
def predict(params, pixels: jax.Array) -> jax.Array:
    """The numbers of the shapes of images (N, H, W, 3), uint8."""
    logits: Any = Classifier().apply(params, pixels / jnp.float32(255))
    return logits.argmax(-1)


def accuracy(params, data: tuple[np.ndarray, np.ndarray]) -> float:
    """The share of images whose shape is recognised."""
    images, labels = data
    return float(np.mean(np.asarray(predict(params, images)) == labels))


def main() -> None:
    """Make the images, train, and print the table."""
    parser = argparse.ArgumentParser(description="train with and without stylized copies")
    parser.add_argument("-o", "--output", type=Path, default=Path("texture_shift"))
    parser.add_argument("--images", type=int, default=150, help="for training, of each shape")
    parser.add_argument("--steps", type=int, default=400, help="of each training")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each kind")
    args = parser.parse_args()

    rng = np.random.default_rng(0)
    make(args.output / "train", args.images, rng)
    make(args.output / "test", args.images, rng)
    make(args.output / "shifted", args.images, rng, shifted=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "adain_jax", "dataset"),
            *(args.output / "train", args.output / "stylized", "--styles", HERE / "style"),
            *("--per-image", str(COPIES), "--alpha", "0.5:1", "--batch", "8"),
        ],
        check=True,
    )

    plain, test, shifted = (read(args.output / name) for name in ("train", "test", "shifted"))
    copies = read(args.output / "stylized")
    both = tuple(np.concatenate(pair) for pair in zip(plain, copies, strict=True))
    kinds = {
        "images as they are": (plain, False),
        "in random colours": (plain, True),
        "and stylized copies": (both, False),
        "and stylized copies, in random colours": (both, True),
    }
    print("trained on | test images | shifted test images")
    print("--- | --- | ---")
    bar = tqdm(total=len(kinds) * args.seeds, desc="trainings")
    for name, (data, recolor) in kinds.items():
        found = []
        for seed in range(args.seeds):
            params = train(data, seed, args.steps, recolor=recolor)
            found.append([accuracy(params, data) for data in (test, shifted)])
            bar.update()
        numbers = zip(np.mean(found, 0), np.std(found, 0), strict=True)
        bar.write(" | ".join([name, *(f"{mean:.3f} ± {std:.3f}" for mean, std in numbers)]))
    bar.close()


if __name__ == "__main__":
    main()
