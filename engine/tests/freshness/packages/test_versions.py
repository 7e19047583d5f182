"""Versions of packages and of Python."""

import sys
from importlib.metadata import distributions, version
from pathlib import Path

import pytest

from post_builder.execution.inside.versions import installed_versions
from post_builder.freshness.packages.versions import public, public_versions, python_minor


@pytest.mark.parametrize(
    ("full", "expected"), [("2.15.0+cpu", "2.15.0"), ("2.15.0", "2.15.0"), ("1.0+a+b", "1.0")]
)
def test_local_labels_of_versions_do_not_count(full: str, expected: str) -> None:
    """A build for another accelerator is the same release."""
    assert expected == public(full)
    assert {"torch": expected} == public_versions({"torch": full})


@pytest.mark.parametrize(
    ("full", "expected"), [("3.11.7", "3.11"), ("3.14.0rc1", "3.14"), ("3.11", "3.11"), ("", "")]
)
def test_patch_releases_of_python_do_not_count(full: str, expected: str) -> None:
    """Other languages have no version."""
    assert expected == python_minor(full)


def test_versions_are_those_that_python_gives() -> None:
    """For every package that is installed here, in whatever form; others have none."""
    names = {found.metadata["Name"] for found in distributions()}
    expected = {name: version(name) for name in names} | {"no-such-package": None}
    assert expected == installed_versions(expected, sys.path)


def _install(folder: Path, name: str, file: str, text: str) -> None:
    metadata = folder / name / file if file else folder / name
    metadata.parent.mkdir(parents=True, exist_ok=True)
    metadata.write_text(text, encoding="utf-8")


def test_metadata_may_have_several_forms(tmp_path: Path) -> None:
    """That of wheels, of old eggs and of Linux distributions; the first folder counts."""
    first, second = tmp_path / "a", tmp_path / "b"
    _install(first, "A_b.c-1.0.dist-info", "METADATA", "Name: A-b.c\nVersion: 1.0\n\nVersion: 9\n")
    _install(first, "egg.egg-info", "PKG-INFO", "Name: egg\nVersion: 2.0\n")
    _install(first, "debian-3.0.egg-info", "", "Name: debian\nVersion: 3.0\n")
    _install(first, "broken-4.0.dist-info", "RECORD", "")
    _install(second, "a_b_c-5.0.dist-info", "METADATA", "Name: a-b-c\nVersion: 5.0\n")
    _install(second, "broken-4.1.dist-info", "METADATA", "Name: broken\nVersion: 4.1\n")
    folders = [str(tmp_path / "missing"), str(first), str(second)]
    expected = {"a.B_C": "1.0", "egg": "2.0", "debian": "3.0", "broken": "4.1", "x": None}
    assert expected == installed_versions(expected, folders)
