"""Drawings: what may be in them, as files and as images within HTML."""
