"""One request, rendered: at once, in a bucket, in windows, or as a stream."""
