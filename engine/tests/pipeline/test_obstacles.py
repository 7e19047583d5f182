"""Files that are the author's are never replaced, and nothing is written outside the site."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import DRAWN, HEADER, make_drawn, replace

from post_builder.cli import main
from post_builder.commands.check import check
from post_builder.errors import FileError, PostBuilderError
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.obstacles import refuse_obstacles
from post_builder.site import open_site

pytestmark = pytest.mark.usefixtures("forked_kernels")

FIGURE = "assets/images/drawn/plot.svg"


def _publish(root: Path, *figures: str) -> None:
    state = state_of(root, DRAWN)
    refuse_obstacles(state, MadeProducts(state.site))
    shown = tuple(drawing(text) for text in figures)
    run = made_up_run(state.prepared, ((printed("1\n"),), shown), ["0.5"])
    publish(state, run, just_before(state))


def _tree(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def site(blog: Path) -> Path:
    """Write a post with a figure, a value and a transcluded cell, unbuilt."""
    return make_drawn(blog)


@pytest.mark.parametrize(
    "name",
    [
        *(FIGURE, "assets/images/drawn/plot-2.svg", "assets/images/drawn/Plot.png"),
        *("assets/notebooks/drawn.ipynb", "assets/notebooks/drawn.py", "assets/models/drawn.bin"),
    ],
)
def test_a_file_of_the_author_stops_the_build_before_anything_runs(
    site: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` names it as well."""
    path = site / name
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    replace(site / DRAWN, "plot()", "open('ran', 'w')")
    assert 1 == main(["build", "--site", str(site)])
    expected = f"{DRAWN}:1: the build would replace {name}, which no build made"
    assert expected in capsys.readouterr().err
    assert "mine" == path.read_text(encoding="utf-8")
    assert not site.joinpath("ran").exists()
    findings = check(open_site(site), list(open_site(site).posts()))
    assert [expected] == [f"{finding.place}: {finding.message}" for finding in findings]


def test_all_files_that_are_in_the_way_are_named(site: Path) -> None:
    """So that their author need not build once for each."""
    for suffix in (".ipynb", ".py"):
        path = site / f"assets/notebooks/drawn{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with pytest.raises(FileError) as caught:
        _publish(site, "a")
    assert str(caught.value).endswith(
        "so it would assets/notebooks/drawn.py\n"
        "help: rename it, or delete it if it is left from an earlier build"
    )


def test_a_file_that_appears_while_a_post_runs_is_not_replaced(site: Path) -> None:
    """Nothing of the post is written then."""
    state = state_of(site, DRAWN)
    run = made_up_run(state.prepared, ((printed("1\n"),), (drawing("a"),)), ["0.5"])
    site.joinpath(FIGURE).parent.mkdir(parents=True)
    site.joinpath(FIGURE).write_text("mine", encoding="utf-8")
    before = _tree(site)
    with pytest.raises(FileError, match=f"the build would replace {FIGURE}"):
        publish(state, run, just_before(state))
    assert before == _tree(site)


def test_files_beside_the_figures_are_not_in_the_way(site: Path) -> None:
    """Nor are those that a build made."""
    mine = site / "assets/images/drawn/photo.jpg"
    mine.parent.mkdir(parents=True)
    mine.touch()
    _publish(site, "a")
    replace(site / DRAWN, "plot()", "plot(2)")
    _publish(site, "b", "c")
    assert mine.exists()
    assert {"photo.jpg", "plot-1.svg", "plot-2.svg"} == {p.name for p in mine.parent.iterdir()}


