"""Text for messages."""


def one_line(message: Exception | str) -> str:
    r"""The message without line breaks.

    >>> one_line(ValueError("two\n  lines"))
    'two lines'
    """
    return " ".join(str(message).split())
