"""What decoders say goes to the log, and nobody else's warnings do."""

import logging
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from adain_jax.files import image
from tests.files import fuzz

NOISE = Image.fromarray(np.random.default_rng(0).integers(256, size=(64, 48, 3), dtype=np.uint8))


def test_warnings_go_to_the_log(capfd, caplog, monkeypatch):
    """Pillow's, which tests would turn into errors, and libtiff's, which prints them itself."""
    data = bytearray(fuzz.encoded(NOISE, "TIFF", compression="tiff_lzw"))
    data[2000:2200] = bytes(200)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    before = list(warnings.filters)
    with caplog.at_level(logging.DEBUG, "adain_jax"):
        image.decode(fuzz.encoded(NOISE, "PNG"), "a.png")
        with pytest.raises(ValueError, match="damaged"):
            image.decode(bytes(data), "a.tif")
    assert warnings.filters == before
    said = [record.getMessage() for record in caplog.records]
    assert any(text.startswith("Pillow: Image size (3072 pixels)") for text in said)
    assert any(text.startswith("libtiff: LZWDecode: Not enough data at scanline") for text in said)
    assert capfd.readouterr().err == ""


def test_warnings_of_others_go_where_they_went(monkeypatch):
    """Also while images are decoded in other threads, and afterwards."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    data, stop = fuzz.encoded(NOISE, "PNG"), threading.Event()

    def work():
        while not stop.is_set():
            image.decode(data, "a.png")

    threads = [threading.Thread(target=work) for _ in range(3)]
    before = list(warnings.filters)
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with pytest.raises(UserWarning, match="ours"):
                warnings.warn("ours", stacklevel=1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert warnings.filters == before


def test_what_pillow_logs_is_not_printed(tmp_path):
    """Without a handler, Python prints what a library logs as an error."""
    pixels = np.zeros((8, 9, 20), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig="contig")
    code = "from adain_jax.files import image; image.load('a.tif')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert "More samples" not in done.stderr
    assert "ValueError: a.tif is a TIFF of 8-bit RGB with 17 more channels" in done.stderr
