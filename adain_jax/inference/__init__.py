"""Rendering of a request: at once, in a bucket, in windows, or as a stream."""
