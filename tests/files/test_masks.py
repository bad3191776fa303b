import numpy as np
import pytest
from PIL import Image

from adain_jax.files.masks import load_labels, load_map, load_masks

SIZE = 40, 60  # of the photograph, height and width


@pytest.fixture
def draw(tmp_path):
    def draw(name, pixels, side=1):
        path = tmp_path / name
        pixels = np.asarray(pixels, np.uint8)
        whole = np.kron(pixels, np.ones((SIZE[0] * side // 2, SIZE[1] * side // 2), np.uint8))
        Image.fromarray(whole).save(path)
        return path

    return draw


def test_hard_and_soft(draw):
    hard = draw("hard.png", [[255, 0], [0, 0]])
    soft = draw("soft.png", [[51, 0], [255, 0]])
    [mask] = load_masks([hard], 1, SIZE)
    assert mask.dtype == bool
    assert mask.shape == SIZE
    assert mask[:20, :30].all()
    assert mask.sum() == 20 * 30
    both = load_masks([hard, soft], 2, SIZE)
    assert both.dtype == np.float32
    np.testing.assert_allclose(both[1][[0, -1], 0], [0.2, 1])
    assert load_masks([hard, soft], 3, SIZE).shape == (2, *SIZE)  # the last style is for the rest


def test_labels(draw):
    path = draw("labels.png", [[0, 3], [9, 200]])
    masks = load_labels(path, 3, SIZE)
    assert [mask.sum() for mask in masks] == [600] * 3
    assert masks[0, 0, -1]  # the darkest above black
    assert masks[1, -1, 0]
    assert load_labels(path, 4, SIZE).shape == (3, *SIZE)
    np.testing.assert_array_equal(load_labels(draw("2.png", [[0, 3], [9, 200]], 2), 3, SIZE), masks)
    for styles in (1, 2, 5):
        with pytest.raises(ValueError, match=rf"labels.png has 3 greys above black for {styles} "):
            load_labels(path, styles, SIZE)
    with pytest.raises(ValueError, match=r"black.png has 0 greys"):
        load_labels(draw("black.png", [[0, 0], [0, 0]]), 1, SIZE)


def test_greys_of_a_mask_are_never_labels(draw):
    """As the smooth edges of a region have some, by chance as many as there are styles."""
    path = draw("smooth.png", [[255, 128], [0, 0]])
    for styles in (1, 2):
        [soft] = load_masks([path], styles, SIZE)
        assert soft.dtype == np.float32
        np.testing.assert_allclose(soft[0, [0, -1]], [1, 128 / 255])
    with pytest.raises(ValueError, match=r"3 styles for 1 masks.* --labels"):
        load_masks([path], 3, SIZE)


def test_masks_of_another_size_are_scaled(draw):
    for kind, side in (([[255, 0], [0, 0]], 3), ([[255, 0], [90, 0]], 2)):
        [large] = load_masks([draw("large.png", kind, side)], 1, SIZE)
        [exact] = load_masks([draw("exact.png", kind)], 1, SIZE)
        assert large.dtype == exact.dtype
        np.testing.assert_allclose(large[5:15, 5:25], exact[5:15, 5:25])


def test_a_map(draw):
    values = load_map(draw("map.png", [[0, 51], [102, 255]]), SIZE)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[[0, 0, -1, -1], [0, -1, 0, -1]], [0, 0.2, 0.4, 1])


def test_an_opaque_alpha_channel_hides_nothing(draw):
    path = draw("opaque.png", [[255, 0], [0, 255]])
    [expected] = load_masks([path], 1, SIZE)
    Image.open(path).convert("LA").save(path)
    [mask] = load_masks([path], 1, SIZE)
    np.testing.assert_array_equal(mask, expected)


def test_bad_masks(draw, tmp_path):
    hard, black = draw("hard.png", [[255, 0], [0, 0]]), draw("black.png", [[0, 0], [0, 0]])
    Image.new("RGB", (60, 40), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGBA", (60, 40), (255, 255, 255, 9)).save(tmp_path / "clear.png")
    Image.new("L", (50, 50), 255).save(tmp_path / "square.png")
    for paths, styles, message in (
        ([hard, black], 2, "black.png is black everywhere"),
        ([tmp_path / "red.png"], 1, "red.png is coloured"),
        ([tmp_path / "square.png"], 1, "square.png, 50x50, has other proportions .* 60x40"),
        ([draw("01.png", [[1, 0], [0, 0]])], 2, "01.png is all but black.* grey 1 of 255"),
        ([tmp_path / "clear.png"], 1, "clear.png is transparent"),
        ([hard, hard], 1, "1 styles for 2 masks"),
        ([hard], 3, "3 styles for 1 masks"),
    ):
        with pytest.raises(ValueError, match=message):
            load_masks(paths, styles, SIZE)
    with pytest.raises(FileNotFoundError, match="nix"):
        load_map(tmp_path / "nix.png", SIZE)


@pytest.mark.parametrize(("grey", "read"), [(255, load_masks), (77, load_masks), (9, load_labels)])
def test_a_region_that_is_lost_by_scaling(draw, grey, read):
    """Is told with its file, although the file has it."""
    path = draw("thin.png", [[0, 0], [0, 0]], 20)
    pixels = np.array(Image.open(path))
    pixels[333, 1] = grey
    Image.fromarray(pixels).save(path)
    paths = path if read is load_labels else [path]
    with pytest.raises(ValueError, match=r"thin.png is too thin for a photograph of 60x40"):
        read(paths, 1, SIZE)
