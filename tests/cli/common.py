"""What tests of the command share."""

from pathlib import Path

# At which commands are fast, where sizes are not the point.
SMALL = ("--size", "16", "--style-size", "16")
MADE = [
    str(Path("out/2024/b_stylized_painting.png")),
    str(Path("out/a_stylized_painting.png")),
]  # of the fixture `photos`


def files_in(folder):
    return sorted(str(x.relative_to(folder.parent)) for x in folder.rglob("*") if x.is_file())


def assert_one_error(stdout, stderr, *parts):
    """One line that says what is wrong, and nothing else."""
    assert stdout == ""
    [line] = stderr.splitlines()
    assert line.startswith("adain-jax: error: ")
    for part in parts:
        assert part in line
