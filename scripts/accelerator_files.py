"""The files that accelerator.py leaves: weights, logs, numbers and pictures."""

import json
import shutil
import statistics
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from adain_jax.runtime.atomic import atomic_path

TRAINED = ("vgg16", "fast")  # the parts that train; each continues the shipped model of its name
FROZEN = "vgg16"  # the shipped model whose frozen encoder is left out of the files of weights
_MOST = 15 << 20  # the most bytes that are packed into a file


def gather(part: str, work: Path, out: Path) -> dict[str, Any]:
    """Copy a part's files from its folder to `out`, and return its numbers."""
    found = work / f"{part}.json"
    numbers = json.loads(found.read_text()) if found.exists() else {}
    if part in TRAINED:
        numbers |= weights(part, work / part, out / f"{part}.safetensors")
        if (log := work / part / "log.jsonl").exists():
            shutil.copy(log, out / f"{part}.jsonl")
            numbers |= progress(log)
    if part == "judge" and (work / part).is_dir():
        pack(work / part, out / f"{part}.zip")
    return numbers


def weights(part: str, workdir: Path, file: Path) -> dict[str, Any]:
    """Write the weights that a training changed: all but the frozen encoder, in float32.

    Returns what is said of them in numbers.json.
    """
    import numpy as np
    import safetensors.numpy

    from adain_jax.networks.params import flatten
    from adain_jax.weights import store

    exported = workdir / "model.safetensors"
    params, header = store.read(exported if exported.exists() else store.find(part))
    frozen = flatten(store.read(store.find(FROZEN))[0])
    trained = {
        key: x
        for key, x in flatten(params).items()
        if not (key.startswith("encoder.") and key in frozen and np.array_equal(x, frozen[key]))
    }
    kept = {"architecture": header["architecture"], "base": FROZEN}
    if exported.exists():
        batch = str(json.loads(header["recipe"])["batch_size"])
        told = {"steps": header["steps"], "samples": header["samples"], "batch": batch}
    else:
        told = {"steps": "0", "note": "no checkpoint: the weights are those that it began with"}
    with atomic_path(file) as temporary:
        safetensors.numpy.save_file(trained, temporary, {**kept, **told})
    return {**told, "bytes": file.stat().st_size}


def progress(log: Path) -> dict[str, Any]:
    """The speed of a training, and its last losses."""
    lines = []
    for line in log.read_text().splitlines():
        with suppress(ValueError):  # a line that is half written
            lines.append(json.loads(line))
    lines = [line for line in lines if "images_per_second" in line]
    if not lines:
        return {}
    # The first line's time includes the compilation.
    speeds = [line["images_per_second"] for line in lines[1:]]
    last = {key: x for key, x in lines[-1].items() if key.endswith("loss")}
    return {"images_a_second": statistics.median(speeds) if speeds else None, "last": last}


def pack(folder: Path, file: Path) -> None:
    """Pack the files of a folder into one, the small ones first, as many as there is room for."""
    left = _MOST
    with atomic_path(file) as temporary, zipfile.ZipFile(temporary, "w") as made:
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_size):
            left -= path.stat().st_size
            if left > 0:
                made.write(path, path.name)


def join(path: Path) -> Path:
    """Make a model, float32, of trained weights and the frozen encoder; return its path.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a file of trained weights.
    """
    import jax
    import numpy as np
    import safetensors
    from flax.traverse_util import unflatten_dict

    from adain_jax.networks import ARCHITECTURES, initialize
    from adain_jax.networks.params import flatten
    from adain_jax.runtime.text import one_line
    from adain_jax.weights import store

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = dict(file.metadata() or {})
            trained = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} is no safetensors file, or truncated: {one_line(error)}"
        ) from None
    architecture, base = header.get("architecture", ""), header.get("base")
    if architecture not in ARCHITECTURES or base not in store.shipped():
        raise ValueError(
            f"{path} names no architecture and no model that ships: give a file of weights that "
            "this script wrote"
        )
    known = {**flatten(store.read(store.find(base))[0]), **trained}
    wanted = flatten(jax.eval_shape(lambda: initialize(architecture, jax.random.key(0))))
    if missing := sorted(wanted.keys() - known.keys()):
        raise ValueError(
            f"{path} lacks {missing[0]}: give a file of weights that this script wrote"
        )
    params = unflatten_dict({key: known[key] for key in wanted}, sep=".")
    made = path.with_suffix(".model.safetensors")
    told = {key: x for key, x in header.items() if key != "base"}
    store.write(made, params, architecture, told, np.float32)
    return made


def write_numbers(path: Path, numbers: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(numbers, indent=2) + "\n")
