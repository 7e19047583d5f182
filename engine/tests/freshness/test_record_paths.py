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
        *(("post", "_posts/../../x"), ("post", ""), ("post", "."), ("post", "../x.md")),
        *(("files", "a" * 256), ("declared", "é" * 128), ("post", "a/" * 2000)),
    ],
)
def test_paths_that_no_build_records_are_refused(built: Path, key: str, path: str) -> None:
    """Nothing outside the work tree of git is even read."""

    def edit(data: Any) -> None:
        data[key] = path if key == "post" else {path: ""}

    _edit(built, edit)
    with pytest.raises(RecordError, match="which no build of drawn would"):
        load_record(open_site(built), "drawn")


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        *((".", "assets/images/./logo.svg"), ("..", "assets/images/../logo.svg")),
        *(("a.b", "assets/images/a.b/logo.svg"), ("a\n::b", "assets/images/a\n::b/logo.svg")),
    ],
)
def test_a_record_of_a_name_that_no_build_gives_is_refused(
    built: Path, name: str, figure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of figures of `..` would be another one."""
    data = json.loads(built.joinpath(RECORD).read_text(encoding="utf-8"))
    data |= {"post": "_posts/gone.md", "figures": {figure: digest("notes")}}
    built.joinpath(f"_data/builds/{name}.json").write_text(json.dumps(data), encoding="utf-8")
    built.joinpath(figure).parent.mkdir(exist_ok=True)
    built.joinpath(figure).write_text("notes", encoding="utf-8")
    before = _tree(built)
    for command in ("build", "check"):
        assert 1 == main([command, "--site", str(built)])
        assert "no build gives a record this name" in "".join(capsys.readouterr())
    assert before == _tree(built)


def test_a_figure_whose_name_no_system_takes_is_refused(built: Path) -> None:
    """Asking for it would be an error each time."""
    figure = f"assets/images/drawn/{'x' * 256}"
    _edit(built, lambda data: data["figures"].update({figure: digest("notes")}))
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


def _hidden(root: Path, kind: str, path: str, content: str) -> None:
    """Write a record of a draft that is not executable, and so has no name."""
    root.joinpath("_drafts").mkdir()
    root.joinpath("_drafts/idea.md").write_text("---\ntitle: Idea\n---\n", encoding="utf-8")
    data = json.loads(root.joinpath(RECORD).read_text(encoding="utf-8"))
    data |= {"post": "_drafts/idea.md", "figures": {}, "downloads": {}, "products": {}}
    data[kind] = {path: digest(content)}
    root.joinpath("_data/builds/idea.json").write_text(json.dumps(data), encoding="utf-8")


def test_no_post_is_taken_out_of_the_site_through_a_link(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a record that names it as a figure of a draft, in a folder that is a link."""
    folder = built / "assets/images/idea"
    folder.symlink_to("../../_posts")
    name = Path(DRAWN).name
    _hidden(
        built, "figures", f"assets/images/idea/{name}", built.joinpath(DRAWN).read_text("utf-8")
    )
    before = _tree(built)
    assert 1 == main(["build", "--site", str(built)])
    assert f"assets/images/idea/{name}: cannot be moved" in capsys.readouterr().err
    main(["check", "--site", str(built)])
    assert "no post uses this figure" not in capsys.readouterr().out
    assert before == _tree(built)


def test_nothing_is_brought_into_the_site_through_a_link(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by a record that names a post as a figure that was kept out."""
    name = Path(DRAWN).name
    text = built.joinpath(DRAWN).read_text(encoding="utf-8")
    _hidden(built, "figures", f"assets/images/idea/{name}", text)
    built.joinpath("_drafts/idea.md").rename(built / "_posts/2020-02-02-idea.md")
    record = built / "_data/builds/idea.json"
    data = json.loads(record.read_text(encoding="utf-8")) | {"post": "_posts/2020-02-02-idea.md"}
    record.write_text(json.dumps(data), encoding="utf-8")
    built.joinpath("_unpublished/assets/images").mkdir(parents=True)
    built.joinpath("_unpublished/assets/images/idea").symlink_to("../../../_posts")
    before = _tree(built)
    assert 1 == main(["build", "--site", str(built)])
    assert "cannot be moved" in capsys.readouterr().err
    assert before == _tree(built)


def test_a_draft_does_not_take_the_product_of_a_post_out_of_the_site(built: Path) -> None:
    """Whatever its record says."""
    product = built / "assets/models/drawn.bin"
    product.parent.mkdir(parents=True, exist_ok=True)
    product.write_text("model", encoding="utf-8")
    _edit(built, lambda data: data.update(products={"assets/models/drawn.bin": digest("model")}))
    _hidden(built, "products", "assets/models/drawn.bin", "model")
    main(["build", "--site", str(built)])
    assert product.exists()
