"""Commands that run no post run nothing that a site brings, not in the engine's process either."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import PATIENCE

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")

NAME = "_posts/2020-01-01-a.md"

MODULES = ("json", "random", "asyncio", "msgspec", "yaml", "nbclient", "sitecustomize", "conftest")


@pytest.fixture
def built(blog: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a site with a built post, and work in its folder."""
    blog.joinpath(NAME).write_text(f"{header}\n```python\nprint(1)\n```\n", encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 0
    monkeypatch.chdir(blog)
    return blog


def test_modules_beside_the_posts_are_not_imported(built: Path, tmp_path: Path) -> None:
    """Neither by `post-builder` nor by `python -m`, which adds the working directory."""
    ran = tmp_path / "ran"
    for name in MODULES:
        built.joinpath(f"{name}.py").write_text(f"open({str(ran)!r}, 'w')\n", encoding="utf-8")
    script = Path(sys.executable).with_name("post-builder")
    for start in ([sys.executable, "-m", "post_builder"], [str(script)]):
        command = [*start, "check"]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        assert "everything is as the build left it\n" == done.stdout, done.stderr
    assert not ran.exists()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "slides", "rst", "notebook"])
def test_no_template_of_the_site_runs(built: Path, tmp_path: Path, form: str) -> None:
    """For nbconvert looks for its templates in the working directory, and they run code."""
    ran = tmp_path / "ran"
    code = f'cycler.__init__.__globals__.os.open("{ran}", {os.O_CREAT | os.O_WRONLY})'
    for folder in ("lab", "base", "reveal", "rst", "python", "basic", "classic"):
        built.joinpath(folder).mkdir()
        for name in ("base.html.j2", "index.html.j2", "index.rst.j2", "null.j2"):
            built.joinpath(folder, name).write_text("{{ %s }}" % code, encoding="utf-8")  # noqa: UP031
    assert main(["export", NAME, "--to", form]) == 0
    assert not ran.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_an_export_over_what_is_no_file_is_refused(built: Path) -> None:
    """A folder, a pipe, which would be waited for, or a device, which has no end."""
    os.mkfifo(built / "pipe")
    built.joinpath("zeros").symlink_to("/dev/zero")
    for name in ("_posts", "pipe", "zeros"):
        assert main(["export", NAME, "--to", "notebook", "--output", name]) == 2
