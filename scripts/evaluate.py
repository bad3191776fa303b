"""Runs `adain-jax evaluate` from a clone whose packages are installed.

python scripts/evaluate.py --model vgg16 fast --content examples/content --style examples/style
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from adain_jax.cli import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
