"""Runs `adain-jax evaluate-video` from a clone whose packages are installed.

python scripts/evaluate_video.py --clips bikes.mp4@1 --style examples/style/cafe_terrace.jpg
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from adain_jax.cli import main

if __name__ == "__main__":
    main(["evaluate-video", *sys.argv[1:]])
