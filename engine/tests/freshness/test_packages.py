"""Versions of packages and of Python."""

from importlib.metadata import version

import pytest

from post_builder.freshness.packages import installed, public, public_versions, python_minor


@pytest.mark.parametrize(
    ("full", "expected"), [("2.15.0+cpu", "2.15.0"), ("2.15.0", "2.15.0"), ("1.0+a+b", "1.0")]
)
def test_local_labels_of_versions_do_not_count(full: str, expected: str) -> None:
    """A build for another accelerator is the same release."""
    assert expected == public(full)
    assert {"torch": expected} == public_versions({"torch": full})


def test_an_installed_package_has_a_version() -> None:
    """A package that is not installed has none."""
    assert version("pytest") == installed("pytest")
    assert installed("no-such-package-of-anybody") is None


@pytest.mark.parametrize(
    ("full", "expected"), [("3.11.7", "3.11"), ("3.14.0rc1", "3.14"), ("3.11", "3.11"), ("", "")]
)
def test_patch_releases_of_python_do_not_count(full: str, expected: str) -> None:
    """Other languages have no version."""
    assert expected == python_minor(full)
