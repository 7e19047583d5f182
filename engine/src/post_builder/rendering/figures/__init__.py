"""Figures: the files that cells make, their sizes, and how a page shows them."""
