"""Runs of clips, for tests."""

from collections import deque

import pytest

from adain_jax.files import moving
from adain_jax.jobs import clip

COUNT = 12  # the frames of the clips


def make(job, model, **options):
    return list(clip.run(job, model, **options))[-1]


def frames_of(path):
    return list(moving.open_clip(path).frames())


def interrupt_after(job, model, count, **options):
    made = []
    going = clip.run(job, model, stop=lambda: len(made) > count, **options)
    with pytest.raises(clip.Stopped):
        deque(map(made.append, going), maxlen=0)
    return made[-1].done
