"""`python -m adain_jax`."""

from adain_jax.cli import main

if __name__ == "__main__":
    main()
