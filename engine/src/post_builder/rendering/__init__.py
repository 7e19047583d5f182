"""Turning what a run gave into what readers see: output regions, values, figures, downloads."""
