"""Text for messages and files."""

from collections.abc import Mapping


def one_line(message: Exception | str) -> str:
    r"""The message without line breaks.

    >>> one_line(ValueError("two\n  lines"))
    'two lines'
    """
    return " ".join(str(message).split())


def check_metadata(metadata: Mapping[str, object]) -> None:
    """Raise `ValueError` if the header of a file could not hold these values, as strings."""
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise ValueError(f"metadata: {key} is a string, not {value!r}")


def printable(text: str) -> str:
    r"""The text as valid UTF-8: bytes of file names that are not UTF-8 become escapes.

    >>> printable("caf\udce9.jpg")
    'caf\\udce9.jpg'
    """
    return text.encode("utf-8", "backslashreplace").decode()
