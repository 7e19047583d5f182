"""One command changes a site at a time, and cleans up after one that was killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from steps import steps
from toysite import HEADER

import post_builder.pipeline.session
from post_builder.cli import main
from post_builder.files import digest, operations, replace_text, write_atomically
from post_builder.pipeline.session import async_session, session
from post_builder.site import open_site

HOLD = """
import sys
from pathlib import Path
from post_builder.pipeline.session import session
from post_builder.site import open_site
with session(open_site(Path(sys.argv[1])), "watch", print):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(root: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock of a site until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "held\n" == process.stdout.readline()
    return process


def _own(root: Path) -> set[str]:
    return {path.name for path in root.joinpath(".post-builder").iterdir()}


@pytest.mark.parametrize("command", [["build", "--force"], ["clean"], ["check", "--execute"]])
def test_a_command_waits_for_another_and_says_for_whom(blog: Path, command: list[str]) -> None:
    """By its name and process; then it does its work. A build with no work need not wait."""
    with _holder(blog) as holder:
        arguments = [sys.executable, "-m", "post_builder", *command, "--site", str(blog)]
        with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as waiting:
            assert waiting.stderr is not None
            said = waiting.stderr.readline()
            assert waiting.poll() is None
            holder.communicate("")
            assert 0 == waiting.wait(60)
    expected = f"waiting for `post-builder watch` (process {holder.pid}), which is at work on this"
    assert said.startswith(expected)


def test_a_lock_goes_with_its_process(blog: Path) -> None:
    """However it ended."""
    with _holder(blog) as holder:
        holder.kill()
    with session(open_site(blog), "build", print):
        assert {".gitignore", "lock", "holder.json"} == _own(blog)
    assert {".gitignore", "lock"} == _own(blog)


def test_check_does_not_wait(blog: Path) -> None:
    """It changes nothing."""
    with session(open_site(blog), "build", print):
        assert 0 == main(["check", "--site", str(blog)])


def test_others_go_on_while_watch_waits(blog: Path) -> None:
    """It waits without blocking; it takes the lock once it is free."""
    waits = asyncio.Event()

    async def wait() -> list[str]:
        said: list[str] = []
        with session(open_site(blog), "build", print):
            task = asyncio.create_task(take(said))
            await waits.wait()
        await task
        return said

    async def take(said: list[str]) -> None:
        def say(message: str) -> None:
            said.append(message)
            waits.set()

        async with async_session(open_site(blog), "watch", say):
            said.append("held")

    first, second = asyncio.run(wait())
    assert f"`post-builder build` (process {os.getpid()})" in first
    assert "held" == second


@pytest.mark.parametrize("text", ["", "{", "[]", '{"process": "x"}', '{"command": 1}'])
def test_a_holder_that_left_no_word_is_waited_for_as_well(blog: Path, text: str) -> None:
    """It may have just started."""
    said: list[str] = []

    async def wait() -> None:
        with session(open_site(blog), "build", print):
            blog.joinpath(".post-builder/holder.json").write_text(text, encoding="utf-8")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(take(), 0.3)

    async def take() -> None:
        async with async_session(open_site(blog), "watch", said.append):
            pass

    asyncio.run(wait())
    assert ["waiting for another command, which is at work on this site"] == said


def test_what_a_killed_build_left_is_removed_and_what_looks_alike_stays(blog: Path) -> None:
    """In every folder that the engine writes to."""
    folders = "_posts", "_posts/de", "_data/builds", "assets/notebooks", "assets/images/a"
    names = [".post-builder-ab_12345.tmp", f".post-builder-{'a' * 8}-{'b' * 16}-{'c' * 16}.tmp"]
    mine = ".a.md.abcd1234.tmp", ".post-builder-notes.tmp", "post-builder-ab_12345.tmp"
    blog.joinpath("_posts/de").mkdir()
    blog.joinpath("_posts/de/a.md").write_text(HEADER, encoding="utf-8")
    for folder in folders:
        blog.joinpath(folder).mkdir(parents=True, exist_ok=True)
        for name in (names[0], *mine):
            blog.joinpath(folder, name).touch()
    blog.joinpath("_posts", names[1]).touch()
    with session(open_site(blog), "build", print):
        for folder in folders:
            left = {path.name for path in blog.joinpath(folder).iterdir() if path.is_file()}
            assert set(mine) == left - {"a.md"}, folder
    (copy,) = blog.joinpath(".post-builder/undo/post").iterdir()
    assert copy.name.endswith("-post.md")


@pytest.mark.parametrize("name", ["write", "sync", "set_mode", "rename"])
def test_a_build_that_starts_leaves_alone_what_another_command_is_writing(
    blog: Path, name: str
) -> None:
    """Such as `new`, `export`, or the end of a build, which need no lock."""
    file = blog / "_posts/2026-01-01-a.md"

    def act(_step: int, step_name: str, _: object) -> None:
        if step_name == name and not started:
            started.append(name)
            with session(open_site(blog), "build", print):
                pass

    started: list[str] = []
    open_site(blog)
    with session(open_site(blog), "build", print):
        pass  # creates the engine's folder
    with steps(before=act):
        write_atomically(file, b"text")
    assert [name] == started
    assert b"text" == file.read_bytes()
    assert [file] == list(file.parent.iterdir())


def test_what_vanishes_while_a_build_starts_is_no_error(
    blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that wrote it has just put it into its place."""
    left = blog / ".post-builder/.post-builder-abcd1234.tmp"
    left.parent.mkdir()
    left.touch()

    def left_behind(*_: object) -> list[Path]:
        left.replace(left.with_name("unchanged"))
        return []

    monkeypatch.setattr(post_builder.pipeline.session, "left_behind", left_behind)
    with session(open_site(blog), "build", print):
        assert not left.exists()


def test_a_save_that_a_killed_build_took_away_is_put_back(
    blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or kept, where its author has saved again since."""

    class KilledError(BaseException):
        pass

    def kill(_: Path) -> bytes:
        raise KilledError

    post = blog / "_posts/a.md"
    for later in (None, b"later"):
        post.write_bytes(b"saved")
        with monkeypatch.context() as patch:
            patch.setattr(operations, "read", kill)
            with pytest.raises(KilledError):
                replace_text(post, b"old", b"new")
        assert b"new" == post.read_bytes()
        if later:
            post.write_bytes(later)
        with session(open_site(blog), "build", print):
            assert (later or b"saved") == post.read_bytes()
        assert [post] == list(post.parent.iterdir())
    (copy,) = blog.joinpath(".post-builder/undo/a").iterdir()
    assert copy.name.endswith(f"-{digest('saved')[:8]}-a.md")
    assert b"saved" == copy.read_bytes()
