"""What a kernel says about itself."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, packages_distributions, version
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import psutil

from post_builder.execution.environment import INSIDE


def probe() -> dict[str, object]:
    """Return the names in the probe, as a kernel executes it."""
    source = INSIDE.joinpath("probe.py").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102  # as a kernel does
    return names


def test_packages_are_those_that_python_names() -> None:
    """The quick way of the probe finds what the slow one of the standard library does."""
    assert all((plt, np, psutil))  # some with compiled modules, some without
    names = probe()
    owners = packages_distributions()
    tops = {name.partition(".")[0] for name in sys.modules}
    expected = {name: version(name) for top in tops for name in owners.get(top, ())}
    packages = names["packages"]
    assert callable(packages)
    assert expected == packages()


def test_what_a_template_read_of_packages_is_read_again_if_they_change(tmp_path: Path) -> None:
    """Another version of a package that is installed while a post runs is not taken for the old."""
    names = probe()
    metadata = tmp_path / "site-packages/shapes-1.0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    described = names["described"]
    assert callable(described)
    for number in ("1.0", "1.10"):
        metadata.write_text(f"Name: shapes\nVersion: {number}\n", encoding="utf-8")
        metadata.with_name("top_level.txt").write_text("shapes\n", encoding="utf-8")
        expected = ("shapes", number, {"shapes"})
        assert expected == described(Distribution.at(metadata.parent))
        assert expected == described(Distribution.at(metadata.parent))


def test_packages_of_a_site_are_read_by_each_post(tmp_path: Path) -> None:
    """Metadata outside of site-packages may be a file of the site, which is to be observed."""
    metadata = tmp_path / "shapes.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Name: shapes\nVersion: 1.0\n", encoding="utf-8")
    names = probe()
    described, known = names["described"], names["known"]
    assert callable(described)
    described(Distribution.at(metadata.parent))
    assert {} == known
