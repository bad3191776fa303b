"""What the paper compares AdaIN with: optimisation, style swap, networks for a few styles."""
