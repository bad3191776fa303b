"""Arbitrary style transfer in real time (Huang & Belongie, ICCV 2017) in JAX and Flax."""
