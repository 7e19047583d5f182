"""Replacing a text that its author saves at the same moment."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from steps import steps

from post_builder.files import SavedMeanwhileError, operations, replace_text
from post_builder.files.swap import is_left, is_swap, settle

STEPS = 7
"""Calls that a replacement makes."""


def _save_in_place(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _save_by_rename(path: Path, data: bytes) -> None:
    other = path.with_name("editor")
    other.write_bytes(data)
    other.replace(path)


@pytest.fixture
def post(tmp_path: Path) -> Path:
    """Write a text."""
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    return path


@pytest.fixture(params=["exchange", "link", "compare"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test where two files can change places at once, can have two names, and neither."""
    if request.param != "exchange":
        monkeypatch.setattr(operations, "_renameat2", lambda *_: False)
    if request.param == "compare":
        monkeypatch.setattr(os, "link", _refuse)
    return str(request.param)


def _refuse(*_: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def _is_lost(
    system: str,
    save: Callable[[Path, bytes], None],
    post: Path,
    call: tuple[str, tuple[object, ...]],
) -> bool:
    """Return whether a save directly before a call is lost: one that renames over the post."""
    name, arguments = call
    places = name == "rename" and arguments[-1] == post
    return places and (system == "compare" or save is _save_by_rename)


@pytest.mark.usefixtures("system")
def test_a_text_is_replaced(post: Path) -> None:
    """It keeps its permissions, and nothing else is left."""
    post.chmod(0o640)
    with steps() as made:
        assert replace_text(post, b"old", b"new")
    assert b"new" == post.read_bytes()
    assert 0o640 == post.stat().st_mode & 0o777
    assert [post] == list(post.parent.iterdir())
    assert len(made) >= STEPS


def test_an_equal_text_is_not_touched(post: Path) -> None:
    """Jekyll would build the site again."""
    before = post.stat()
    assert not replace_text(post, b"old", b"old")
    assert (before.st_ino, before.st_mtime_ns) == (post.stat().st_ino, post.stat().st_mtime_ns)


@pytest.mark.parametrize("save", [_save_in_place, _save_by_rename])
@pytest.mark.parametrize("number", range(STEPS + 6))
def test_a_save_at_any_step_is_what_is_there_in_the_end(
    system: str, post: Path, save: Callable[[Path, bytes], None], number: int
) -> None:
    """It comes first, or it came after all was done; either way it is not lost.

    Without `renameat2` it is, directly before the engine's rename: where files can have two names,
    only if an editor puts another file into the post's place.
    """
    saved = []

    def act(step: int, name: str, arguments: tuple[object, ...]) -> None:
        if step == number and not _is_lost(system, save, post, (name, arguments)):
            save(post, b"saved")
            saved.append(name)

    with steps(before=act) as made:
        try:
            replaced = replace_text(post, b"old", b"new")
        except SavedMeanwhileError:
            replaced = False
    assert (b"saved" if saved else b"new") == post.read_bytes()
    assert [post] == list(post.parent.iterdir())
    assert replaced or number < len(made)


@pytest.mark.parametrize("save", [_save_in_place, _save_by_rename])
@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(STEPS + 3), 2)))
def test_the_later_of_two_saves_is_what_is_there(
    system: str, post: Path, save: Callable[[Path, bytes], None], first: int, second: int
) -> None:
    """However they fall between the steps."""
    saved = []

    def act(step: int, name: str, arguments: tuple[object, ...]) -> None:
        for number, text in ((first, b"first"), (second, b"second")):
            if step == number and not _is_lost(system, save, post, (name, arguments)):
                save(post, text)
                saved.append(text)

    with steps(before=act):
        try:
            replace_text(post, b"old", b"new")
        except SavedMeanwhileError:
            assert saved
    assert (saved[-1] if saved else b"new") == post.read_bytes()
    assert [post] == list(post.parent.iterdir())


