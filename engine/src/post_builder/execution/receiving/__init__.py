"""What arrives from a kernel: all of it, and no more than there is room for."""
