"""The pictures of a video, with controls that move."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import adain_jax
from adain_jax.files import image
from adain_jax.jobs.options import Controls
from adain_jax.jobs.plan import Mixture
from adain_jax.video.schedule import Schedule, turns
from tests.clips import write
from tests.jobs.clips import COUNT, frames_of, make


def test_pictures_are_those_of_stylize(job, tiny):
    still = replace(job, calm=0, crf=1, controls=Controls(alpha=0.6))
    make(still, tiny)
    style = image.load(job.style.parts[0][0], size=32, as_bytes=True).rgb
    for frame, made in zip(frames_of(job.content), frames_of(job.output), strict=True):
        alone = adain_jax.stylize(frame.rgb, style, alpha=0.6, model=tiny)
        assert np.abs(np.asarray(alone) * 1.0 - made.rgb).mean() < 2


def test_strength_over_time(job, tiny):
    ramp = replace(job, calm=0, crf=1, strength=Schedule((0.0, 0.5), (0.0, 1.0)))
    make(ramp, tiny)
    style = image.load(job.style.parts[0][0], size=32, as_bytes=True).rgb
    pairs = list(zip(frames_of(job.content), frames_of(job.output), strict=True))
    for number, alpha in ((0, 0.0), (3, 0.5), (9, 1.0)):
        frame, made = pairs[number]
        expected = adain_jax.stylize(frame.rgb, style, alpha=alpha, model=tiny)
        assert np.abs(np.asarray(expected) * 1.0 - made.rgb).mean() < 2


def test_styles_over_time(job, tiny, photo):
    model = adain_jax.load("fast")
    style = Mixture((*job.style.parts, (photo, 1.0)))
    moved = replace(job, calm=0, crf=1, style=style, shares=turns([0.0, 0.5], [1.0, 1.0]))
    make(moved, model)
    images = [image.load(path, size=32, as_bytes=True).rgb for path, _ in style.parts]
    pairs = list(zip(frames_of(job.content), frames_of(job.output), strict=True))
    for number, weights in ((0, (1, 0)), (3, (1, 1)), (9, (0, 1))):
        frame, made = pairs[number]
        expected = adain_jax.stylize(frame.rgb, images, weights=weights, model=model)
        assert np.abs(np.asarray(expected) * 1.0 - made.rgb).mean() < 8  # colours of half the size


def test_masks_that_stand_and_masks_that_move(job, tiny, tmp_path):
    left = np.zeros((64, 96, 3), np.uint8)
    left[:, :48] = 255
    Image.fromarray(left).save(tmp_path / "left.png")
    moved = write(tmp_path / "mask.mp4", [left] * 6 + [0 * left] * 3 + [left[:, ::-1]] * 3)
    one = replace(job, calm=0, crf=1, controls=Controls(masks=(tmp_path / "left.png",)))
    make(one, tiny)
    for frame, made in zip(frames_of(job.content), frames_of(job.output), strict=True):
        assert np.abs(frame.rgb * 1.0 - made.rgb)[:, 60:].mean() < 3  # no region, no style
        assert np.abs(frame.rgb * 1.0 - made.rgb)[:, :40].mean() > 10
    make(replace(one, controls=Controls(masks=(moved,))), tiny)
    pairs = list(zip(frames_of(job.content), frames_of(job.output), strict=True))
    changed = [
        [
            np.abs(frame.rgb * 1.0 - made.rgb)[:, half].mean() > 8
            for half in (np.s_[:40], np.s_[56:])
        ]
        for frame, made in pairs
    ]
    assert changed == [[True, False]] * 6 + [[False, False]] * 3 + [[False, True]] * 3


@pytest.mark.parametrize(
    ("still", "words"),
    [
        (
            np.dstack([np.full((64, 96, 3), 255, np.uint8), np.zeros((64, 96, 1), np.uint8)]),
            "trans",
        ),
        (np.full((64, 96, 3), (255, 0, 0), np.uint8), "is coloured"),
        (np.zeros((64, 96, 3), np.uint8), "is black everywhere"),
    ],
)
def test_a_mask_that_stands_is_checked_beside_one_that_moves(job, tiny, tmp_path, still, words):
    Image.fromarray(still).save(tmp_path / "still.png")
    moved = write(tmp_path / "mask.mp4", [np.full((64, 96, 3), 255, np.uint8)] * 12)
    masks = Controls(masks=(moved, tmp_path / "still.png"))
    style = Mixture(job.style.parts * 2)
    with pytest.raises(ValueError, match=words):
        make(replace(job, style=style, controls=masks), tiny)


def test_colours_of_the_content(job, tiny):
    make(replace(job, controls=Controls(color="coral")), tiny)
    assert len(frames_of(job.output)) == COUNT
