"""Pure functions on arrays: statistics and normalisations, colours, convolution."""
