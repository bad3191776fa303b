r"""Times whole videos, from file to file, and compares with the obvious loop, in one run.

    pip install -e '.[video]' torch
    python benchmarks/video.py --model fast vgg16 --height 360 720 1080 --loop

`adain-jax video` decodes, computes and encodes, calm and frame by frame. The obvious loop is the
one that everyone writes first: OpenCV reads a frame, the PyTorch network stylizes it, OpenCV writes
it. It uses `vgg16`, whichever model it is compared with. Every program has its own process, and
they make a short clip and a long one in turns. The time of a frame is computed from the difference,
so that starting and compiling are not counted.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image
from speed import machine

from adain_jax.files.clip import Frame, Look
from adain_jax.files.join import join
from adain_jax.files.segment import Writer

SHORT = 4  # frames of the short clip
EXAMPLES = Path(__file__).parents[1] / "examples"


def make_clip(path: Path, photo: Path, height: int, count: int) -> Path:
    """Write a clip of `count` frames in which a camera moves over a photograph; return `path`."""
    width = 16 * height // 9
    with Image.open(photo) as image:
        large = np.asarray(image.convert("RGB").resize((width + 2 * count, height + count)))
    look = Look((height, width), Fraction(1, 25), Fraction(25))
    segment = path.with_suffix(".nut")
    writer = Writer(segment, look)
    for i in range(count):
        writer.write(Frame(large[i : i + height, 2 * i : 2 * i + width], i, 1))
    writer.close()
    join([segment], path, look, 1)
    return path


def loop(clip: str, painting: str, output: str) -> None:
    """Stylize a clip by the obvious loop."""
    import cv2
    import torch
    from torch_network import Network

    import adain_jax

    network = Network(adain_jax.load("vgg16")).eval()
    with Image.open(painting) as image:
        style = torch.from_numpy(np.array(image.convert("RGB")))
    with torch.inference_mode():
        stats = network.style(style.permute(2, 0, 1)[None] / 255)
        source, sink = cv2.VideoCapture(clip), None
        while True:
            read, frame = source.read()
            if not read:
                break
            x = torch.from_numpy(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            made = network(x.permute(2, 0, 1)[None] / 255, stats)[0].permute(1, 2, 0)
            picture = cv2.cvtColor((made * 255).byte().numpy(), cv2.COLOR_RGB2BGR)
            if sink is None:
                size, code = picture.shape[1::-1], cv2.VideoWriter.fourcc(*"mp4v")
                sink = cv2.VideoWriter(output, code, source.get(cv2.CAP_PROP_FPS), size)
            sink.write(picture)
        if sink:
            sink.release()


def main() -> None:
    parser = argparse.ArgumentParser(description="frames a second of whole videos")
    parser.add_argument("--model", nargs="+", default=["fast"], help="shipped models, or files")
    parser.add_argument("--height", type=int, nargs="+", default=[360], help="lines of the clip")
    parser.add_argument("--frames", type=int, default=24, help="by which the long clip is longer")
    parser.add_argument("--runs", type=int, default=3, help="of each program")
    parser.add_argument("--loop", action="store_true", help="beside the obvious loop in PyTorch")
    parser.add_argument("--as-loop", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.as_loop:
        loop(*args.as_loop)
        return

    painting = str(EXAMPLES / "style/cafe_terrace.jpg")
    ours = [sys.executable, "-m", "adain_jax", "video"]
    programs = {}
    for model in args.model:
        for name, calm in ((f"{model}, calm", []), (f"{model}, frame by frame", ["--calm", "0"])):
            programs[name] = lambda clip, out, model=model, calm=calm: [
                *(*ours, clip, painting, "--model", model, *calm, "-o", out)
            ]
    if args.loop:
        programs["OpenCV and PyTorch"] = lambda clip, out: [
            *(sys.executable, __file__, "--as-loop", clip, painting, out)
        ]
    print(f"{machine()}; {args.runs} runs each\n")
    print("| lines | program | frames/s | ms a frame (least-most) | to the first, s |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for height in args.height:
            counts = SHORT, SHORT + args.frames
            photo = EXAMPLES / "content/chelsea.jpg"
            clips = [make_clip(Path(folder, f"{n}.mp4"), photo, height, n) for n in counts]
            seconds = {name: [] for name in programs}
            for _ in range(args.runs):
                for name, command in programs.items():
                    taken = []
                    for clip in clips:
                        start, out = time.perf_counter(), str(Path(folder, "out.mp4"))
                        subprocess.run(command(str(clip), out), check=True, capture_output=True)
                        taken.append(time.perf_counter() - start)
                    seconds[name].append(((taken[1] - taken[0]) / args.frames, taken[0]))
            for name, both in seconds.items():
                each, starts = zip(*both, strict=True)
                middle = statistics.median(each)
                start = statistics.median(starts) - SHORT * middle
                print(
                    f"| {height} | {name} | {1 / middle:.1f} | {middle * 1e3:.0f} "
                    f"({min(each) * 1e3:.0f}-{max(each) * 1e3:.0f}) | {start:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
