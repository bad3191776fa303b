"""`adain-jax style`: the style of paintings in a small file."""

import argparse


def run(args: argparse.Namespace) -> bool:
    """Write one file of a style, or of many."""
    from tqdm import tqdm

    from adain_jax.jobs import style_files
    from adain_jax.model import Model
    from adain_jax.runtime import process

    process.prepare()
    model = Model.load(args.model).prepare()
    write = style_files.bank if args.bank else style_files.average_style
    read = write(args.images, model, args.output, size=args.style_size)
    for _ in tqdm(read, unit="style", disable=None):
        pass
    print(args.output)
    return True
