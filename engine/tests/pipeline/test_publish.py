"""A post on its way out; the runs are made up."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, refresh, shown_text, state_of
from toysite import DRAWN, FIXTURES, HEADER, make_drawn, replace

from post_builder.errors import ConflictError, FileError, PostError, RenderError
from post_builder.execution.run import Run
from post_builder.files import operations
from post_builder.freshness.record import load_record
from post_builder.freshness.site_files import before_run
from post_builder.pipeline.prepare import PostState
from post_builder.site import OWN_FOLDER, open_site

RECORD = "_data/builds/drawn.json"
NOTEBOOK = "assets/notebooks/drawn.ipynb"
FIGURE = "assets/images/drawn/plot.svg"


def _state(root: Path) -> PostState:
    return state_of(root, DRAWN)


def _run(state: PostState, root: Path, text: str = "1\n") -> Run:
    """Return a run whose first cell printed a text, and which read `data.txt`."""
    outputs = ((printed(text),), (drawing("a"),))
    return made_up_run(state.prepared, outputs, ["0.5"], [root / "data.txt"])


def _publish(root: Path, text: str = "1\n") -> None:
    state = _state(root)
    publish(state, _run(state, root, text), just_before(state))


def _tree(root: Path) -> dict[str, bytes]:
    """Return the content of every file; of records what is not circumstance."""
    paths = (path for path in root.rglob("*") if path.is_file() and OWN_FOLDER not in path.parts)
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    if RECORD in files:
        files[RECORD] = json.dumps(json.loads(files[RECORD]) | {"run": None}).encode()
    return files


@pytest.fixture
def site(blog: Path) -> Path:
    """Write a post with a figure, a value and a transcluded cell."""
    return make_drawn(blog)


def test_a_post_gets_its_code_outputs_and_values(site: Path) -> None:
    """Nothing else of it changes, and it is fresh afterwards."""
    before = site.joinpath(DRAWN).read_text(encoding="utf-8")
    _publish(site)
    expected = FIXTURES.joinpath("drawn", "drawn.built.md").read_text(encoding="utf-8")
    assert expected == site.joinpath(DRAWN).read_text(encoding="utf-8")
    assert () == _state(site).reasons
    assert before != expected


def test_a_record_says_what_the_outputs_depend_on(site: Path) -> None:
    """Files are named relative to the site; what the build itself wrote is not an input."""
    _publish(site)
    record = load_record(open_site(site), "drawn")
    assert record is not None
    assert DRAWN == record.post
    assert ["code", "plot"] == [cell.name for cell in record.cells]
    assert ["module:x", None] == [cell.source for cell in record.cells]
    assert {"data.txt"} == record.files.keys()
    assert {"module.py"} == record.declared.keys()
    assert {FIGURE} == record.figures.keys()
    assert {NOTEBOOK, NOTEBOOK.replace(".ipynb", ".py")} == record.downloads.keys()
    assert 2.0 == record.run.seconds
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record.run.date)


def test_prose_that_was_saved_during_the_run_is_kept(site: Path) -> None:
    """The outputs go into the text as it is now."""
    state = _state(site)
    replace(site / DRAWN, "A post.", "A post.\n\nA new paragraph.")
    publish(state, _run(state, site), just_before(state))
    text = site.joinpath(DRAWN).read_text(encoding="utf-8")
    assert "A new paragraph.\n\n```python\nx = 1\n```\n" in text
    assert () == _state(site).reasons


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("plot()", "plot(2)"),
        ('data-alt="A plot"', 'data-alt="A plot" data-timeout="9"'),
        ('data-value="x"', 'data-value="2 * x"'),
        ("jupyter", "other"),
        ("```python\nplot()\n```\n", ""),
    ],
    ids=["code", "options", "a value", "the kernel", "a cell"],
)
def test_code_that_was_saved_during_the_run_refuses_its_outputs(
    site: Path, old: str, new: str
) -> None:
    """They belong to other code; nothing is written."""
    state = _state(site)
    replace(site / DRAWN, old, new)
    before = _tree(site)
    with pytest.raises(ConflictError) as caught:
        publish(state, _run(state, site), just_before(state))
    expected = (
        f"{DRAWN}:1: the code of the post changed while it ran\n    ---\n"
        "help: nothing was written; build again"
    )
    assert expected == str(caught.value)
    assert before == _tree(site)


def _save_older(path: Path) -> None:
    """Replace a file by an older one, as `mv`, `cp -p` and `git checkout` do."""
    older = path.with_name("older")
    older.write_text("older", encoding="utf-8")
    os.utime(older, (1000, 1000))
    older.replace(path)


def _save_in_place(path: Path) -> None:
    """Change a file, and set its clock back to where it was."""
    before = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _retarget(path: Path) -> None:
    """Let a symbolic link in place of a file lead to another one."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize("name", ["data.txt", "module.py"])
@pytest.mark.parametrize("save", [_save_older, _save_in_place, _retarget])
def test_an_input_that_was_saved_after_it_was_read_refuses_its_outputs(
    site: Path, name: str, save: Callable[[Path], object]
) -> None:
    """The digest in the record is that of what was read; its times do not matter."""
    state = _state(site)
    before = before_run(["module.py"], site, state.post.place(1))
    run = _run(state, site)
    saved = Path(shutil.copytree(site, site / "saved"))
    save(site / name)
    with pytest.raises(ConflictError, match=rf"^{DRAWN}:1: {name} changed while the post ran"):
        publish(state, run, before)
    assert saved.joinpath(DRAWN).read_bytes() == site.joinpath(DRAWN).read_bytes()
    assert not site.joinpath("assets").exists()


