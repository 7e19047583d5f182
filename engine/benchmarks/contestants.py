"""What is measured: ways to run the cells of some posts, each in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import corpus

JOBS = 2
"""Posts that run at once, wherever that can be said."""

LIMIT = """import os, sys
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot, numpy
running = 0
for name in sys.argv[2:]:
    if running == int(sys.argv[1]):
        os.wait()
        running -= 1
    if not os.fork():
        sys.stdout = open(os.devnull, "w")
        exec(compile(open(name).read(), name, "exec"), {"__name__": "__main__"})
        os._exit(0)
    running += 1
while running:
    os.wait()
    running -= 1
"""
"""Imports once and forks for each script: no tool that isolates posts can be quicker."""

SPHINX = """extensions = ["sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {"examples_dirs": "posts", "gallery_dirs": "out", "filename_pattern": ""}
"""

ENVIRONMENT = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
"""Variables of all contestants: each may keep its compiled modules."""


def call(command: Sequence[str], folder: Path) -> None:
    """Run a command to its end."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=ENVIRONMENT)


def together(commands: Sequence[Sequence[str]], folder: Path) -> None:
    """Run commands, some at a time."""
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda command: call(command, folder), commands))


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to run posts."""

    name: str
    write: Callable[[Path, int, int, int], None]
    """Writes a post: the folder, its number, and how often code and prose were edited."""
    run: Callable[[Path, Sequence[int]], None]
    """Runs what must be run; some of the posts were edited."""
    begin: Callable[[Path], None] = lambda _: None
    """What a user does once."""
    follows: bool = True
    """Whether it finds out itself what must be run; else only edited posts are run."""


def scripts(numbers: Sequence[int]) -> list[str]:
    """Return the names of scripts."""
    return [f"post-{number}.py" for number in numbers]


def write_script(folder: Path, number: int, edit: int, _: int) -> None:
    """Write a post as a script."""
    corpus.write(folder / f"post-{number}.py", corpus.script(number, edit))


def write_post(folder: Path, number: int, edit: int, prose: int) -> None:
    """Write a post for post-builder: an edit changes the code in the file as the build left it."""
    path = folder / f"_posts/2020-01-01-post-{number}.md"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"'edit \d+'", f"'edit {edit}'", text)
        text = re.sub(r"in its version \d+", f"in its version {prose}", text)
    else:
        text = corpus.post(number, edit, prose)
        corpus.write(folder / "_config.yml", "title: Benchmark\n")
    corpus.write(path, text)


def write_notebook(folder: Path, number: int, edit: int, prose: int) -> None:
    """Write a post as a notebook."""
    corpus.write(folder / f"post-{number}.ipynb", corpus.notebook(number, edit, prose))


def write_gallery(folder: Path, number: int, edit: int, prose: int) -> None:
    """Write a post as an example."""
    corpus.write(folder / "conf.py", SPHINX)
    corpus.write(folder / "index.rst", "Index\n=====\n\n.. toctree::\n\n   out/index\n")
    corpus.write(folder / "posts/GALLERY_HEADER.rst", "Posts\n=====\n")
    corpus.write(folder / f"posts/plot_{number}.py", corpus.gallery(number, edit, prose))


def contestants(python: str, rivals: str) -> list[Contestant]:
    """Return all that can be measured.

    Args:
        python: that has post-builder, numpy, matplotlib and nbconvert.
        rivals: that has jupyter-cache and Sphinx-Gallery besides; empty if there is none.
    """
    found = [
        Contestant(
            "the limit: import once, fork per post",
            write_script,
            lambda at, posts: call([python, "-c", LIMIT, str(JOBS), *scripts(posts)], at),
            follows=False,
        ),
        Contestant(
            "a fresh `python` per post",
            write_script,
            lambda at, posts: together([[python, name] for name in scripts(posts)], at),
            follows=False,
        ),
        Contestant(
            "post-builder",
            write_post,
            lambda at, _: call([python, "-m", "post_builder", "build", "--jobs", str(JOBS)], at),
        ),
        Contestant(
            "`jupyter nbconvert --execute` per post",
            write_notebook,
            lambda at, posts: together([_nbconvert(python, number) for number in posts], at),
            follows=False,
        ),
    ]
    return found + (_rivals(rivals) if rivals else [])


def _nbconvert(python: str, number: int) -> list[str]:
    command = [python, "-m", "nbconvert", "--execute", "--to", "notebook"]
    return [*command, "--output", f"out-{number}", f"post-{number}.ipynb"]


def _rivals(python: str) -> list[Contestant]:
    jcache = [str(Path(python).with_name("jcache"))]
    sphinx = [python, "-m", "sphinx", "-q", ".", "_build"]
    execute = [*jcache, "project", "execute", "--executor", "local-parallel"]

    def add(folder: Path) -> None:
        names = sorted(path.name for path in folder.glob("*.ipynb"))
        folder.joinpath(".jupyter_cache").mkdir()
        call([*jcache, "notebook", "add", *names], folder)

    return [
        Contestant("jupyter-cache", write_notebook, lambda at, _: call(execute, at), add),
        Contestant("Sphinx-Gallery", write_gallery, lambda at, _: call(sphinx, at)),
    ]
