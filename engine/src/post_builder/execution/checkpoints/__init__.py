"""Sleeping forks of kernels between cells, from which `watch` runs what a save changed."""
