"""`adain-jax export`: writes a model for other runtimes."""

import argparse

from adain_jax.cli import arguments, messages

_OF_PAGES = ("styles", "photo", "runtime")  # the arguments that only a page has
_OF_PROGRAMS = ("compute", "images")  # the arguments that only programs have


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "export",
        help="write a model for other runtimes: ONNX, StableHLO, a page for browsers",
        description="Write a model as two programs that do not need adain_jax and take images of "
        "any size: style computes the style of an image, and stylize a picture from an image, a "
        "style and a strength. Or write a page that does all of it in the browser, as plain files "
        "for any web server. The pictures are compared with the model's first.",
    )
    command.set_defaults(run=run, check=check)
    command.add_argument(
        "--to", required=True, choices=("onnx", "stablehlo", "web"), help="the format"
    )
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        required=True,
        metavar="DIR",
        help="the folder to write into",
    )
    command.add_argument(
        "--model", help="a shipped model or a .safetensors file (default: vgg16; for a page fast)"
    )
    command.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float16",
        help="dtype of the weights in the file (default: %(default)s, as in the shipped models)",
    )
    command.add_argument(
        "--compute",
        choices=("float32", "float16"),
        help="dtype of the feature maps; float16 is for GPUs (default: float32)",
    )
    command.add_argument(
        "--images",
        choices=("uint8", "float32"),
        help="dtype of images and pictures; float32 is in [0, 1] (default: uint8)",
    )
    page = command.add_argument_group("page")
    page.add_argument(
        "--styles",
        nargs="+",
        type=arguments.path,
        metavar="STYLE",
        help="paintings to choose from, files or folders (default: the examples that ship)",
    )
    page.add_argument(
        "--photo",
        type=arguments.path,
        help="the photograph that the page shows first (default: an example, if the styles are)",
    )
    arguments.add_runtime(page)


def check(args: argparse.Namespace) -> None:
    """Exit with an error if an argument is given that the format does not have."""
    others = _OF_PROGRAMS if args.to == "web" else _OF_PAGES
    for name in others:
        if getattr(args, name) is not None:
            messages.fail(f"--{name} is not for --to {args.to}")


def run(args: argparse.Namespace) -> bool:
    """Write the programs or the page, and print their largest difference from the model."""
    from adain_jax.export import Options, export, export_site
    from adain_jax.model import Model
    from adain_jax.runtime import process

    process.prepare()
    name = args.model or ("fast" if args.to == "web" else "vgg16")
    about = about_model(name)
    model = Model.load(name)
    if args.to == "web":
        made = export_site(
            model,
            args.output,
            styles=args.styles,
            photo=args.photo,
            runtime=args.runtime,
            dtype=args.dtype,
            about=about,
        )
        total = sum(path.stat().st_size for path in made.files)
        print(f"{args.output}  {len(made.files)} files, {total / 1e6:.2f} MB")
    else:
        options = Options(args.dtype, args.compute or "float32", args.images or "uint8")
        made = export(model, args.output, to=args.to, options=options, about=about)
        for path in made.files:
            print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    print(f"largest difference from the model: {made.difference:.3g} of 255 levels")
    return True


def about_model(name: str) -> dict[str, str]:
    """The description of a model that its files get: its name and its licence."""
    from adain_jax.runtime.text import printable
    from adain_jax.weights import store

    licence = store.describe(name).metadata.get("licence", "not stated")
    return {"model": printable(name), "licence": licence}
