"""The measurements as Markdown tables: over all pairs, by groups of styles, and the worst pairs.

The group of a style is the name of its file without the last `_part`. No training sees the groups
whose file names begin with `unseen_`. A share is a distance divided by the style distance
of the untouched photographs of the same pairs.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from adain_jax.evaluation.evaluate import PHOTOGRAPH, Fidelity, Row
from adain_jax.evaluation.spectrum import PERIODS

WORST = 5  # the number of worst pairs of a program that are shown
_UNSEEN = "unseen_"


def report(rows: Sequence[Row], fidelities: Mapping[str, Fidelity], size: int) -> str:
    """All tables, with explanations.

    Args:
        rows: the rows of every program, including `PHOTOGRAPH`, over the same pairs.
        fidelities: the fidelities of the programs that have one.
        size: the side of the images, in pixels.
    """
    pairs, contents, styles = (
        len({key(row) for row in rows})
        for key in (_pair, lambda row: row.content, lambda row: row.style)
    )
    parts = [
        f"{pairs} pairs of {contents} photographs and {styles} styles, {size} px. Lower is better; "
        "shares are of the photograph's style distance.",
        overall(rows, fidelities),
        "Regular textures of 2, 4 and 8 pixels: peaks of the spectrum over their surroundings, "
        "geometric means. Those of the photographs are the aim.",
        textures(rows),
        "By groups of styles: content distance / share of the style distance.",
        by_group(rows),
    ]
    for program in _programs(rows):
        if program != PHOTOGRAPH:
            parts += [f"The worst pairs of {program}:", worst_table(rows, program)]
    return "\n\n".join(parts) + "\n"


def overall(rows: Sequence[Row], fidelities: Mapping[str, Fidelity]) -> str:
    """A table of the means over all pairs, with a line for each program."""
    lines = []
    for program in _programs(rows):
        mine = [row for row in rows if row.program == program]
        content, style = _content(mine), _style(mine)
        whole = _untouched(rows, mine)
        lines.append(
            [
                *(program, f"{content:.3f}", f"{style:.3f}"),
                *(f"{_quotient(content, whole):.2f}", f"{_quotient(style, whole):.2f}"),
                f"{np.mean([row.content_loss for row in mine]):.2f}",
                f"{np.mean([row.style_loss for row in mine]):.2f}",
                *("" if x is None else f"{x:.3f}" for x in fidelities.get(program, (None, None))),
            ]
        )
    head = ["program", "content", "style", "content share", "style share"]
    return _table([*head, "content loss", "style loss", "alpha 0", "shift"], lines)


def textures(rows: Sequence[Row]) -> str:
    """A table of the strengths of regular textures, with a line for each program."""
    lines = []
    for program in _programs(rows):
        mine = [(x.period_2, x.period_4, x.period_8) for x in rows if x.program == program]
        lines.append([program, *(f"{mean:.1f}" for mean in np.exp(np.log(mine).mean(0)))])
    return _table(["program", *(f"period {period}" for period in PERIODS)], lines)


def by_group(rows: Sequence[Row]) -> str:
    """A table with a line for each group of styles.

    If there are seen and unseen groups, a line for all seen and one for all unseen ones follow.
    """
    unseen = {group(x.style) for x in rows if PurePosixPath(x.style).name.startswith(_UNSEEN)}
    programs = [program for program in _programs(rows) if program != PHOTOGRAPH]
    parts = {
        f"{name} (unseen)" if name in unseen else name: [x for x in rows if group(x.style) == name]
        for name in sorted({group(x.style) for x in rows}, key=lambda name: (name in unseen, name))
    }
    halves = {
        "all seen": [x for x in rows if group(x.style) not in unseen],
        "all unseen": [x for x in rows if group(x.style) in unseen],
    }
    if all(halves.values()):
        parts |= halves
    lines = []
    for name, part in parts.items():
        line = [name, str(len({_pair(x) for x in part})), f"{_untouched(rows, part):.3f}"]
        for program in programs:
            mine = [x for x in part if x.program == program]
            line.append(f"{_content(mine):.2f} / {share(rows, mine):.2f}")
        lines.append(line)
    return _table(["styles", "pairs", PHOTOGRAPH, *programs], lines)


def worst(rows: Sequence[Row], program: str, count: int = WORST) -> list[Row]:
    """The rows of a program with the highest shares, in descending order."""
    mine = [row for row in rows if row.program == program]
    return sorted(mine, key=lambda row: share(rows, [row]), reverse=True)[:count]


def worst_table(rows: Sequence[Row], program: str, count: int = WORST) -> str:
    """A table with a line for each of a program's worst pairs."""
    lines = [
        [
            *(row.content, row.style, f"{row.content_distance:.3f}", f"{row.style_distance:.3f}"),
            f"{share(rows, [row]):.2f}",
        ]
        for row in worst(rows, program, count)
    ]
    return _table(["photograph", "style", "content", "style distance", "share"], lines)


def share(rows: Sequence[Row], mine: Sequence[Row]) -> float:
    """The mean style distance of a program's rows, divided by that of the photographs alone."""
    return _quotient(_style(mine), _untouched(rows, mine))


def group(style: str) -> str:
    """The group of a style, by the name of its file.

    >>> group("unseen_print_tarot_29db59f0.webp"), group("print_tarot_fe5905be.webp")
    ('print_tarot', 'print_tarot')
    """
    stem = PurePosixPath(style).stem.removeprefix(_UNSEEN)
    return stem.rpartition("_")[0] or stem


def _programs(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.program for row in rows))


def _pair(row: Row) -> tuple[str, str]:
    return row.content, row.style


def _content(rows: Sequence[Row]) -> float:
    return float(np.mean([row.content_distance for row in rows]))


def _style(rows: Sequence[Row]) -> float:
    return float(np.mean([row.style_distance for row in rows]))


def _untouched(rows: Sequence[Row], like: Sequence[Row]) -> float:
    """The mean style distance of the untouched photographs of the same pairs."""
    pairs = {_pair(row) for row in like}
    return _style([row for row in rows if row.program == PHOTOGRAPH and _pair(row) in pairs])


def _quotient(distance: float, whole: float) -> float:
    return distance / whole if whole else math.inf  # 0 if the photograph is the painting


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))
