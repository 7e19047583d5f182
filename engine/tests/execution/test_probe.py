"""What a kernel says about itself."""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions, version

import matplotlib.pyplot as plt
import numpy as np
import psutil

from post_builder.execution.environment import INSIDE


def test_packages_are_those_that_python_names() -> None:
    """The quick way of the probe finds what the slow one of the standard library does."""
    assert all((plt, np, psutil))  # some with compiled modules, some without
    source = INSIDE.joinpath("probe.py").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(source.removesuffix("publish()\n"), names)  # noqa: S102  # as a kernel does
    owners = packages_distributions()
    tops = {name.partition(".")[0] for name in sys.modules}
    expected = {name: version(name) for top in tops for name in owners.get(top, ())}
    packages = names["packages"]
    assert callable(packages)
    assert expected == packages()
