"""`adain-jax grid`: one picture of many."""

import argparse


def run(args: argparse.Namespace) -> bool:
    """Write one picture of many."""
    from tqdm import tqdm

    from adain_jax.jobs import grid
    from adain_jax.model import Model
    from adain_jax.runtime import process

    total = sum(map(len, grid.cells(len(args.styles), args.steps)))
    process.prepare()
    model = Model.load(args.model).prepare()
    made = grid.write(
        args.photo,
        args.styles,
        args.output,
        model,
        steps=args.steps,
        size=args.size,
        style_size=args.style_size,
    )
    for _ in tqdm(made, total=total, unit="picture", disable=None):
        pass
    print(args.output)
    return True