def _rename(path: Path, _: bytes) -> None:
    path.rename(path.with_name("renamed.md"))


def _remove(path: Path, _: bytes) -> None:
    path.unlink()


_SAVES = (_save_in_place, _save_by_rename)

SEQUENCES = [
    *itertools.product(_SAVES, (_rename, _remove)),
    *itertools.product((_rename, _remove), _SAVES),
    *itertools.product(_SAVES, _SAVES, (_rename, _remove)),
    *itertools.product(_SAVES, (_rename, _remove), _SAVES),
]
"""What an author does with a text, in this order."""


@pytest.mark.parametrize("renameat2", [True, False])
@pytest.mark.parametrize("acts", SEQUENCES, ids=lambda acts: " ".join(a.__name__ for a in acts))
def test_no_save_is_removed_whatever_its_author_does_next(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    acts: tuple[Callable[[Path, bytes], None], ...],
    *,
    renameat2: bool,
) -> None:
    """It is there in the end, unless its author saved over it or removed it, at all positions.

    Without `renameat2` a file that an editor puts there directly before the engine's rename is not.
    """
    if not renameat2:
        monkeypatch.setattr(operations, "_renameat2", lambda *_: False)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for positions in itertools.combinations_with_replacement(range(STEPS + 4), len(acts)):
        folder = tmp_path / "-".join(map(str, positions))
        folder.mkdir()
        wanted = _replace_while(folder / "post.md", acts, positions)
        assert wanted <= _contents(folder), positions
        assert not list(folder.glob(".*")), positions


def _replace_while(
    post: Path, acts: Sequence[Callable[[Path, bytes], None]], positions: Sequence[int]
) -> set[bytes]:
    """Replace a text while its author acts at some steps; return what must be there then."""
    wanted: set[bytes] = set()
    post.write_bytes(b"old")

    def act(step: int, name: str, arguments: tuple[object, ...]) -> None:
        if name == "rename" and arguments[-1] == post:
            return
        for number, (position, done) in enumerate(zip(positions, acts, strict=True)):
            if position == step:
                gone = {post.read_bytes()} if post.exists() else set()
                with contextlib.suppress(FileNotFoundError):
                    done(post, b"save %d" % number)
                wanted.difference_update(gone - _contents(post.parent, "[!.]*"))
                if done in _SAVES:
                    wanted.clear()  # the last one counts
                    wanted.add(b"save %d" % number)

    with steps(before=act), contextlib.suppress(SavedMeanwhileError):
        replace_text(post, b"old", b"new")
    return wanted


def _contents(folder: Path, pattern: str = "*") -> set[bytes]:
    return {path.read_bytes() for path in folder.glob(pattern)}


@pytest.mark.usefixtures("system")
def test_a_text_that_was_removed_stays_removed(post: Path) -> None:
    """To remove it is to save it, too."""

    def act(_step: int, name: str, _: object) -> None:
        if name == "exchange":
            post.unlink()

    with steps(before=act), pytest.raises(SavedMeanwhileError):
        replace_text(post, b"old", b"new")
    assert [] == list(post.parent.iterdir())


@pytest.mark.parametrize("save", [None, b"saved"])
@pytest.mark.parametrize("later", [None, b"later"])
@pytest.mark.parametrize("number", range(STEPS))
def test_a_build_that_is_killed_is_settled_later(
    post: Path, number: int, save: bytes | None, later: bytes | None
) -> None:
    """What it left is removed; a save that it took out of its place is put back, or kept."""

    class KilledError(BaseException):
        pass

    def act(step: int, name: str, _: object) -> None:
        if name == "exchange" and save:
            post.write_bytes(save)
        if step >= number:
            raise KilledError

    with steps(before=act) as made, pytest.raises(KilledError):
        replace_text(post, b"old", b"new")
    exchanged = number > made.index("exchange") if "exchange" in made else False
    if later:
        post.write_bytes(later)
    kept: list[tuple[str, bytes]] = []
    for path in [path for path in post.parent.iterdir() if path != post]:
        assert is_left(path)
        if path.name.count("-") > 2:
            settle(path, lambda name, data: kept.append((name, data)))
        else:
            path.unlink()
    assert [post] == list(post.parent.iterdir())
    was_saved = save if "exchange" in made else None
    built = b"new" if exchanged else b"old"
    assert (later or was_saved or built) == post.read_bytes()
    expected = [("post.md", save)] if save and later and exchanged else []
    assert expected == kept


