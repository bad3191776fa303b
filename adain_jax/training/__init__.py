"""Training: configuration, data, losses, the compiled step, the loop and its checkpoints."""