def test_an_input_whose_name_is_not_text_is_refused(site: Path) -> None:
    """A record is UTF-8, and must not leave an input out."""
    odd = site / os.fsdecode(b"caf\xe9.txt")
    odd.touch()
    state = _state(site)
    run = made_up_run(state.prepared, ((), ()), [""], [odd])
    before = _tree(site)
    with pytest.raises(PostError) as caught:
        publish(state, run, just_before(state))
    expected = f"{DRAWN}:1: the post reads 'caf\\udce9.txt', whose name is not UTF-8"
    assert str(caught.value).startswith(expected)
    assert before == _tree(site)


def test_a_figure_without_alt_text_refuses_the_whole_post(site: Path) -> None:
    """Nothing is written, not even the outputs of other cells."""
    replace(site / DRAWN, 'data-alt="A plot"', "")
    before = _tree(site)
    with pytest.raises(RenderError, match="the figure of cell plot has no alt text"):
        _publish(site)
    assert before == _tree(site)


def test_a_figure_that_is_no_longer_drawn_is_removed(site: Path) -> None:
    """So is its folder, and the record no longer names it."""
    _publish(site)
    state = _state(site)
    publish(
        state, made_up_run(state.prepared, ((printed("1\n"),), ()), ["0.5"]), just_before(state)
    )
    assert not site.joinpath(FIGURE).parent.exists()
    record = load_record(open_site(site), "drawn")
    assert record is not None
    assert {} == record.figures


def test_a_rerun_with_equal_results_writes_nothing(site: Path) -> None:
    """Not even the record, though it ran at another time."""
    _publish(site)
    files = [path for path in site.rglob("*") if path.is_file()]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}
    _publish(site)
    assert before == {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def test_new_prose_reaches_the_downloads_without_a_run(site: Path) -> None:
    """Outputs, and what the record says of the run, stay as they were."""
    _publish(site)
    before = load_record(open_site(site), "drawn")
    replace(site / DRAWN, "A post.", "Another post.")
    state = _state(site)
    assert (True, ()) == (state.text_changed, state.reasons)
    refresh(state)
    assert "Another post." in site.joinpath(NOTEBOOK).read_text(encoding="utf-8")
    assert "Another post." in site.joinpath(DRAWN).read_text(encoding="utf-8")
    state = _state(site)
    assert (False, ()) == (state.text_changed, state.reasons)
    assert before is not None
    assert state.record is not None
    assert before.run == state.record.run


class _Renames:
    """Renames that are noted, and fail after some, as if the power had failed."""

    def __init__(self, patch: pytest.MonkeyPatch, allowed: float = math.inf) -> None:
        self.allowed = allowed
        self.targets: list[str] = []
        for name in ("rename", "rename_new", "exchange"):
            patch.setattr(operations, name, partial(self._note, getattr(operations, name)))

    def _note(self, call: Callable[[Path, Path], object], source: Path, target: Path) -> object:
        if OWN_FOLDER in target.parts:
            return call(source, target)
        if len(self.targets) >= self.allowed:
            raise OSError(errno.EIO, "Input/output error")
        self.targets.append(target.name)
        return call(source, target)


def test_the_post_is_written_after_its_files_and_the_record_last(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before them all, the record says which files are about to be the build's."""
    renames = _Renames(monkeypatch)
    _publish(site)
    written = [name for name in renames.targets if not name.startswith(".")]
    made = ["plot.svg", "drawn.bin", "drawn.ipynb", "drawn.py"]
    assert ["drawn.json", *made, Path(DRAWN).name, "drawn.json"] == written


@pytest.mark.parametrize("written", range(5))
def test_a_build_that_ends_in_between_is_completed_by_the_next(
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
) -> None:
    """Whatever was written last, the post is stale, and the next build repairs the rest."""
    _publish(site)
    replace(site / DRAWN, "plot()", "plot(2)")
    other = Path(shutil.copytree(site, tmp_path_factory.mktemp("other") / "site"))
    _publish(other, "2\n")
    expected = _tree(other)
    state = _state(site)
    outputs = ((printed("2\n"),), (drawing("b"),))
    run = made_up_run(state.prepared, outputs, ["0.5"], [site / "data.txt"])
    with monkeypatch.context() as patch:
        _Renames(patch, written)
        with pytest.raises(FileError, match="Input/output error"):
            publish(state, run, just_before(state))
    assert _state(site).reasons
    _publish(site, "2\n")
    assert expected == _tree(site)


def test_a_post_keeps_its_line_endings_and_byte_order_mark(blog: Path) -> None:
    """Output is written in the post's own line endings."""
    body = "```python\nx\n```\n\nText  \n"
    blog.joinpath(DRAWN).write_bytes(("\ufeff" + HEADER + body).replace("\n", "\r\n").encode())
    state = _state(blog)
    publish(state, made_up_run(state.prepared, ((printed("a\n\nb\n"),),)), just_before(state))
    shown = shown_text("a\n&#10;b")
    region = f"<!-- output -->\n{shown}\n\n<!-- /output -->\n"
    expected = "\ufeff" + HEADER + body.replace("```\n\n", f"```\n{region}\n")
    assert expected.replace("\n", "\r\n").encode() == blog.joinpath(DRAWN).read_bytes()
