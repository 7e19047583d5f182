"""A record is data: no record makes a command touch a file that no build made."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import DRAWN, make_drawn

from post_builder.cli import main
from post_builder.errors import RecordError
from post_builder.files import digest
from post_builder.freshness.record import load_made, load_record
from post_builder.site import open_site

RECORD = "_data/builds/drawn.json"


@pytest.fixture
def built(blog: Path) -> Path:
    """Build a post in a folder of the site, so that there is something beside the site."""
    root = blog / "site"
    root.mkdir()
    for name in ("_config.yml", "_posts"):
        blog.joinpath(name).rename(root / name)
    state = state_of(make_drawn(root), DRAWN)
    run = made_up_run(state.prepared, ((printed("1\n"),), (drawing("a"),)), ["0.5"])
    publish(state, run, just_before(state))
    blog.joinpath("notes.txt").write_text("notes", encoding="utf-8")
    root.joinpath("notes.txt").write_text("notes", encoding="utf-8")
    root.joinpath("assets/images/other").mkdir()
    root.joinpath("assets/images/other/x.svg").write_text("notes", encoding="utf-8")
    return root


def _edit(root: Path, edit: Callable[[Any], object]) -> None:
    data = json.loads(root.joinpath(RECORD).read_text(encoding="utf-8"))
    edit(data)
    root.joinpath(RECORD).write_text(json.dumps(data), encoding="utf-8")


def _tree(root: Path) -> set[str]:
    paths = (path for path in root.rglob("*") if ".post-builder" not in path.parts)
    return {path.relative_to(root).as_posix() for path in paths}


OUTSIDE = [
    *("../notes.txt", "{site}/../notes.txt", "notes.txt", "_config.yml", DRAWN, RECORD),
    *("assets/images/other/x.svg", "assets/images/drawn/../other/x.svg"),
    *("assets/images/drawn/../../../../notes.txt", "./notes.txt", "assets/images/drawn/"),
    *("assets/images/drawn/sub/x.svg", "assets/images/drawn/.x", "assets/images/drawn", ""),
    *("assets/notebooks/other.py", "assets/notebooks/drawn", "assets/notebooks/drawn.py/x"),
    *("assets/models/../images/drawn/plot.svg", "assets/models/sub/x.bin", "assets/models/.x"),
    *("assets/images/drawn/a\0b", "assets/images/drawn/a\nb", "assets\\images\\drawn\\x.svg"),
]


@pytest.mark.parametrize("kind", ["figures", "products", "downloads"])
@pytest.mark.parametrize("path", OUTSIDE)
def test_a_record_cannot_name_other_files(
    built: Path, kind: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither `build` nor `clean` removes them, whether or not the post still exists."""

    def naming(content: str) -> Callable[[Any], object]:
        return lambda data: data[kind].update({path.format(site=built): content})

    _edit(built, naming(digest("notes")))
    before = _tree(built.parent)
    for command in ("build", "clean", "check"):
        assert 1 == main([command, "--site", str(built)])
        assert f"{RECORD}: " in "".join(capsys.readouterr())
    built.joinpath(DRAWN).unlink()
    before.remove(f"site/{DRAWN}")
    for content in (digest("notes"), "missing", ""):
        _edit(built, naming(content))
        for command in ("build", "clean"):
            assert 1 == main([command, "--site", str(built)])
            assert f"{RECORD}: " in "".join(capsys.readouterr())
    assert before == _tree(built.parent)


@pytest.mark.parametrize("content", ["missing", "", "A" * 32, "0" * 31])
def test_the_digest_of_a_file_that_was_made_is_a_digest(built: Path, content: str) -> None:
    """`missing` in its place would remove a socket, or a link."""
    figure = "assets/images/drawn/plot.svg"
    _edit(built, lambda data: data["figures"].update({figure: content}))
    with pytest.raises(RecordError, match=f"it has '{content}' for the digest of {figure}"):
        load_record(open_site(built), "drawn")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        *(("files", "/dev/zero"), ("files", "a/../../x"), ("declared", "a\0"), ("post", "/x")),
        ("post", "_posts/../../x"),
    ],
)
def test_paths_that_no_build_records_are_refused(built: Path, key: str, path: str) -> None:
    """Nothing outside the work tree of git is even read."""

    def edit(data: Any) -> None:
        data[key] = path if key == "post" else {path: ""}

    _edit(built, edit)
    with pytest.raises(RecordError, match="which no build of drawn would"):
        load_record(open_site(built), "drawn")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # the address of a socket has 107 bytes at most
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(here)


def _link(path: Path) -> None:
    path.symlink_to(path.parents[4] / "notes.txt")


@pytest.mark.parametrize("put", [Path.mkdir, _pipe, _socket, _link])
def test_only_plain_files_are_removed(built: Path, put: Callable[[Path], object]) -> None:
    """Whatever somebody put in the place of a figure."""
    figure = built / "assets/images/drawn/plot.svg"
    figure.unlink()
    put(figure)
    _edit(
        built,
        lambda data: data["figures"].update({"assets/images/drawn/plot.svg": digest("notes")}),
    )
    built.joinpath(DRAWN).unlink()
    assert 0 == main(["build", "--site", str(built)])
    assert os.path.lexists(figure)
    assert "notes" == built.parent.joinpath("notes.txt").read_text(encoding="utf-8")


def test_nothing_is_removed_through_a_link(built: Path) -> None:
    """Not even inside the site."""
    folder = built / "assets/images/drawn"
    folder.rename(built / "mine")
    folder.symlink_to(built / "mine")
    assert 0 == main(["clean", "--site", str(built)])
    assert built.joinpath("mine/plot.svg").exists()


@pytest.mark.parametrize("put", [Path.mkdir, _pipe, _socket])
@pytest.mark.timeout(20)
def test_what_is_not_a_file_is_an_error_in_place_of_a_record(
    built: Path, put: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing waits for a pipe."""
    built.joinpath(RECORD).unlink()
    put(built / RECORD)
    for command in ("build", "check", "clean"):
        assert 1 == main([command, "--site", str(built)])
        message = f"{RECORD}: this build record cannot be read: it is not a file"
        assert message in "".join(capsys.readouterr()).replace(f"{RECORD}: error: ", f"{RECORD}: ")


def test_files_of_another_version_are_known_as_far_as_it_says(built: Path) -> None:
    """So that a new version of the engine need not ask the author to delete figures."""
    _edit(built, lambda data: data.update(format=0, cells="of another form"))
    site = open_site(built)
    assert None is load_record(site, "drawn")
    made = load_made(site, "drawn")
    assert made is not None
    assert "assets/images/drawn/plot.svg" in made.made()
    reason = "built by an older version of post-builder"
    assert [reason] == [reason.message for reason in state_of(built, DRAWN).reasons]
