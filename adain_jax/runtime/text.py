"""Text for messages and files."""


def one_line(message: Exception | str) -> str:
    r"""The message without line breaks.

    >>> one_line(ValueError("two\n  lines"))
    'two lines'
    """
    return " ".join(str(message).split())


def printable(text: str) -> str:
    r"""The text as valid UTF-8: bytes of file names that are not UTF-8 become escapes.

    >>> printable("caf\udce9.jpg")
    'caf\\udce9.jpg'
    """
    return text.encode("utf-8", "backslashreplace").decode()
