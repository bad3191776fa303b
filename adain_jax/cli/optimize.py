"""`adain-jax optimize`: makes a picture by optimisation."""

import argparse
from pathlib import Path

from adain_jax.cli import arguments
from adain_jax.runtime import process
from adain_jax.runtime.packages import needed

SIZE = 512  # the shorter side to which larger contents are scaled by default, in pixels
_SAVE_EVERY = 25  # the steps between two saved states


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "optimize",
        help="give a photograph a style by optimising the picture (slow; Gatys et al. 2016)",
        description="Give a photograph the style of a painting by optimising the picture itself, "
        "for minutes. AdaIN does the same in one pass.",
    )
    command.set_defaults(run=run)
    command.add_argument("content", type=arguments.path, metavar="CONTENT", help="a photograph")
    command.add_argument("style", type=arguments.path, metavar="STYLE", help="a painting")
    command.add_argument(
        "-o", "--output", type=arguments.path, required=True, help="the file for the picture"
    )
    command.add_argument(
        "--steps", type=int, default=500, help="steps of the optimizer (default: %(default)s)"
    )
    command.add_argument(
        "--method",
        choices=("lbfgs", "adam"),
        default="lbfgs",
        help="the optimizer (default: %(default)s)",
    )
    command.add_argument(
        "--loss",
        choices=("gram", "statistics"),
        default="gram",
        help="style loss: of Gram matrices, or of means and deviations (default: %(default)s)",
    )
    command.add_argument(
        "--start",
        choices=("stylized", "content", "noise"),
        default="stylized",
        help="initial picture: the result of `stylize` with the model, the photograph, or noise "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--content-weight",
        type=float,
        default=1.0,
        help="weight of the content loss (default: %(default)s)",
    )
    command.add_argument(
        "--style-weight",
        type=float,
        help="weight of the style loss (default: 3 for gram, 10 for statistics)",
    )
    command.add_argument(
        "--tv-weight",
        type=float,
        default=0.0,
        help="weight of total variation (default: %(default)s)",
    )
    command.add_argument(
        "--learning-rate",
        type=float,
        default=0.02,
        help="learning rate of adam (default: %(default)s)",
    )
    command.add_argument(
        "--size",
        type=arguments.size,
        help=f"scale the content to this shorter side; 0: keep its size (default: {SIZE}, if it is "
        "larger)",
    )
    command.add_argument(
        "--seed", type=int, default=0, help="seed of the noise (default: %(default)s)"
    )
    command.add_argument(
        "--every",
        type=arguments.size,
        default=0,
        metavar="STEPS",
        help="steps between intermediate pictures, beside the output (default: none)",
    )
    command.add_argument(
        "--state",
        type=arguments.path,
        metavar="FILE",
        help="keep the state in this .safetensors file, and continue from it if it exists; it is "
        "about twenty times as large as the picture in memory, and removed at the end",
    )
    arguments.add_model(command)


def run(args: argparse.Namespace) -> bool:
    """Make the picture.

    Raises:
        ValueError: if an argument is out of range, or the state in --state cannot be continued.
        Interrupted: after Ctrl-C or SIGTERM, if there is --state, which then has the state.
    """
    if args.steps < 1:
        raise ValueError(f"--steps is at least 1, not {args.steps}")
    with needed("optimize", "train"):
        from adain_jax.baselines import gatys
    import numpy as np
    from tqdm import tqdm

    from adain_jax.files import image
    from adain_jax.model import Model
    from adain_jax.networks.params import check_vgg
    from adain_jax.runtime.atomic import check_apart, check_place, make_folder
    from adain_jax.runtime.interrupt import Interrupted, number_of
    from adain_jax.stylize import stylize

    process.prepare()
    image.check_writable(args.output)
    check_place(args.output)
    read = [args.content, args.style, Path(args.model)]
    between = range(args.every, args.steps, args.every) if args.every else ()
    made = [args.output, *(_intermediate(args.output, number) for number in between)]
    check_apart(made, read)
    if args.state:
        check_apart([args.state], [*read, *made])
        if args.state.is_dir() or not args.state.absolute().parent.is_dir():
            raise ValueError(f"--state: {args.state} is a folder, or in none that exists")
        check_place(args.state)
    if not 0 <= args.seed < 2**32:
        raise ValueError(f"--seed is from 0 to {2**32 - 1}, not {args.seed}")
    optimization = gatys.Optimization(
        method=args.method,
        loss=args.loss,
        content_weight=args.content_weight,
        style_weight=args.style_weight,
        tv_weight=args.tv_weight,
        learning_rate=args.learning_rate,
    )
    content = image.load(args.content, size=args.size or 0)
    if args.size is None and min(content.rgb.shape[:2]) > SIZE:
        content = image.load(args.content, size=SIZE)
    image.check_fits(args.output, *content.rgb.shape[:2])
    style = image.load(args.style, size=args.style_size).rgb
    model = Model.load(args.model)
    check_vgg(model.architecture)
    make_folder(args.output.parent)
    first = content.rgb
    kept = args.state if args.state and args.state.exists() else None
    if args.start == "stylized" and not kept:  # an existing state has its own picture
        first = np.asarray(stylize(content.rgb, style, model=model))
    state = optimization.start(
        first, "noise" if args.start == "noise" else "content", seed=args.seed
    )
    key = gatys.digest(content.rgb, style, args.start, args.seed, model.fingerprint)
    if kept:
        state = optimization.load(kept, state, key)
        if int(state.step) > args.steps:
            raise ValueError(
                f"--state: {args.state} is at step {int(state.step)} already, beyond --steps "
                f"{args.steps}"
            )
        print(f"going on from step {int(state.step)} in {args.state}")
    targets = optimization.targets(model, content.rgb, style)
    try:
        with tqdm(
            total=args.steps, initial=int(state.step), desc="optimize", unit="step", disable=None
        ) as bar:
            for latest, loss in optimization.run(model, targets, state, args.steps):
                state = latest
                number = int(state.step)
                bar.update()
                bar.set_postfix(loss=f"{loss:.4g}")
                if args.every and number % args.every == 0 and number < args.steps:
                    path = _intermediate(args.output, number)
                    image.save(path, gatys.picture(state), content.alpha)
                    bar.write(str(path))
                if args.state and number % _SAVE_EVERY == 0:
                    optimization.save(args.state, state, key)
    except KeyboardInterrupt as stop:
        if not args.state:
            raise
        optimization.save(args.state, state, key)
        raise Interrupted(
            number_of(stop),
            f"interrupted at step {int(state.step)}: the same command goes on from {args.state}",
        ) from None
    image.save(
        *(args.output, gatys.picture(state), content.alpha),
        exif=content.exif,
        profile=content.has_profile,
    )
    if args.state:
        args.state.unlink(missing_ok=True)
    print(args.output)
    return True


def _intermediate(output: Path, number: int) -> Path:
    return output.with_stem(f"{output.stem}_{number:05}")
