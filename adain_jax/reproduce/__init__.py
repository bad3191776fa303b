"""The paper's table and figures, made again: numbers, plots, pictures, and what held."""
