"""Files in, files out: which pictures of which files, and making them."""
