r"""Times every layer of a network by every method, and computes the share of the machine's peak.

    python benchmarks/layers.py --model vgg16 --size 512

For each layer and method the table has milliseconds (the median), the error relative to the largest
output, and the rate of the definition's operations, 18 H W C C', relative to that of a large matrix
product on the same machine. This is more than 100 % if a method needs fewer operations.
`adain_jax.ops.convolution.choose` is made from this table.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
from speed import machine

from adain_jax.networks import ARCHITECTURES, DEPTHS
from adain_jax.networks.fast import FastDecoder, FastEncoder
from adain_jax.ops.convolution import Method, Upsampling, after_linear, choose, conv3x3
from adain_jax.runtime.memory import keep_freed_memory

Layer = tuple[int, int, int, Upsampling | None]


def seconds(function: Callable[[], jax.Array], runs: int) -> float:
    times = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        function().block_until_ready()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def layers(architecture: str, size: int) -> list[Layer]:
    """For each layer: the side of its input, channels in and out, and the upsampling before it.

    Equal layers occur once.
    """
    if architecture == "fast":
        return _of_fast(size)
    found, width, depths = [], 3, DEPTHS[architecture]
    for block, depth in enumerate(depths, start=1):
        for _ in range(depth):
            found.append((size // 2 ** (block - 1), width, 32 * 2**block, None))
            width = 32 * 2**block
    upsample = ARCHITECTURES[f"{architecture}_film"].decoder.upsample
    mirrored = [(side, out, width, None) for side, width, out, _ in reversed(found)]
    decoder = [
        (side, width, out, None)
        if i == 0 or mirrored[i - 1][0] == side
        else (side // 2, width, out, upsample)
        for i, (side, width, out, _) in enumerate(mirrored)
    ]
    return list(dict.fromkeys(found + decoder))


def _of_fast(size: int) -> list[Layer]:
    """The layers of `fast`, whose largest maps have half the side of the picture."""
    encoder, channels, side = [], 12, size
    for width in FastEncoder.widths:
        side //= 2
        encoder += [(side, channels, width, None), (side, width, width, None)]
        channels = width
    decoder = []
    for width in FastEncoder.widths[-2::-1]:
        decoder += [(side, channels, width, None), (side, width, width, FastDecoder.upsample)]
        channels, side = width, 2 * side
    return [*encoder, *decoder, (side, channels, 12, None)]


def main() -> None:
    parser = argparse.ArgumentParser(description="every layer by every method")
    parser.add_argument("--model", default="vgg16", choices=[*DEPTHS, "fast"])
    parser.add_argument("--size", type=int, default=512, help="side of the picture in pixels")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    args = parser.parse_args()

    keep_freed_memory()
    square = jnp.ones((4096, 4096), args.dtype)
    product = jax.jit(jnp.matmul)
    peak = 2 * 4096**3 / seconds(lambda: product(square, square), args.runs)
    print(f"{machine()}\nlargest rate of a matrix product: {peak / 1e9:.0f} GFLOP/s\n")
    print("| input | method | ms | % of that rate | error | chosen |")
    print("| --- | --- | --- | --- | --- | --- |")
    rng, rows = np.random.default_rng(0), []
    for side, channels, features, upsample in layers(args.model, args.size):
        x = jnp.asarray(rng.normal(size=(args.batch, side, side, channels)), args.dtype)
        kernel = rng.normal(size=(3, 3, channels, features)) * (9 * channels) ** -0.5
        kernel = jnp.asarray(kernel, args.dtype)
        whole = after_linear(kernel) if upsample == "linear" else kernel
        chosen = choose(jax.default_backend(), x.dtype, whole.shape)
        conv = jax.jit(conv3x3, static_argnames=("method", "upsample"))
        reference = conv(x, kernel, method="xla", upsample=upsample).astype(jnp.float32)
        work = 18 * args.batch * side**2 * channels * features * (4 if upsample else 1)
        name = f"{side}x{side}, {channels} to {features}{f', {upsample}' if upsample else ''}"
        for method in get_args(Method)[1:]:
            if method == "projection" and features > 4:
                continue

            def run(method: Method = method, x: jax.Array = x, kernel: jax.Array = kernel):
                return conv(x, kernel, method=method, upsample=upsample)  # noqa: B023

            time_taken = seconds(run, args.runs)
            error = float(jnp.abs(run() - reference).max() / jnp.abs(reference).max())
            rows.append({"layer": name, "method": method, "seconds": time_taken, "error": error})
            print(
                f"| {name} | {method} | {time_taken * 1e3:.1f} | "
                f"{100 * work / time_taken / peak:.0f} | {error:.0e} | "
                f"{'yes' if method == chosen else ''} |",
                flush=True,
            )
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "peak": peak, "rows": rows}))


if __name__ == "__main__":
    main()
