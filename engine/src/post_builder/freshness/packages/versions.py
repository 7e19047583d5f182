"""Versions of Python and of packages, and which of them are the same."""

from __future__ import annotations

from collections.abc import Mapping


def public(text: str) -> str:
    """Drop the local label of a version: 2.15.0+cpu and 2.15.0+cu132 are the same release."""
    return text.partition("+")[0]


def public_versions(packages: Mapping[str, str]) -> dict[str, str]:
    """Drop the local labels of some versions."""
    return {name: public(text) for name, text in packages.items()}


def python_minor(full: str) -> str:
    """Shorten 3.11.7 to 3.11."""
    return ".".join(full.split(".")[:2])
