import inspect
from functools import partial

import numpy as np
import pytest

import adain_jax
from adain_jax import Style
from adain_jax.files import image
from adain_jax.files.sheet import sheet
from adain_jax.jobs import grid


@pytest.fixture
def files(rng, tmp_path):
    """A photograph and four styles."""
    shapes = {"photo": (20, 30), "a": (16, 16), "b": (24, 16), "c": (16, 24), "d": (16, 40)}
    for name, shape in shapes.items():
        image.save(tmp_path / f"{name}.png", rng.random((*shape, 3)))
    return [tmp_path / f"{name}.png" for name in shapes]


def place(picture, row, column, height=20, width=30):
    top, left = row * (height + 4), column * (width + 4)
    return picture[top : top + height, left : left + width]


def make(photo, styles, output, model, steps):
    write = partial(grid.write, steps=steps, size=0, style_size=16)
    made = sum(1 for _ in write(photo, styles, output, model))
    assert made == sum(map(len, grid.cells(len(styles), steps)))
    return image.load(output).rgb


def test_mixtures_are_linear_and_pure_at_the_ends():
    for styles in grid.STYLES:
        rows = grid.cells(styles, 4)
        assert len(rows) == (4 if styles == 4 else 1)
        for row in rows:
            assert len(row) == 4
            for weights, _ in row:
                assert len(weights) == styles
                np.testing.assert_allclose(sum(weights), 1, atol=1e-12)
                assert min(weights) >= 0
    square = grid.cells(4, 5)
    corners = [square[i][j][0] for i in (0, -1) for j in (0, -1)]
    np.testing.assert_array_equal(corners, np.eye(4))
    np.testing.assert_allclose(square[1][3][0], (0.1875, 0.5625, 0.0625, 0.1875))
    assert [cell[1] for cell in grid.cells(1, 3)[0]] == [0, 0.5, 1]


def test_one_style_is_a_row_of_strengths(files, tmp_path, tiny):
    photo, style, *_ = files
    made = make(photo, [style], tmp_path / "grid.png", tiny, 3)
    assert made.shape == (20, 5 * 34 - 4, 3)
    content = image.load(photo).rgb
    np.testing.assert_array_equal(place(made, 0, 0), content)
    encoded = tiny.style(image.load(style, size=16).rgb)
    for i, alpha in enumerate((0.0, 0.5, 1.0)):
        expected = adain_jax.stylize(content, encoded, alpha=alpha, model=tiny)
        np.testing.assert_allclose(place(made, 0, i + 1), expected, atol=0.51 / 255 + 1e-4)
    thumbnail = sheet([[image.load(style, size=16).rgb]], (20, 30)) / 255
    np.testing.assert_allclose(place(made, 0, 4), thumbnail, atol=1e-5)


def test_four_styles_are_the_corners(files, tmp_path, tiny):
    photo, *styles = files
    made = make(photo, styles, tmp_path / "grid.png", tiny, 3)
    assert made.shape == (3 * 24 - 4, 5 * 34 - 4, 3)
    content = image.load(photo).rgb
    looks = [image.load(path, size=16).rgb for path in styles]
    encoded = [tiny.style(look) for look in looks]
    for look, style, row, side, column in zip(
        looks, encoded, (0, 0, 2, 2), (0, 4, 0, 4), (1, 3, 1, 3), strict=True
    ):
        thumbnail = sheet([[look]], (20, 30)) / 255
        np.testing.assert_allclose(place(made, row, side), thumbnail, atol=1e-5)
        expected = adain_jax.stylize(content, style, model=tiny)
        np.testing.assert_allclose(place(made, row, column), expected, atol=0.51 / 255 + 1e-4)
    middle = adain_jax.stylize(content, Style.mix(encoded), model=tiny)
    np.testing.assert_allclose(place(made, 1, 2), middle, atol=0.51 / 255 + 1e-4)
    assert (place(made, 1, 0) == 1).all()  # nothing between the corners


def test_two_styles_of_which_one_is_a_file(files, tmp_path, tiny):
    """Which shows its thumbnail, if it has one."""
    photo, first, second, *_ = files
    gray = np.full((4, 4, 3), 51, np.uint8)
    tiny.style(image.load(first).rgb).save(tmp_path / "a.safetensors", thumbnail=gray)
    tiny.style(image.load(second).rgb).save(tmp_path / "b.safetensors")
    made = make(photo, [tmp_path / "a.safetensors", second], tmp_path / "grid.png", tiny, 2)
    assert made.shape == (20, 4 * 34 - 4, 3)
    np.testing.assert_allclose(place(made, 0, 0), 0.2, atol=1e-5)
    both = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    assert (place(make(photo, both, tmp_path / "grid.png", tiny, 2), 0, 3) == 1).all()


def test_what_is_refused(files, tmp_path, tiny):
    photo, *styles = files
    for wrong in (styles[:3], [*styles, styles[0]]):
        with pytest.raises(ValueError, match=f"1 style .* 4 .*, not of {len(wrong)}"):
            make(photo, wrong, tmp_path / "grid.png", tiny, 3)
    with pytest.raises(ValueError, match="at least 2 steps, not 1"):
        make(photo, styles, tmp_path / "grid.png", tiny, 1)
    with pytest.raises(ValueError, match="would replace"):
        make(photo, styles, styles[2], tiny, 2)
    with pytest.raises(ValueError, match="cannot write"):
        make(photo, styles, tmp_path / "grid.gif", tiny, 2)
    with pytest.raises(ValueError, match=r"17064 x 20 pixels, but a side has at most 16383"):
        list(grid.write(photo, styles[:1], tmp_path / "grid.webp", tiny, steps=500, size=0))
    assert not list(tmp_path.glob("grid*"))


def test_the_defaults_of_the_command_are_those_of_the_function():
    from adain_jax.cli.parser import parse

    args = parse(["grid", "a", "b", "-o", "c.png"])
    for name in ("steps", "size", "style_size"):
        assert getattr(args, name) == inspect.signature(grid.write).parameters[name].default