def test_two_cells_with_like_names_have_figures_of_their_own(blog: Path) -> None:
    """The page shows each of the three."""
    alt = 'data-alt="A drawing"'
    body = f"```python\na\n```\n{{: #loss {alt}}}\n\n```python\nb\n```\n{{: #loss-2 {alt}}}\n"
    post = blog / "_posts/2020-01-01-a.md"
    post.write_text(HEADER + body, encoding="utf-8")
    state = state_of(blog, "_posts/2020-01-01-a.md")
    run = made_up_run(state.prepared, ((drawing("red"), drawing("green")), (drawing("blue"),)))
    publish(state, run, just_before(state))
    shown = {
        name: blog.joinpath(f"assets/images/a/{name}.svg").read_text(encoding="utf-8")
        for name in ("loss--1", "loss--2", "loss-2")
    }
    text = post.read_text(encoding="utf-8")
    for name, colour in zip(shown, ("red", "green", "blue"), strict=True):
        assert colour in shown[name]
        assert 1 == text.count(f"/{name}.svg")
    assert () == state_of(blog, "_posts/2020-01-01-a.md").reasons


LINKS = (
    *("_posts", DRAWN, "assets", "assets/images", "assets/images/drawn", "assets/notebooks"),
    *("_data", "_data/builds", ".post-builder", "assets/notebooks/drawn.py", FIGURE),
    *("_data/builds/drawn.json", ".post-builder/lock", ".post-builder/undo"),
)


def _move_out(root: Path, name: str) -> Path:
    """Move a file or folder out of the site, and leave a symbolic link to it."""
    path, outside = root / name, root.parent / f"{root.name}-outside"
    outside.mkdir()
    target = outside / path.name
    if path.exists():
        path.rename(target)
    elif not path.suffix:
        target.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return outside


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("is_built", [False, True], ids=["a first build", "a rebuild"])
@pytest.mark.parametrize("command", ["build", "clean"])
def test_nothing_is_written_or_removed_through_a_link_that_leads_out_of_the_site(
    site: Path, name: str, command: str, *, is_built: bool
) -> None:
    """Neither by a build nor by `clean`; what cannot be done is an error that names the link."""
    if is_built:
        _publish(site, "a")
        replace(site / "module.py", "x = 1", "x = 2")
    outside = _move_out(site, name)
    before = _tree(outside)
    status = main([command, "--site", str(site)])
    assert before == _tree(outside)
    assert (site / name).is_symlink()
    if command == "build":
        assert 1 == status


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (".post-builder/.gitignore", ["build"]),
        ("assets/css", ["init"]),
        (DRAWN, ["adopt", DRAWN, "--no-run", "--yes"]),
    ],
)
def test_no_command_writes_through_a_link_that_leads_out(
    site: Path, name: str, command: list[str]
) -> None:
    """Nor where the link leads to nothing yet."""
    if name != DRAWN:
        path, outside = site / name, site.parent / f"{site.name}-outside"
        outside.mkdir()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(outside / "new" if name.startswith(".") else outside)
    else:
        replace(site / DRAWN, "jupyter:", "other:")
        outside = _move_out(site, name)
    before = _tree(outside)
    assert 0 != main([*command, "--site", str(site)])
    assert before == _tree(outside)


@pytest.mark.parametrize("name", ["_posts", DRAWN, "assets", "assets/images/drawn", "_data/builds"])
def test_links_inside_the_site_are_followed(site: Path, name: str) -> None:
    """Some authors keep their posts elsewhere, where Jekyll does not look for pages."""
    replace(site / DRAWN, ' data-products="assets/models/drawn.bin"', "")  # see test_products.py
    _publish(site, "a")
    target = site / "_elsewhere" / Path(name).name
    target.parent.mkdir()
    site.joinpath(name).rename(target)
    site.joinpath(name).symlink_to(target)
    replace(site / DRAWN, "plot()", "plot(2)")
    _publish(site, "b")
    assert () == state_of(site, DRAWN).reasons
    assert site.joinpath(name).is_symlink()
    assert "b" in site.joinpath(FIGURE).read_text(encoding="utf-8")
    assert not list(site.rglob("*.tmp"))


def test_a_circle_of_links_is_an_error(site: Path) -> None:
    """Not a traceback."""
    folder = site / "assets"
    folder.symlink_to(folder)
    with pytest.raises(FileError, match=r"^assets/"):
        _publish(site, "a")


