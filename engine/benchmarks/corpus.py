"""Posts as small as posts get, and the same cells as scripts, notebooks and gallery pages."""

from __future__ import annotations

import json
from pathlib import Path

WORK = 0.2
"""Seconds that one cell of each post computes."""

CELLS = (
    "import matplotlib.pyplot as plt\nimport numpy as np\n\nrng = np.random.default_rng({number})",
    "x = rng.normal(size=1000)\nprint(f'mean {{x.mean():.3f}}')",
    "import time\n\nend = time.process_time() + {work}\nwhile time.process_time() < end:\n    pass",
    "fig, ax = plt.subplots()\nax.plot(np.sort(x));",
    "table = np.histogram(x, bins=5)[0]\ntable",
    "print('edit {edit}', table.sum())",
)
"""Code of a post; the last cell is the one that is edited."""

HEADER = """---
title: Post {number}
jupyter: {{kernelspec: {{name: python3, language: python}}}}
---
"""


def codes(number: int, edit: int) -> list[str]:
    """Return the cells of a post, as they are after some edits."""
    return [code.format(number=number, edit=edit, work=WORK) for code in CELLS]


def post(number: int, edit: int = 0, prose: int = 0) -> str:
    """Return a post for Jekyll."""
    parts = [HEADER.format(number=number), f"Some prose, in its version {prose}.\n"]
    for index, code in enumerate(codes(number, edit)):
        parts.append(f"```python\n{code}\n```\n")
        if index == 3:  # noqa: PLR2004  # the cell with the figure
            parts[-1] += '{: data-alt="A line that rises"}\n'
    return "\n".join(parts)


def small(number: int, edit: int = 0, prose: int = 0) -> str:
    """Return a post that costs little but its kernel."""
    parts = [HEADER.format(number=number), f"Some prose, in its version {prose}.\n"]
    return "\n".join([*parts, f"```python\nprint({number}, 'edit {edit}')\n```\n"])


def waiting(number: int, seconds: float) -> str:
    """Return a small post that waits, as for another machine's processor."""
    return f"{small(number)}\n```python\nimport time\n\ntime.sleep({seconds})\n```\n"


def script(number: int, edit: int = 0) -> str:
    """Return the cells as a script that draws into a file, as a post does."""
    lines = ["import matplotlib", "matplotlib.use('svg')", *codes(number, edit)]
    return "\n\n".join([*lines, f"fig.savefig('figure-{number}.svg')\n"])


def notebook(number: int, edit: int = 0, prose: int = 0) -> str:
    """Return the cells as a notebook."""
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "id": "prose", "metadata": {}, "source": f"Version {prose}."}
    ]
    for index, code in enumerate(codes(number, edit)):
        cell = {"cell_type": "code", "id": f"cell-{index}", "metadata": {}, "source": code}
        cells.append(cell | {"outputs": [], "execution_count": None})
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, "language_info": {"name": "python"}}
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document)


def gallery(number: int, edit: int = 0, prose: int = 0) -> str:
    """Return the cells as an example of Sphinx-Gallery."""
    title = f'"""\nPost {number}\n=======\n\nVersion {prose}.\n"""\n'
    return "\n# %%\n".join([title, *codes(number, edit)]) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
