"""Jobs: which pictures to make of which files, and making them."""
