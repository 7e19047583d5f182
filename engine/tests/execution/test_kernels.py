"""Kernels of other languages, and kernels that do not start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from runs import shown_text

from post_builder.cli import main

pytestmark = pytest.mark.slow

Install = Callable[[str, list[str]], None]

BASH = ["-m", "bash_kernel", "-f", "{connection_file}"]

SHELL = """---
title: A shell
jupyter: {kernelspec: {name: test-bash, language: bash}}
depends: [words.txt]
---

```bash
echo "hello $(cat words.txt)"
```
"""


@pytest.fixture
def post(blog: Path) -> Path:
    """Write a post for a Bash kernel that reads a file."""
    path = blog / "_posts/2020-01-01-shell.md"
    path.write_text(SHELL, encoding="utf-8")
    blog.joinpath("words.txt").write_text("there\n", encoding="utf-8")
    return path


def test_other_language_runs_and_says_what_it_cannot_observe(
    blog: Path, post: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Bash post builds; its dependencies are those it declares, and the build says so."""
    install("test-bash", BASH)
    assert main(["build", "--site", str(blog)]) == 0
    note = "files that bash may read are not observed: list them under depends: in the post"
    assert f"_posts/{post.name}: {note}\n" in capsys.readouterr().out
    text = post.read_text(encoding="utf-8")
    assert shown_text("hello there") in text
    assert main(["check", "--site", str(blog), "--json"]) == 0
    blog.joinpath("words.txt").write_text("again\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["check", "--site", str(blog)]) == 1
    assert "words.txt changed" in capsys.readouterr().out


def test_values_are_for_python(
    blog: Path, post: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """An f-string means nothing to another language; the error names the value's line."""
    install("test-bash", BASH)
    post.write_text(f'{SHELL}\n<span data-value="1 + 1"></span>\n', encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 1
    expected = f"_posts/{post.name}:11: values in prose need a Python kernel\n"
    assert expected in capsys.readouterr().err


def test_a_missing_kernel_names_the_command_that_lists_kernels(
    blog: Path, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kernel that is not installed fails its post."""
    assert main(["build", "--site", str(blog)]) == 1
    expected = (
        f"_posts/{post.name}:3: the Jupyter kernel 'test-bash' is not installed\n"
        "    jupyter: {kernelspec: {name: test-bash, language: bash}}\n"
        "help: `jupyter kernelspec list` shows the installed ones\n"
    )
    assert capsys.readouterr().err.endswith(expected)


def test_a_kernel_that_does_not_start_says_what_it_printed(
    blog: Path, post: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it wrote before it ended is the only clue there is."""
    install("test-bash", ["-c", "raise SystemExit('no shell here')"])
    assert main(["build", "--site", str(blog)]) == 1
    error = capsys.readouterr().err
    assert f"_posts/{post.name}:3: the kernel 'test-bash' did not start: " in error
    assert "\nno shell here\n" in error