def _read_only(root: Path) -> None:
    root.joinpath(DRAWN).chmod(0o444)


def _file_for_folder(root: Path) -> None:
    root.joinpath("assets").touch()


def _folder_for_file(root: Path) -> None:
    root.joinpath("assets/notebooks/drawn.py").mkdir(parents=True)


def _folder_for_record(root: Path) -> None:
    root.joinpath("_data/builds/drawn.json").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_read_only, f"{DRAWN}: is read-only\nhelp: allow its owner to write it"),
        (_file_for_folder, "assets: is not a folder, and the build would write into it"),
        (_folder_for_file, "assets/notebooks/drawn.py: is a folder, and the build would write"),
        (_folder_for_record, "_data/builds/drawn.json: this build record cannot be read: it is n"),
    ],
)
def test_what_cannot_be_written_is_found_before_anything_runs(
    site: Path, spoil: Callable[[Path], None], message: str
) -> None:
    """A run of some minutes would be for nothing."""
    spoil(site)
    with pytest.raises(PostBuilderError) as caught:
        _publish(site, "a")
    assert str(caught.value).startswith(message)


def test_folders_that_are_closed_are_found_before_anything_runs(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests may run as root, who may write everywhere; so the system's answer is made up."""
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != site / "_posts")
    with pytest.raises(FileError, match=r"^_posts: this folder is read-only"):
        _publish(site, "a")


@pytest.mark.parametrize("name", [DRAWN, "_config.yml"])
def test_what_cannot_be_read_is_an_error(
    site: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what the system says, for each command."""
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == site / name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    for command in ("build", "check", "clean"):
        assert 1 == main([command, "--site", str(site)])
        printed_text = "".join(capsys.readouterr())
        assert f"{name}: " in printed_text
        assert "cannot be read: Permission denied" in printed_text
        assert "Traceback" not in printed_text


@pytest.mark.parametrize("name", [DRAWN, ".post-builder/.gitignore"])
def test_a_folder_that_cannot_be_entered_is_an_error(
    site: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it may be listed, the system refuses only the look at what is in it."""
    stat = os.stat

    def refuse(path: Path, **options: bool) -> os.stat_result:
        if str(path) == str(site / name):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr("os.stat", refuse)
    assert 1 == main(["build", "--site", str(site)])
    said = "".join(capsys.readouterr())
    assert f"{name}: cannot be reached: Permission denied" in said
    assert "Traceback" not in said


def test_posts_that_cannot_be_listed_fail_check(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise a site without posts would pass."""

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    assert 1 == main(["check", "--site", str(site)])
    assert "_posts: this folder cannot be listed: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["data.txt", "folder"])
def test_an_input_that_cannot_be_read_is_an_error(
    site: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a post is up to date does not depend on who asks."""
    site.joinpath("folder").mkdir()
    state = state_of(site, DRAWN)
    outputs = ((printed("1"),), (drawing("a"),))
    run = made_up_run(state.prepared, outputs, ["0.5"], read=[site / "data.txt"])
    seen = msgspec.structs.replace(run.observations, listed=frozenset({str(site / "folder")}))
    publish(state, msgspec.structs.replace(run, observations=seen), just_before(state))
    site.joinpath("data.txt").write_text("another text", encoding="utf-8")

    def refuse(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(path))

    read, iterdir = Path.read_bytes, Path.iterdir
    closed = site / name
    monkeypatch.setattr(Path, "read_bytes", lambda p: refuse(p) if p == closed else read(p))
    monkeypatch.setattr(Path, "iterdir", lambda p: refuse(p) if p == closed else iterdir(p))
    for command in ("build", "check"):
        assert 1 == main([command, "--site", str(site)])
        said = "".join(capsys.readouterr())
        assert "the post reads this, and it cannot be read: Permission denied" in said
        assert "internal error" not in said
