"""Running the cells of a post, and nothing else."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from post_builder.document.parsing.parser import read_post
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.site import open_site
from post_builder.sources.transclusion import transclude


@pytest.fixture
def run(blog: Path, header: str) -> Callable[[str], Run]:
    """Run the body of a Python post in a fresh kernel; it begins on line 4 of `_posts/a.md`."""

    def run_body(body: str) -> Run:
        path = blog / "_posts/a.md"
        path.write_text(header + body, encoding="utf-8")
        site = open_site(blog)
        post = read_post(site, path)
        assert post is not None
        return asyncio.run(execute(transclude(post, site, {}), site, lambda _: None))

    return run_body


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[str]], None]:
    """Install a kernel, for one test: its name, and what its command has after `python`."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def write(name: str, arguments: list[str]) -> None:
        folder = tmp_path / "jupyter/kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": [sys.executable, *arguments], "display_name": name, "language": "bash"}
        folder.joinpath("kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    return write
