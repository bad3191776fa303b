import pytest

from adain_jax.training.combinations import choose_pairs


@pytest.mark.parametrize(("contents", "styles"), [(6, 4), (32, 7), (32, 35), (5, 5)])
def test_all_are_used_evenly(contents, styles):
    for count in (1, 12, 32, contents * styles, 10**4):
        pairs = choose_pairs(contents, styles, count)
        assert len(pairs) == len(set(pairs)) == min(count, contents * styles)
        for side, length in ((0, contents), (1, styles)):
            places = [pair[side] for pair in pairs]
            times = [places.count(place) for place in range(length)]
            assert max(times) - min(times) <= 1


def test_few_pairs_are_of_all_parts_of_a_list():
    """Which are sorted by name, and so by painter."""
    styles = [style for _, style in choose_pairs(1000, 1000, 40)]
    assert [sum(1 for x in styles if x // 250 == part) > 3 for part in range(4)] == [True] * 4
