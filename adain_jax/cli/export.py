"""`adain-jax export`: a model for other runtimes."""

import argparse


def run(args: argparse.Namespace) -> bool:
    """Write the programs, and tell how far they are from the model."""
    from adain_jax.export import Options, export
    from adain_jax.model import Model
    from adain_jax.runtime import process
    from adain_jax.weights import store

    process.prepare()
    options = Options(args.dtype, args.compute, args.images)
    licence = store.describe(args.model).metadata.get("licence", "not stated")
    about = {"model": args.model, "licence": licence}
    made = export(Model.load(args.model), args.output, to=args.to, options=options, about=about)
    for path in made.files:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    print(f"largest difference from the model: {made.difference:.3g} of 255 levels")
    return True
