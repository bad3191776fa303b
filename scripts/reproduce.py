r"""Make the paper's table and figures again, and say which of its claims held.

    pip install -e '.[reproduce]'
    python scripts/reproduce.py all --out report --budget 50
    python scripts/reproduce.py fig1 fig6 --out report --content photos --style paintings

Each gets a folder with `page.md` (claim, the paper's number, ours, whether it held), `numbers.csv`,
plots and pictures; `README.md` has the claims of all. A figure that is there is not made again
without `--again`. Trainings use `--content` and `--style`; what is measured and shown are the
pictures of `examples/`. The defaults are for two CPU cores; on an accelerator, say

    python scripts/reproduce.py all --out report --budget 240 --crop 256 --batch 8 --size 512
"""

import argparse
from pathlib import Path

from adain_jax.runtime import process
from adain_jax.runtime.memory import keep_freed_memory

EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    args = parse()
    keep_freed_memory()
    with process.script("reproduce.py", "stopped; the figures that were finished are kept"):
        from adain_jax.reproduce import run, settings

        known = ["all", *run.FIGURES]
        if unknown := [name for name in args.figures if name not in known]:
            raise ValueError(f"{unknown[0]} is none of {', '.join(known)}")
        names = list(run.FIGURES) if "all" in args.figures else args.figures
        print(
            run.run(
                names,
                args.out,
                settings.Settings(
                    content=str(args.content),
                    style=str(args.style),
                    shown_content=str(EXAMPLES / "content"),
                    shown_style=str(EXAMPLES / "style"),
                    seconds=60 * args.budget,
                    steps=args.steps,
                    crop=args.crop,
                    size=args.size,
                    timed=tuple(args.timed),
                    batch=args.batch,
                    pairs=args.pairs,
                    model=args.model,
                ),
                again=args.again,
            )
        )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="make the paper's table and figures again")
    parser.add_argument(
        "figures", nargs="*", default=["all"], help="table1 fig1 fig3 fig6 fig7 controls, or all"
    )
    parser.add_argument("--out", type=Path, default=Path("report"), help="a folder")
    parser.add_argument("--budget", type=float, default=50, help="minutes for all (default: 50)")
    parser.add_argument(
        "--content", type=Path, default=EXAMPLES / "content", help="photographs to train with"
    )
    parser.add_argument(
        "--style", type=Path, default=EXAMPLES / "style", help="paintings to train with"
    )
    parser.add_argument("--crop", type=int, default=64, help="side of training crops, in pixels")
    parser.add_argument("--batch", type=int, default=4, help="crops in a training's batch")
    parser.add_argument("--size", type=int, default=256, help="side of pictures, in pixels")
    parser.add_argument(
        "--timed", type=int, nargs="+", default=[256, 512], help="sides that table1 times"
    )
    parser.add_argument("--pairs", type=int, default=6, help="pairs that are measured")
    parser.add_argument(
        "--steps", type=int, default=0, help="steps of every training, whatever the budget"
    )
    parser.add_argument("--model", default="vgg16", help="a shipped VGG or a file of one")
    parser.add_argument("--again", action="store_true", help="make also what is there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
