"""What commands import: most of their time goes there when a site is fresh."""

import subprocess
import sys
from pathlib import Path

import pytest
from toysite import POST, replace

HEAVY = {
    *("IPython", "PIL", "asyncio", "email", "importlib.metadata", "jupyter_client", "jupytext"),
    *("matplotlib", "nbclient", "nbconvert", "nbformat", "rich", "ssl", "torch", "zmq"),
}

RUNNING = {
    *("post_builder.commands.build", "post_builder.commands.building.scheduler"),
    *("post_builder.execution.forking", "post_builder.ui.progress", "socket"),
}
"""What only a run needs."""

RARE = {"difflib", "nh3", "subprocess", "zoneinfo"}
"""What only misspelt words, outputs of strangers, git and time zones need."""

SHOWN = {"post_builder.rendering.blocks", "post_builder.rendering.markup.sanitise"}
"""What only outputs need that are new."""


def test_check_imports_little(blog: Path, header: str) -> None:
    """Neither Jupyter nor what only a run, an error or the network needs."""
    blog.joinpath("_posts/a.md").write_text(f"{header}```python\n1\n```\n", encoding="utf-8")
    code = (
        "import sys; before = {*sys.modules}; from post_builder.cli import main\n"
        f"status = main(['check', '--site', {str(blog)!r}, '--json'])\n"
        f"print(status, sorted({HEAVY!r} & {{*sys.modules}} - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "never built" in done.stdout
    assert "1 []\n" == done.stderr


def test_a_build_with_nothing_to_do_imports_less(toy: Path) -> None:
    """No parser of Markdown either, and no lock."""
    more = HEAVY | RUNNING | RARE | {"markdown_it", "filelock"}
    code = (
        "import sys; before = {*sys.modules}; from post_builder.cli import main\n"
        f"status = main(['build', '--site', {str(toy)!r}])\n"
        f"print(status, sorted({more!r} & {{*sys.modules}} - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "all up to date (1 post)\n" == done.stdout
    assert "0 []\n" == done.stderr


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("A line is fitted", "A new line is fitted", {"post_builder.rendering.markup"}),
        ("Three points", "New: three points", SHOWN),
        ("The data.", "The new data.", SHOWN),
    ],
    ids=["prose", "alt", "caption"],
)
def test_words_are_written_without_jupyter(
    toy: Path, before: str, after: str, more: set[str]
) -> None:
    """New prose, alternative text or caption: no library of Jupyter, and nothing that a run needs.

    No event loop either.
    """
    heavy = HEAVY | RUNNING | RARE | more
    replace(toy / POST, before, after)
    code = (
        "import sys; before = {*sys.modules}; from post_builder.cli import main\n"
        f"status = main(['build', '--site', {str(toy)!r}])\n"
        f"print(status, sorted({heavy!r} & {{*sys.modules}} - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "0 []\n" == done.stderr
    assert "all up to date (1 post)\n" in done.stdout
    page = toy.joinpath(POST).read_text("utf-8").split("<!-- output -->", 1)
    notebook = toy.joinpath("assets/notebooks/toy.ipynb").read_text("utf-8")
    assert after in (notebook if before.startswith("A line") else page[1])
