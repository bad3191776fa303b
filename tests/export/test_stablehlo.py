"""StableHLO's programs, in a process that has JAX and no adain_jax."""

import subprocess
import sys

import numpy as np
import pytest

import adain_jax
from adain_jax.export import Options, export
from tests.tiny import tiny_fast, tiny_film

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from jax.export import deserialize

folder = Path(sys.argv[1])
style, stylize = (
    deserialize(bytearray((folder / f"{name}.stablehlo").read_bytes()))
    for name in ("style", "stylize")
)
assert style.platforms == stylize.platforms == ("cpu", "cuda", "tpu")
for path in sorted(folder.glob("*.npz")):
    arrays = np.load(path)
    stats = style.call(arrays["painting"])
    picture = stylize.call(arrays["photo"], stats["mean"], stats["std"], arrays["strength"])
    np.save(path.with_suffix(".npy"), picture)
assert not any(name.startswith(("adain_jax", "flax")) for name in sys.modules)
"""


@pytest.mark.slow
def test_in_a_process_of_its_own(tmp_path, rng):
    model = tiny_fast()
    made = export(model, tmp_path, to="stablehlo", options=Options("float32"))
    assert made.difference <= 1
    cases = {"a": ((2, 20, 33, 3), [1, 0.4]), "b": ((1, 1, 9, 3), [0.7])}
    for name, (shape, strength) in cases.items():
        photo, painting = rng.integers(256, size=(2, *shape), dtype=np.uint8)
        arrays = {"photo": photo, "painting": painting, "strength": np.float32(strength)}
        np.savez(tmp_path / f"{name}.npz", **arrays)
    ran = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    for name, (_, strength) in cases.items():
        arrays, ours = np.load(tmp_path / f"{name}.npz"), np.load(tmp_path / f"{name}.npy")
        styles = model.style(arrays["painting"])
        theirs = adain_jax.stylize(arrays["photo"], styles, alpha=np.array(strength), model=model)
        assert ours.dtype == np.uint8
        assert np.abs(ours.astype(int) - np.asarray(theirs)).max() <= 1


@pytest.mark.slow
def test_floats_and_a_decoder_that_is_told(tmp_path):
    made = export(tiny_film(), tmp_path, to="stablehlo", options=Options(images="float32"))
    assert [path.name for path in made.files] == [
        *("style.stablehlo", "stylize.stablehlo", "stablehlo.json")
    ]
    assert made.difference <= 1
