"""`adain-jax page`: serves the page for browsers on this machine."""

import argparse
import time
import webbrowser
from pathlib import Path

from adain_jax.cli import arguments

_PORT = 8365  # a fixed port, so that the browser recognises the page


def add(commands: arguments.Commands) -> None:
    """Add the command, with its arguments."""
    command = commands.add_parser(
        "page",
        help="stylize in the browser, on this machine",
        description="Open a page that stylizes in the browser, and serve it to this machine until "
        "Ctrl-C. The first call makes it, as `adain-jax export --to web` does.",
    )
    command.set_defaults(run=run)
    command.add_argument(
        "site",
        nargs="?",
        type=arguments.path,
        metavar="DIR",
        help="the folder of an exported page (default: one in the user's cache folder)",
    )
    command.add_argument(
        "--port",
        type=arguments.port,
        default=_PORT,
        help="port on localhost; 0 picks a free one (default: %(default)s)",
    )
    command.add_argument("--no-open", action="store_true", help="do not open the browser")
    arguments.add_runtime(command)


def run(args: argparse.Namespace) -> bool:
    """Serve the page until the process is stopped.

    Raises:
        FileNotFoundError: if the folder has no page.
    """
    from adain_jax.export.serve import served

    if args.site and args.runtime:
        raise ValueError(f"--runtime is for a page that is made, and {args.site} is there already")
    site = args.site or _made(args.runtime)
    if not (site / "site.json").is_file():
        raise FileNotFoundError(f"{site} is no page: make one by adain-jax export --to web")
    with served(site, args.port) as address:
        print(address, flush=True)
        if not args.no_open:
            webbrowser.open(address)
        while True:
            time.sleep(3600)


def _made(runtime: Path | None) -> Path:
    """The folder of this version's page in the user's cache; the page is made if it is missing."""
    import platformdirs

    from adain_jax.cli.export import about_model
    from adain_jax.export.site import export_site, source
    from adain_jax.model import Model
    from adain_jax.runtime import process

    cache = Path(platformdirs.user_cache_dir("adain_jax", appauthor=False))
    site = cache / "pages" / source()
    if not (site / "site.json").is_file():  # it is written last
        process.prepare()
        export_site(Model.load("fast"), site, runtime=runtime, about=about_model("fast"))
    return site
