import numpy as np

from adain_jax.files.sheet import contact_sheet, sheet


def test_places():
    """A picture of a place's size is there as it was; others are cut to their middle."""
    exact = np.random.default_rng(0).integers(256, size=(8, 12, 3)) / 255
    wide = np.zeros((8, 36, 3))
    wide[:, 12:24] = 1
    made = sheet([[exact, None], [wide]], (8, 12))
    assert made.shape == (20, 28, 3)
    np.testing.assert_array_equal(made[:8, :12], np.round(exact * 255))
    rest = np.delete(made.reshape(-1, 3), [i * 28 + j for i in range(8) for j in range(12)], 0)
    assert (rest == 255).all()


def test_contact_sheet():
    white, black = np.ones((10, 8, 3)), np.zeros((8, 12, 3))
    made = contact_sheet([black], [white, white], [[black], [white]], side=8)
    assert made.shape == (3 * 12 - 4, 2 * 12 - 4, 3)
    assert (made[:8, :12] == 255).all()  # nothing stands in the corner
    assert not made[:8, 12:].any()
    assert not made[12:20, 12:].any()
    assert (made[24:, 12:] == 255).all()


def test_names_stand_above_columns_and_beside_rows():
    black = np.zeros((40, 60, 3))
    plain = sheet([[black, black], [black, black]], (40, 60))
    made = sheet([[black, black], [black, black]], (40, 60), columns=("", "H"), names=("", "H"))
    assert made.shape == (plain.shape[0] + 16, plain.shape[1] + 16, 3)
    np.testing.assert_array_equal(made[16:, 16:], plain)
    dark = np.all(made < 128, axis=-1)
    assert not dark[:16, :80].any()  # the corner, and the first column, which has no name
    assert dark[:16, 80:].any()
    assert not dark[:60, :16].any()
    assert dark[60:, :16].any()
    np.testing.assert_array_equal(np.rot90(inked(dark[:16, 80:])), inked(dark[60:, :16]))


def inked(mask):
    rows, columns = np.nonzero(mask)
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
