"""Whole data sets in the manner of paintings."""
