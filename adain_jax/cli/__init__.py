"""The command `adain-jax`: parses arguments, calls the package, and prints results."""

from adain_jax.cli.command import main

__all__ = ["main"]
