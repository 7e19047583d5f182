"""Figures of a site that configures matplotlib itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from post_builder.execution.run import Run

Runner = Callable[[str], Run]

DRAW = """```python
import sys
assert "matplotlib" not in sys.modules
import matplotlib
print(matplotlib.rcParams["svg.hashsalt"], matplotlib.rcParams["lines.linewidth"])
import matplotlib.pyplot as plt
plt.plot([1, 2], clip_on=True)
plt.show()
```

```python
plt.rcdefaults()
plt.plot([1, 2])
plt.show()
print(matplotlib.rcParams["svg.hashsalt"])
```
"""


def _drawings(run: Run) -> list[str]:
    outputs = [output for cell in run.cells for output in cell.outputs]
    return [output["data"]["image/svg+xml"] for output in outputs if "data" in output]


def _printed(run: Run) -> list[str]:
    outputs = [output for cell in run.cells for output in cell.outputs]
    return [output["text"] for output in outputs if output["output_type"] == "stream"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("configuration", "printed"),
    [
        (None, ["post-builder 1.5\n", "post-builder\n"]),
        ("lines.linewidth: 3\n", ["post-builder 3.0\n", "post-builder\n"]),
        ("svg.hashsalt: mine\n", ["mine 1.5\n", "post-builder\n"]),
    ],
    ids=["none", "without a salt", "with a salt"],
)
def test_a_figure_is_the_same_in_each_run(
    run: Runner, blog: Path, configuration: str | None, printed: list[str]
) -> None:
    """Whatever the site's own file says, and after a reset; its own salt counts."""
    if configuration is not None:
        blog.joinpath("matplotlibrc").write_text(configuration, encoding="utf-8")
    first, second = run(DRAW), run(DRAW)
    assert printed == _printed(first)
    assert 2 == len(_drawings(first))
    assert _drawings(first) == _drawings(second)
    assert (configuration is not None) == (str(blog / "matplotlibrc") in first.observations.read)
