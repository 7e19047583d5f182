"""Versions of the packages that posts import, in the environment of their kernel."""