@pytest.mark.parametrize("save", [None, *_SAVES])
@pytest.mark.parametrize("killed", range(STEPS + 6))
def test_a_build_that_is_killed_is_settled_later_without_renameat2(
    monkeypatch: pytest.MonkeyPatch,
    post: Path,
    killed: int,
    save: Callable[[Path, bytes], None] | None,
) -> None:
    """A post has a text at every moment, and a save of any moment is in its place, or kept."""
    monkeypatch.setattr(operations, "_renameat2", lambda *_: False)

    class KilledError(BaseException):
        pass

    def act(step: int, name: str, arguments: tuple[object, ...]) -> None:
        if step >= killed:
            raise KilledError
        lost = save and _is_lost("link", save, post, (name, arguments))
        if save and not lost and name in {"is_same", "rename"}:
            save(post, b"saved %d" % step)
            saved.append(b"saved %d" % step)

    saved: list[bytes] = []
    with steps(before=act), contextlib.suppress(KilledError, SavedMeanwhileError):
        replace_text(post, b"old", b"new")
    assert post.read_bytes() in {b"old", b"new", *saved}
    kept: list[bytes] = []
    for path in sorted(path for path in post.parent.iterdir() if path != post):
        assert is_left(path)
        if is_swap(path):
            settle(path, lambda _, data: kept.append(data))
        else:
            path.unlink()
    assert [post] == list(post.parent.iterdir())
    assert not saved or saved[-1] in {post.read_bytes(), *kept}


@pytest.mark.parametrize("number", range(4))
def test_a_new_name_is_never_taken_from_another_file(
    system: str, tmp_path: Path, number: int
) -> None:
    """A file that appears stays; where there are no second names, up to the last look."""
    new, name = tmp_path / "new", tmp_path / "name"
    new.write_bytes(b"new")
    saved = []

    def act(step: int, call: str, _: object) -> None:
        if step == number and not (system == "compare" and call == "rename"):
            name.write_bytes(b"saved")
            saved.append(call)

    refused = False
    with steps(before=act):
        try:
            operations.rename_new(new, name)
        except FileExistsError:
            refused = True
    assert (b"saved" if saved else b"new") == name.read_bytes()
    assert refused == new.exists()


def test_a_save_that_cannot_be_read_is_where_it_was_saved(post: Path) -> None:
    """What came back may be its author's newest text."""

    def act(_step: int, name: str, _: object) -> None:
        if name == "exchange" and not saved:
            post.write_bytes(b"saved")
            saved.append(name)
        elif name == "read" and saved:
            raise OSError(errno.EIO, "Input/output error")

    saved: list[str] = []
    with steps(before=act), pytest.raises(OSError, match="Input/output"):
        replace_text(post, b"old", b"new")
    assert b"saved" == post.read_bytes()


@pytest.mark.parametrize("name", ["open_temporary", "write", "sync", "set_mode", "exchange"])
def test_an_error_leaves_the_old_text_and_nothing_else(post: Path, name: str) -> None:
    """The system's error goes on to the caller."""

    def act(_step: int, step_name: str, _: object) -> None:
        if step_name == name:
            raise OSError(errno.ENOSPC, "No space left on device")

    with steps(before=act), pytest.raises(OSError, match="No space"):
        replace_text(post, b"old", b"new")
    assert b"old" == post.read_bytes()
    assert [post] == list(post.parent.iterdir())
