"""Controls that the commands for pictures and for videos share."""

import pytest

from tests.cli.common import assert_one_error


@pytest.mark.parametrize("command", ["stylize", "video"])
@pytest.mark.parametrize("regions", [("--masks", "m.png", "n.png"), ("--labels", "m.png")])
def test_the_strengths_of_regions_are_given_once(main, command, regions):
    styles = ("--styles", "a.jpg:0.3", "b.jpg:0.9")
    printed = main(
        command, "in.gif", *styles, *regions, "--alpha-map", "map.png", "-o", "out.webp", code=2
    )
    assert_one_error(*printed, "give the strengths of --styles by weights, or by --alpha-map")
