"""Why a post must run again; the run that built it is made up."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import DRAWN, HEADER, make_drawn, replace

from post_builder.freshness.staleness import staleness
from post_builder.pipeline.prepare import PostState

RECORD = "_data/builds/drawn.json"
FIGURE = "assets/images/drawn/plot.svg"
SCRIPT = "assets/notebooks/drawn.py"


def _state(root: Path) -> PostState:
    return state_of(root, DRAWN)


def _reasons(root: Path) -> list[tuple[str, int, bool]]:
    return [(reason.message, reason.line, reason.tampered) for reason in _state(root).reasons]


def _edit_record(root: Path, edit: Callable[[Any], object]) -> None:
    data = json.loads(root.joinpath(RECORD).read_text(encoding="utf-8"))
    edit(data)
    root.joinpath(RECORD).write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def fresh(blog: Path) -> Path:
    """Publish a post that reads `data.txt`, declares and transcludes `module.py`."""
    make_drawn(blog)
    state = _state(blog)
    outputs = ((printed("1\n"),), (drawing("a"),))
    publish(
        state,
        made_up_run(state.prepared, outputs, ["0.5"], [blog / "data.txt"]),
        just_before(state),
    )
    assert [] == _reasons(blog)
    return blog


@pytest.mark.parametrize(
    ("name", "old", "new", "reasons"),
    [
        (DRAWN, "plot()", "plot(2)", [("cell plot edited", 18, False)]),
        (DRAWN, 'data-alt="A plot"', 'data-alt="Plot" .hide-output', []),
        (DRAWN, 'data-alt="A plot"', 'data-alt="Plot" data-tolerance="1" .nbval-ignore-output', []),
        (
            DRAWN,
            'data-alt="A plot"',
            'data-alt="A plot" data-timeout="9"',
            [("options of cell plot changed", 18, False)],
        ),
        (
            DRAWN,
            'data-value="x"',
            'data-value="2 * x"',
            [
                ("value 2 * x is new, and needs a run", 27, False),
                ("value x is gone from below cell plot", 1, False),
            ],
        ),
        (DRAWN, "name: python3,", "name: other,", [("kernel python3 → other", 1, False)]),
        (DRAWN, "A post.", "Another post.", []),
        ("_config.yml", "title", "post_builder: {jobs: 2}\ntitle", []),
        (
            "_config.yml",
            "title",
            "post_builder: {figure_dpi: 1}\ntitle",
            [("settings changed in _config.yml", 1, False)],
        ),
        ("data.txt", "1", "2", [("data.txt changed", 1, False)]),
        (
            "module.py",
            "x = 1",
            "x = 2",
            [("module.py module:x changed", 9, False), ("module.py changed", 1, False)],
        ),
        ("module.py", "x = 1", "y = 2\n\nx = 1", [("module.py changed", 1, False)]),
        (
            DRAWN,
            "#plot",
            "#other",
            [
                ("cell other is new", 18, False),
                ("cell plot is gone", 1, False),
            ],
        ),
        (
            DRAWN,
            ">1</pre>",
            ">2</pre>",
            [("output of cell code is not what the build wrote", 13, True)],
        ),
        (DRAWN, ">0.5<", ">0.6<", [("value x is not what the build wrote", 27, True)]),
        (FIGURE, "a</text>", "b</text>", [(f"{FIGURE} is not what the build wrote", 23, True)]),
        (SCRIPT, "plot()", "plot(2)", [(f"{SCRIPT} is not what the build wrote", 1, True)]),
    ],
    ids=[
        *("code", "options of the page", "options of comparison", "options of the run"),
        *("a value's expression", "the kernel", "prose", "a setting of speed"),
        *("a setting of outputs", "a file", "a source", "a declared file", "a name", "an output"),
        *("a value", "a figure", "a download"),
    ],
)
def test_a_change_makes_a_post_stale(
    fresh: Path, name: str, old: str, new: str, reasons: list[tuple[str, int, bool]]
) -> None:
    """The reason says what changed, on which line, and whether it is an output."""
    replace(fresh / name, old, new)
    assert reasons == _reasons(fresh)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("data.txt", ("data.txt is missing", 1, False)),
        (FIGURE, (f"{FIGURE} is missing", 23, True)),
        (SCRIPT, (f"{SCRIPT} is missing", 1, True)),
    ],
)
def test_a_missing_file_makes_a_post_stale(
    fresh: Path, name: str, reason: tuple[str, int, bool]
) -> None:
    """A figure is missing where the post shows it."""
    fresh.joinpath(name).unlink()
    assert [reason] == _reasons(fresh)


def test_cells_in_another_order_make_a_post_stale(fresh: Path) -> None:
    """Each cell may depend on those above it."""
    text = fresh.joinpath(DRAWN).read_text(encoding="utf-8")
    first, second = (text.index(f"```python\n{code}") for code in ("x = 1", "plot()"))
    end = text.index("The value is")
    moved = text[:first] + text[second:end] + text[first:second] + text[end:]
    fresh.joinpath(DRAWN).write_text(moved, encoding="utf-8")
    messages = [message for message, _, _ in _reasons(fresh)]
    assert "cells were reordered" in messages


def test_values_that_come_or_go_make_a_post_stale(fresh: Path) -> None:
    """The cell above them has to run again to compute them."""
    with fresh.joinpath(DRAWN).open("a", encoding="utf-8") as file:
        file.write('\nAnd <span data-value="2 * x"></span>.\n')
    assert [("value 2 * x is new, and needs a run", 29, False)] == _reasons(fresh)
    replace(fresh / DRAWN, 'is <span data-value="x">0.5</span>', "is 0.5")
    replace(fresh / DRAWN, '\nAnd <span data-value="2 * x"></span>.\n', "")
    assert [("value x is gone from below cell plot", 1, False)] == _reasons(fresh)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda record: record.update(python="2.7"), "Python 2.7 → {python}"),
        (lambda record: record["packages"].update(pytest="1.0"), "pytest 1.0 → {pytest}"),
        (
            lambda record: record["packages"].update({"no-such-package": "1.0"}),
            "no-such-package 1.0 → not installed",
        ),
        (lambda record: record["declared"].update(gone="1"), "gone is no longer declared"),
        (lambda record: record["declared"].clear(), "module.py is newly declared"),
        (lambda record: record["files"].update({"gone.txt": "1"}), "gone.txt is missing"),
        (lambda record: record["files"].update({"data.txt": "1"}), "data.txt changed"),
        (lambda record: record["values"].clear(), "values in prose were added or removed"),
    ],
)
def test_circumstances_that_changed_make_a_post_stale(
    fresh: Path, edit: Callable[[Any], object], reason: str
) -> None:
    """The reason says what there was, and what there is."""
    now = {"python": ".".join(platform.python_version_tuple()[:2]), "pytest": version("pytest")}
    _edit_record(fresh, edit)
    assert [(reason.format(**now), 1, False)] == _reasons(fresh)


def test_a_dependency_that_cannot_be_declared_is_a_reason(fresh: Path) -> None:
    """Its message is that of the mistake; the post is not compared any further."""
    state = _state(fresh)
    fresh.joinpath("module.py").unlink()
    found = staleness(state.prepared, state.record, state.site)
    assert ["depends: 'module.py' matches no file"] == [reason.message for reason in found]


def test_other_languages_have_no_packages(fresh: Path) -> None:
    """The Python that runs the engine does not run such a post."""
    replace(fresh / DRAWN, "language: python", "language: ruby")
    text = fresh.joinpath(DRAWN).read_text(encoding="utf-8")
    fresh.joinpath(DRAWN).write_text(text.replace("```python", "```ruby"), encoding="utf-8")
    _edit_record(fresh, lambda record: record.update(python="", packages={"pytest": "1.0"}))
    assert [] == _reasons(fresh)


def test_source_code_that_the_build_did_not_write_is_a_reason(blog: Path) -> None:
    """A cell that was emptied gets its source again, though nothing else is missing."""
    blog.joinpath("module.py").write_text("x = 1\n", encoding="utf-8")
    blog.joinpath(DRAWN).write_text(
        HEADER + '```python\nx = 1\n```\n{: data-source="module:x"}\n', encoding="utf-8"
    )
    state = _state(blog)
    publish(state, made_up_run(state.prepared, ((),)), just_before(state))
    assert [] == _reasons(blog)
    replace(blog / DRAWN, "x = 1\n", "")
    assert [("transcluded code is not what the build wrote", 5, True)] == _reasons(blog)


def test_line_endings_do_not_count(fresh: Path) -> None:
    """Git may translate those of a post on another system."""
    data = fresh.joinpath(DRAWN).read_bytes()
    fresh.joinpath(DRAWN).write_bytes(data.replace(b"\n", b"\r\n"))
    assert [] == _reasons(fresh)
    assert not _state(fresh).text_changed
