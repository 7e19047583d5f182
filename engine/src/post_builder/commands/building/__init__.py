"""Parts of `build`."""
