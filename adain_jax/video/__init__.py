"""Moving pictures: frames in, frames out, calm."""

from adain_jax.video.frames import CALM, Artist, stylize_frames
from adain_jax.video.steady import State, begin, step

__all__ = ["CALM", "Artist", "State", "begin", "step", "stylize_frames"]
