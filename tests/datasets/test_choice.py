from collections import Counter

import numpy as np
import pytest

from adain_jax.datasets.choice import Choice, choose


def test_the_choices_never_change():
    """Of another version, of any library, they would make other data sets."""
    first, second = choose(7, "dog/é.jpg", 2, 1000, (0.5, 1.0))
    assert first == Choice(689, 0.7040717601776123, (0.15940057174549627, 0.408762979699939))
    assert second.style != first.style


@pytest.mark.parametrize("change", [{"seed": 1}, {"key": "b"}])
def test_seed_and_key_decide(change):
    given = {"seed": 0, "key": "a", "copies": 1, "styles": 1 << 40, "alpha": (0.0, 1.0)}
    [one], [other] = choose(**given), choose(**{**given, **change})
    assert one.style != other.style
    assert one.alpha != other.alpha
    assert one.place != other.place


def test_copies_have_styles_of_their_own():
    for key in map(str, range(50)):
        styles = [choice.style for choice in choose(0, key, 10, 4)]
        assert sorted(styles[:4]) == sorted(styles[4:8]) == [0, 1, 2, 3]
        assert len(set(styles[8:])) == 2


def test_a_copy_is_the_same_however_many_there_are():
    assert choose(0, "a", 9, 5)[:3] == choose(0, "a", 3, 5)


def test_all_are_equally_likely():
    chosen = [choose(3, f"{i}.jpg", 1, 4, (0.5, 1.0))[0] for i in range(4000)]
    counts = Counter(choice.style for choice in chosen)
    assert all(abs(counts[style] - 1000) < 150 for style in range(4))
    for values, low, high in (
        ([x.alpha for x in chosen], 0.5, 1.0),
        ([x.place[0] for x in chosen], 0.0, 1.0),
        ([x.place[1] for x in chosen], 0.0, 1.0),
    ):
        assert low <= min(values) <= max(values) <= high
        assert abs(np.mean(values) - (low + high) / 2) < 0.03 * (high - low)


def test_strengths_are_float32():
    [choice] = choose(0, "a", 1, 1, (0.1, 0.7))
    assert choice.alpha == float(np.float32(choice.alpha))
    assert choose(0, "a", 1, 1, (0.3, 0.3))[0].alpha == float(np.float32(0.3))


def test_crops_reach_every_place():
    corners = {choice.corner(5, 6, 4) for i in range(300) for choice in choose(0, str(i), 1, 1)}
    assert corners == {(top, left) for top in range(2) for left in range(3)}


def test_names_that_are_no_text():
    """Of files on Linux."""
    assert choose(0, "a\udcff", 1, 9)
