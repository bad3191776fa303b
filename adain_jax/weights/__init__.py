"""The weights that ship, and conversion of other people's."""
