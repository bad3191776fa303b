"""Runs `adain-jax convert` from a clone whose packages are installed.

python scripts/convert_vgg.py --download vgg19 -o vgg19.safetensors
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from adain_jax.cli import main

if __name__ == "__main__":
    main(["convert", *sys.argv[1:]])
