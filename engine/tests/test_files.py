import os
from pathlib import Path

import pytest

from post_builder.errors import PostError
from post_builder.files import digest, read_text, write_atomically


def test_new_content_is_written_once(tmp_path: Path) -> None:
    """Folders are made, the content is there, nothing else is; the same content is not written."""
    path = tmp_path / "a" / "b.txt"
    assert write_atomically(path, b"new")
    before = path.stat()
    assert not write_atomically(path, b"new")
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)
    assert [path] == list(path.parent.iterdir())
    assert path.read_bytes() == b"new"


def test_a_files_mode_stays(tmp_path: Path) -> None:
    """A file keeps its permissions; a new one gets those of the author's umask."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640
    mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "b.txt", b"new")
    finally:
        os.umask(mask)
    assert (tmp_path / "b.txt").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What a symbolic link points at is written, not the link."""
    target = tmp_path / "target.txt"
    target.write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the last moment: the old content stands, no temporary file does."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [path] == list(tmp_path.iterdir())
    assert path.read_bytes() == b"old"


def test_text_is_read_as_it_is(tmp_path: Path) -> None:
    """No line end is translated, no byte order mark dropped."""
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc")
    assert read_text(path, "a.md") == "\ufeffa\r\nb\rc"


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named by line."""
    path = tmp_path / "a.md"
    path.write_bytes(b"a\nb\xe9\n")
    with pytest.raises(PostError, match=r"^a\.md:2: not UTF-8"):
        read_text(path, "a.md")


def test_content_has_one_digest() -> None:
    """Text is its UTF-8; other content has another digest."""
    assert digest("é") == digest("é".encode())
    assert digest("a") != digest("b")
    assert len(digest(b"")) == 32
