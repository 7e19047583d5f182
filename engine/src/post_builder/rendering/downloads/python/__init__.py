"""Translating the code of notebooks to plain Python, for scripts."""
