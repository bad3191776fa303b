"""Controls that the commands for pictures and for videos share."""

import numpy as np
import pytest
from PIL import Image

from adain_jax.files import image
from tests.cli.common import SMALL, assert_one_error


@pytest.mark.parametrize("command", ["stylize", "video"])
@pytest.mark.parametrize("regions", [("--masks", "m.png", "n.png"), ("--labels", "m.png")])
def test_the_strengths_of_regions_are_given_once(main, command, regions):
    styles = ("--styles", "a.jpg:0.3", "b.jpg:0.9")
    printed = main(
        command, "in.gif", *styles, *regions, "--alpha-map", "map.png", "-o", "out.webp", code=2
    )
    assert_one_error(*printed, "give the strengths of --styles by weights, or by --alpha-map")


def test_a_colon_in_the_name_of_a_style_is_no_strength(main, photo, painting, tmp_path):
    (tmp_path / "12:30.jpg").write_bytes(painting.read_bytes())
    Image.new("L", (56, 40), 255).save(tmp_path / "white.png")
    white = ("--masks", "white.png", "--alpha-map", "white.png")
    main("stylize", photo, "--styles", "12:30.jpg", *white, "-o", "a.png", *SMALL)
    main("stylize", photo, painting, "-o", "b.png", *SMALL)
    ours, theirs = (image.load(tmp_path / name).rgb for name in ("a.png", "b.png"))
    np.testing.assert_allclose(ours, theirs, atol=1.1 / 255)
