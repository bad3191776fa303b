"""Runs `adain-jax train` from a clone whose packages are installed.

python scripts/train.py --config configs/base.py --config.content=photos --config.style=paintings
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from adain_jax.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
