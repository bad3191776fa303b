import math

import pytest

from adain_jax.evaluation import report
from adain_jax.evaluation.evaluate import PHOTOGRAPH, Fidelity, Row


def row(program, content, style, content_distance, style_distance, peaks=(1.0, 1.0, 1.0)):
    return Row(program, content, style, content_distance, style_distance, 5.0, 1.0, *peaks)


@pytest.fixture
def rows():
    return [
        row(PHOTOGRAPH, "a_1.webp", "ink_1.webp", 0.0, 1.0),
        row("ours", "a_1.webp", "ink_1.webp", 0.6, 0.5),
        row(PHOTOGRAPH, "a_2.webp", "ink_2.webp", 0.0, 0.5),
        row("ours", "a_2.webp", "ink_2.webp", 0.6, 0.4),
        row(PHOTOGRAPH, "a_1.webp", "unseen_map_3.webp", 0.0, 2.0),
        row("ours", "a_1.webp", "unseen_map_3.webp", 0.3, 1.5),
        row(PHOTOGRAPH, "a_2.webp", "map_4.webp", 0.0, 1.0),
        row("ours", "a_2.webp", "map_4.webp", 0.3, 1.5),
    ]


def cells(table, first):
    [line] = [x for x in table.splitlines() if x.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_means_and_shares_of_the_photographs_style_distance(rows):
    table = report.overall(rows, {"ours": Fidelity(0.125, 0.25)})
    # Shares are quotients of means: 0.45 and 0.975 of 1.125.
    expected = ["0.450", "0.975", "0.40", "0.87", "5.00", "1.00", "0.125", "0.250"]
    assert cells(table, "ours") == expected
    photograph = ["0.000", "1.125", "0.00", "1.00", "5.00", "1.00", "", ""]
    assert cells(table, PHOTOGRAPH) == photograph


def test_regular_textures_are_geometric_means():
    rows = [row("ours", "a", "b", 0, 1, (1, 4, 1)), row("ours", "a", "c", 0, 1, (4, 9, 1))]
    assert cells(report.textures(rows), "ours") == ["2.0", "6.0", "1.0"]
    photographs = [row(PHOTOGRAPH, "a", style, 0, 1) for style in ("b", "c")]
    table = report.textures([*photographs, *rows])
    assert cells(table, PHOTOGRAPH) == ["1.0", "1.0", "1.0"]
    assert table in report.report([*photographs, *rows], {}, 64)


def test_a_share_is_of_the_same_pairs(rows):
    assert cells(report.overall(rows[:2], {}), "ours")[3] == "0.50"
    assert report.share(rows, rows[1:2]) == 0.5
    assert report.share(rows, [rows[3], rows[7]]) == pytest.approx(1.9 / 1.5)


def test_a_photograph_that_is_the_painting_itself():
    rows = [row(PHOTOGRAPH, "a", "a", 0.0, 0.0), row("ours", "a", "a", 0.1, 0.2)]
    assert report.share(rows, rows[1:]) == math.inf
    assert "| ours |" in report.report(rows, {}, 64)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("print_tarot_29db59f0.webp", "print_tarot"),
        ("unseen_print_tarot_29db59f0.webp", "print_tarot"),
        ("folder/ink_1.x.png", "ink"),
        ("plain.jpg", "plain"),
    ],
)
def test_groups_by_name(name, expected):
    assert report.group(name) == expected


def test_groups_and_halves(rows):
    table = report.by_group(rows)
    assert cells(table, "ink") == ["2", "0.750", "0.60 / 0.60"]
    assert cells(table, "map (unseen)") == ["2", "1.500", "0.30 / 1.00"]
    assert cells(table, "all seen") == ["2", "0.750", "0.60 / 0.60"]
    assert cells(table, "all unseen") == ["2", "1.500", "0.30 / 1.00"]
    assert "all" not in report.by_group(rows[:4])  # there is but one half


def test_the_worst_pairs_are_those_of_the_highest_share(rows):
    worst = report.worst(rows, "ours", 2)
    assert [x.style for x in worst] == ["map_4.webp", "ink_2.webp"]
    assert len(report.worst(rows, "ours", 9)) == 4
    table = report.worst_table(rows, "ours", 2)
    assert table.splitlines()[2:] == [
        "| a_2.webp | map_4.webp | 0.300 | 1.500 | 1.50 |",
        "| a_2.webp | ink_2.webp | 0.600 | 0.400 | 0.80 |",
    ]


def test_the_whole_says_it_all(rows):
    fidelities = {"ours": Fidelity(0.1, 0.2)}
    text = report.report(rows, fidelities, 64)
    assert text.startswith("4 pairs of 2 photographs and 4 styles, 64 px.")
    for part in (report.overall(rows, fidelities), report.by_group(rows)):
        assert part in text
    assert report.worst_table(rows, "ours") in text
    assert report.worst_table(rows, PHOTOGRAPH) not in text
