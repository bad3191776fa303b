"""The command `adain-jax`: parses, calls, prints."""

from adain_jax.cli.command import main

__all__ = ["main"]
