"""Comparing what is published with what a rerun gives."""
