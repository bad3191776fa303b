"""`adain-jax info`: lists the models."""

import argparse

from adain_jax.cli import arguments


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "info",
        help="list the models, with their sizes and quality",
        description="List the models that ship, or show all metadata of the given models.",
    )
    command.set_defaults(run=run)
    command.add_argument("models", nargs="*", metavar="MODEL", help="shipped models or files")
    command.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> bool:
    """Print a table of the models, or all metadata of the given ones."""
    import json

    from adain_jax.weights import store

    found = {name: store.describe(name) for name in args.models or store.shipped()}
    if args.json:
        print(json.dumps({k: v._asdict() for k, v in found.items()}, default=str, indent=2))
        return True
    if args.models:
        for name, (path, size, parameters, metadata) in found.items():
            print(f"{name}\n  file: {path}\n  size: {size / 1e3:,.0f} KB")
            print(f"  parameters: {parameters:,}")
            for key, value in sorted(metadata.items()):
                print(f"  {key}: {value}")
        return True
    columns = ("samples", "content_distance", "style_distance")
    rows: list[tuple[str, ...]] = [("model", "MB", "parameters", *columns)]
    for name, (_, size, parameters, metadata) in found.items():
        noted = (metadata.get(column, "-") for column in columns)
        rows.append((name, f"{size / 1e6:.1f}", f"{parameters:,}", *noted))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return True
