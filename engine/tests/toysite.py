"""Small sites: one whose post has every kind of input, a series of two, one for made-up runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from post_builder.site import slug_of

HEADER = "---\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
"""Front matter that makes a post executable."""

FIXTURES = Path(__file__).with_name("fixtures")
"""Posts, errors and sources that tests compare with."""

POST = "_posts/2020-01-01-toy.md"
"""The path of the post of the toy site."""

PARTS = "_posts/2020-01-01-part-1.md", "_posts/2020-01-02-part-2.md"
"""The paths of the posts of the series; the second takes output from the first."""

DRAWN = "_posts/2020-01-01-drawn.md"
"""The path of a post for runs that are made up; it reads `data.txt` and takes code of `module`."""


def make_toy(root: Path) -> Path:
    """Write the site's sources, unbuilt."""
    files = {
        "_config.yml": "title: Toys\npost_builder: {tolerance: 1.0e-6}\n",
        "rate.txt": "0.05\n",
        "declared.csv": "1,2\n",
        "shapes/__init__.py": "",
        "shapes/square.py": "from shapes import point\n\nSIDES = 4\n",
        "shapes/point.py": "SIDES = 0\n",
        "shapes/circle.py": "SIDES = 1\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for source, target in (("post.md", POST), ("lines.py", "src/toy/lines.py")):
        path = root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURES / "toy" / source, path)
    return root


def make_series(root: Path) -> Path:
    """Write the site of two parts, unbuilt."""
    root.joinpath("_config.yml").write_text("title: A series\n", encoding="utf-8")
    root.joinpath("_posts").mkdir()
    for name in PARTS:
        shutil.copy(FIXTURES / "series" / f"{slug_of(Path(name))}.md", root / name)
    return root


def make_drawn(root: Path) -> Path:
    """Write the post for runs that are made up, and its sources, into a site."""
    shutil.copy(FIXTURES / "drawn" / "drawn.md", root / DRAWN)
    root.joinpath("data.txt").write_text("1", encoding="utf-8")
    root.joinpath("module.py").write_text("x = 1\n", encoding="utf-8")
    return root


def replace(path: Path, before: str, after: str) -> int:
    """Change the first occurrence of some text in a file, and return its line."""
    text = path.read_bytes().decode()
    assert before in text
    path.write_bytes(text.replace(before, after, 1).encode())
    return text[: text.index(before)].count("\n") + 1
