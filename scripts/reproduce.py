"""Runs `adain-jax reproduce` from a clone whose packages are installed.

python scripts/reproduce.py all --out report --budget 50
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from adain_jax.cli import main

if __name__ == "__main__":
    main(["reproduce", *sys.argv[1:]])
