"""Kernels of other languages, kernels that do not start, and those whose folder goes."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from commandline import tree
from runs import shown_text
from toysite import HEADER

from post_builder.cli import main
from post_builder.execution.forking.starting import pair
from post_builder.execution.inside.checkpoints import forks

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


@pytest.mark.parametrize("posts", [1, 2])
def test_no_room_for_temporary_files_is_an_error_of_each_post(
    blog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], posts: int
) -> None:
    """Whether or not a template was to be started for several."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for number in range(posts):
        path = blog / f"_posts/2020-01-0{number + 1}-post.md"
        path.write_text(f"{HEADER}\n```python\nprint(1)\n```\n", encoding="utf-8")
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    assert 1 == main(["build", "--site", str(blog)])
    error = capsys.readouterr().err
    assert posts == error.count("did not start: [Errno 28] No space left on device")
    assert "bug" not in error


@pytest.mark.parametrize("posts", [1, 2])
def test_no_folder_with_room_is_an_error_of_each_post(
    blog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], posts: int
) -> None:
    """A disk that is full leaves Python no folder for temporary files, and nothing is a bug."""

    def full() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    for number in range(posts):
        path = blog / f"_posts/2020-01-0{number + 1}-post.md"
        path.write_text(f"{HEADER}\n```python\nprint(1)\n```\n", encoding="utf-8")
    before = tree(blog)
    monkeypatch.setattr(tempfile, "gettempdir", full)
    assert 1 == main(["build", "--site", str(blog)])
    error = capsys.readouterr().err
    assert posts == error.count("did not start: [Errno 2] No usable temporary directory found")
    assert "bug" not in error
    assert before == tree(blog)
    monkeypatch.undo()
    assert 0 == main(["build", "--site", str(blog)])


@pytest.mark.parametrize("full", [{"f_bavail": 0}, {"f_files": 100, "f_favail": 0}])
def test_a_kernel_that_has_no_room_to_start_says_so(
    post: Path,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    full: dict[str, int],
) -> None:
    """It cannot itself, without room for its log."""
    install("test-bash", ["-c", "raise SystemExit(1)"])
    found = {"f_bavail": 10**6, "f_frsize": 4096, "f_files": 0, "f_favail": 0} | full
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**found))
    assert 1 == main(["build", "--site", str(post.parents[1])])
    hint = f"help: there is hardly any room for temporary files in {tempfile.gettempdir()}\n"
    assert hint in capsys.readouterr().err


def test_a_folder_for_temporary_files_that_is_not_there_is_not_missed(
    blog: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python takes the next one, in the engine and in the kernel."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    path = blog / "_posts/2020-01-01-post.md"
    path.write_text(f"{HEADER}\n```python\nprint(1)\n```\n", encoding="utf-8")
    assert 0 == main(["build", "--site", str(blog)])
    assert shown_text("1") in path.read_text(encoding="utf-8")


def test_notes_that_are_lost_fail_the_post(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be taken for one that read nothing, and never be stale again."""
    gone = """import os
from ipykernel.connect import get_connection_file
os.remove(os.path.join(os.path.dirname(get_connection_file()), "observations"))"""
    path = blog / "_posts/2020-01-01-post.md"
    path.write_text(f"{HEADER}\n```python\n{gone}\n```\n", encoding="utf-8")
    assert 1 == main(["build", "--site", str(blog)])
    assert "post.md:1: what the post read is not known" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
def test_notes_without_room_fail_the_post(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A post that expects a file not to be there might show that, and would not be stale again."""
    code = """import os, resource
from ipykernel.connect import get_connection_file
notes = os.path.join(os.path.dirname(get_connection_file()), "observations")
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(notes) + 9, -1))
print(open("data.txt").read())"""
    blog.joinpath("data.txt").write_text("some data", encoding="utf-8")
    path = blog / "_posts/2020-01-01-post.md"
    path.write_text(f"{HEADER}\n```python\n{code}\n```\n", encoding="utf-8")
    assert 1 == main(["build", "--site", str(blog)])
    assert "post.md:1: not all that the post read is known" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels")
def test_a_template_that_cannot_fork_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request may find room for another process."""

    def full() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    own, other = pair()
    answers, end = pair()
    for request in ('{"argv": []}', "{}"):
        socket.send_fds(own, [request.encode()], [end.fileno()])
    own.close()  # there is no other request
    monkeypatch.setattr(os, "fork", full)
    with answers, end, other:
        other.settimeout(None)
        with pytest.raises(SystemExit):
            forks.serve(SimpleNamespace(outdated=str), other)
        found = [json.loads(answers.recv(1000)) for _ in range(2)]
    assert [{"refused": "[Errno 11] Resource temporarily unavailable"}, {}] == found
