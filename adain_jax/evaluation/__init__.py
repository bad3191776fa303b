"""Measurements of pictures and clips."""
