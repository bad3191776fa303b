"""Reproductions of the paper's table and figures: numbers, plots, pictures, checked claims."""
