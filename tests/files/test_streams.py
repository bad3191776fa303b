import io

import numpy as np
import pytest

from adain_jax.files import image, streams
from adain_jax.files.streams import STREAM


class Stream(io.TextIOWrapper):
    def __init__(self, data=b"", terminal=False):
        super().__init__(io.BytesIO(data))
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def test_input_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr("sys.stdin", Stream(b"ab\r\n\xff"))
    assert streams.read_input() == b"ab\r\n\xff"


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (Stream(), r"empty \(0 bytes\)"),
        (Stream(b"text", terminal=True), "is a terminal"),
        (None, "is closed"),
    ],
)
def test_no_input(monkeypatch, stream, message):
    monkeypatch.setattr("sys.stdin", stream)
    with pytest.raises(ValueError, match=f"standard input .*{message}|{message}"):
        streams.read_input()


@pytest.mark.parametrize(
    ("stream", "message"), [(Stream(terminal=True), "is a terminal"), (None, "is closed")]
)
def test_no_output(monkeypatch, stream, message):
    monkeypatch.setattr("sys.stdout", stream)
    with pytest.raises(ValueError, match=f"standard output {message}"):
        streams.check_output()


def test_what_is_loaded(tmp_path):
    pixels = np.full((4, 5, 3), 7, np.uint8)
    image.save(tmp_path / "a.png", pixels)
    data = (tmp_path / "a.png").read_bytes()
    for loaded in (
        streams.load(STREAM, data, as_bytes=True),
        streams.load(tmp_path / "a.png", b"other", as_bytes=True),
    ):
        np.testing.assert_array_equal(loaded.rgb, pixels)
    with pytest.raises(ValueError, match="standard input is not an image"):
        streams.load(STREAM, b"no image")
