"""Stylization of whole data sets.

`adain-jax dataset` calls `run`; `stylize` is for data sets of Ray, and `grains.RandomStyle` for
pipelines of grain.
"""

from adain_jax.datasets.bank import Bank
from adain_jax.datasets.rows import stylize
from adain_jax.datasets.run import Job, run
from adain_jax.datasets.task import Look

__all__ = ["Bank", "Job", "Look", "run", "stylize"]
