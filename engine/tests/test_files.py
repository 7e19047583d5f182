"""Reading and writing files."""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from post_builder.errors import PostError
from post_builder.files import digest, operations, read_text, unix_newlines, write_atomically


def test_new_content_is_written_once(tmp_path: Path) -> None:
    """Missing folders are created, no other file stays; equal content is not written again."""
    path = tmp_path / "a" / "b" / "c.txt"
    assert write_atomically(path, b"new")
    before = path.stat()
    assert not write_atomically(path, b"new")
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)
    assert [path] == list(path.parent.iterdir())
    assert b"new" == path.read_bytes()
    assert write_atomically(path, b"newer")
    assert b"newer" == path.read_bytes()


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A new file gets the permissions that the author's umask leaves."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert 0o640 == path.stat().st_mode & 0o777
    mask = os.umask(0o002)
    try:
        write_atomically(tmp_path / "b.txt", b"new")
        assert 0o002 == os.umask(0o002)
    finally:
        os.umask(mask)
    assert 0o664 == (tmp_path / "b.txt").stat().st_mode & 0o777


def test_a_link_that_took_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    """Whoever writes a file has followed links before; this one came since."""
    target = tmp_path / "target.txt"
    target.write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert not link.is_symlink()
    assert (b"new", b"old") == (link.read_bytes(), target.read_bytes())


def test_nothing_is_changed_in_a_folder_to_which_a_link_leads(tmp_path: Path) -> None:
    """Whatever the engine would do there, and whichever of two paths leads there."""
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    for name in ("file", "other"):
        folder.joinpath(name).write_text(name, encoding="utf-8")
    folder.joinpath("empty").mkdir()
    calls: list[Callable[[], object]] = [
        lambda: operations.make_folder(link / "new"),
        lambda: operations.open_temporary(link, "a", "b"),
        lambda: operations.remove(link / "file"),
        lambda: operations.remove_folder(link / "empty"),
    ]
    for call in (operations.rename, operations.rename_new, operations.link, operations.exchange):
        calls.append(partial(call, folder / "file", link / "other"))
        calls.append(partial(call, link / "other", folder / "file"))
    for refused in calls:
        with pytest.raises(OSError, match="was moved, and a symbolic link is in its place"):
            refused()
    assert {"file", "other", "empty"} == {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("step", ["sync", "set_mode", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """If the disk is full, even in the last step, the old content stays, no temporary file does."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(operations, step, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [path] == list(tmp_path.iterdir())
    assert b"old" == path.read_bytes()


def test_a_write_is_on_disk_before_it_is_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synced before the rename, the folder after it: a power cut loses nothing.

    Until then the file has a hidden name that `watch` and freshness ignore; no handle stays open.
    """
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    path = tmp_path / "a.txt"
    steps = []
    fsync, replace = os.fsync, os.replace

    def note_sync(handle: int) -> None:
        target = Path(f"/proc/self/fd/{handle}").readlink()
        steps.append("folder" if target.is_dir() else target.read_bytes().decode())
        fsync(handle)

    def note_rename(source: str, target: Path) -> None:
        assert re.fullmatch(r"\.post-builder-\w+\.tmp", Path(source).name)
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    write_atomically(path, b"content")
    assert ["content", "rename", "folder"] == steps
    assert open_before == len(list(Path("/proc/self/fd").iterdir()))


def test_text_is_read_as_it_is(tmp_path: Path) -> None:
    """No line ending is translated, no byte order mark dropped."""
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc")
    assert "\ufeffa\r\nb\rc" == read_text(path, "a.md")


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    """The error names the line of the first byte that is not UTF-8."""
    path = tmp_path / "post.md"
    path.write_bytes(b"\nb\xe9\nc\xe9\n")
    with pytest.raises(PostError) as caught:
        read_text(path, "_posts/post.md")
    assert "_posts/post.md:2: not UTF-8\nhelp: save the post as UTF-8" == str(caught.value)


def test_a_digest_identifies_content() -> None:
    """A text has the digest of its UTF-8, a file name that is not UTF-8 that of its bytes."""
    assert digest("é") == digest("é".encode())
    assert digest("a") != digest("b")
    assert "cae66941d9efbd404e4d88758ea67670" == digest(b"")
    assert digest(b"caf\xe9") == digest(os.fsdecode(b"caf\xe9"))


def test_every_line_ending_becomes_that_of_unix() -> None:
    """Git may translate them, and old Macs ended lines with carriage returns."""
    assert "a\nb\nc\n\nd" == unix_newlines("a\r\nb\rc\n\r\nd")
