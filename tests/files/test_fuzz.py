"""Images of every kind, and damage of every kind: read right, or refused in one line.

    python -m pytest tests/files/test_fuzz.py --fuzz-cases 100000 --fuzz-seed 1

libvips reads them too if it is there (the extra "dev"); without it, damage that changes what is
shown is not judged.
"""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from adain_jax.files import find, image
from tests.conftest import ROOT, SHARED, needs_shared
from tests.files import fuzz


@pytest.fixture
def judge_all(request, record_property):
    """Judge as many files as the options say, and count."""

    def judge_all(files, share=1.0):
        cases = max(1, round(share * request.config.getoption("--fuzz-cases")))
        counts = Counter(read=0, refused=0, unjudged=0, differing=0)

        @seed(request.config.getoption("--fuzz-seed"))
        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            report_multiple_bugs=False,
        )
        @given(files)
        def judge(file):
            try:
                counts[fuzz.judge(file)] += 1
            except Exception:
                counts["differing"] += 1
                raise

        try:
            judge()
        finally:
            said = ", ".join(f"{count} {what}" for what, count in counts.items())
            record_property("fuzz", f"{request.node.name}: {said}")
        assert not counts["differing"]
        assert counts["read"] + counts["refused"] > 0

    return judge_all


def test_made_files(judge_all):
    judge_all(fuzz.files())


def test_photographs_damaged(judge_all):
    paths = sorted((ROOT / "examples").rglob("*.jpg"))
    assert paths
    judge_all(_damaged(paths), share=0.02)


@needs_shared
def test_training_images_damaged(judge_all):
    paths = find.images(SHARED / "data")[::50]
    judge_all(_damaged(paths), share=0.02)


def _damaged(paths):
    return st.builds(fuzz.damaged, st.sampled_from(paths).map(_real), fuzz.damages())


def _real(path):
    loaded = image.load(path)
    kind = path.suffix[1:].upper().replace("JPG", "JPEG")
    return fuzz.File(path.name, kind, path.read_bytes(), loaded.rgb, loaded.alpha, lossy=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_other_way_of_turning(orientation):
    """Of the fuzzer's own, which Pillow's has to be."""
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = fuzz.encoded(Image.fromarray(pixels), "PNG", exif=exif)
    read = image.decode(file, "a.png", as_bytes=True).rgb[..., 0]
    np.testing.assert_array_equal(read, fuzz.turned(pixels, orientation))


def test_what_is_wrong_is_found():
    """The judge itself, of files that do not show what they should."""
    make = partial(fuzz.encoded, Image.fromarray(np.zeros((4, 5, 3), np.uint8)))
    black = np.zeros((4, 5, 3))
    assert fuzz.judge(fuzz.File("PNG", "PNG", make("PNG"), black)) == "read"
    assert fuzz.judge(fuzz.File("PNG", "PNG", b"no image", black, damage="changed")) == "refused"
    for wrong in (
        fuzz.File("PNG", "PNG", make("PNG"), black + 0.03),
        fuzz.File("PNG", "PNG", make("PNG"), black[:3]),
        fuzz.File("PNG", "PNG", make("PNG"), black, np.zeros((4, 5))),
        fuzz.File("PNG", "PNG", make("PNG"), black, supported=False),
        fuzz.File("PNG", "PNG", b"no image", black),
    ):
        with pytest.raises(AssertionError):
            fuzz.judge(wrong)
