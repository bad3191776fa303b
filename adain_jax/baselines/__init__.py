"""Methods that the paper compares with AdaIN: optimisation, style swap, networks for few styles."""
