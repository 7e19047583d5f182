"""Front matter defaults: which apply, and which win."""

from typing import Any

import pytest

from post_builder.document.front_matter import kernel_of, read_front_matter
from post_builder.jekyll.config import read_config
from post_builder.jekyll.defaults import inherited


def _values(path: str, kind: str, *sets: dict[str, Any], **config: object) -> dict[str, Any]:
    found = read_config({"defaults": list(sets), **config})
    return dict(inherited(found, path, kind).front_matter)


@pytest.mark.parametrize(
    ("scope", "applies"),
    [
        (None, True),
        ({}, True),
        ({"path": ""}, True),
        ({"path": "", "type": "posts"}, True),
        ({"type": "post"}, True),
        ({"type": "pages"}, False),
        ({"path": "_posts"}, True),
        ({"path": "_posts/2020"}, True),
        ({"path": "/_posts/2020/"}, True),
        ({"path": "_drafts"}, False),
        ({"path": "_posts/*/2020-01-*"}, True),
        ({"path": "_posts/*-01-*"}, False),
        ({"path": "**/2020"}, True),
    ],
)
def test_a_scope_has_a_path_and_a_type(scope: dict[str, str] | None, applies: bool) -> None:  # noqa: FBT001
    """As Jekyll matches them: a path is the start of a path, or a pattern for one."""
    found = {"values": {"a": 1}} | ({} if scope is None else {"scope": scope})
    path = "_posts/2020/2020-01-01-a.md"
    assert ({"a": 1} if applies else {}) == _values(path, "posts", found)


def test_the_narrower_scope_wins_and_mappings_are_merged() -> None:
    """Longer paths before shorter ones, a type before none, the later of equals."""
    sets = [
        {"scope": {"path": "_posts/a"}, "values": {"x": 1, "m": {"p": 1, "q": 1}}},
        {"scope": {"path": "_posts"}, "values": {"x": 2, "y": 2, "m": {"q": 2, "r": 2}}},
        {"scope": {"path": "", "type": "posts"}, "values": {"x": 3, "y": 3, "z": 3}},
        {"scope": {"path": ""}, "values": {"z": 4}},
        {"values": 3},
        "nonsense",
    ]
    expected = {"x": 1, "y": 2, "z": 3, "m": {"p": 1, "q": 1, "r": 2}}
    assert expected == _values("_posts/a/b.md", "posts", *sets)  # type: ignore[arg-type]


def test_the_folder_of_collections_is_not_part_of_the_path() -> None:
    """Jekyll strips it from both."""
    found = {"scope": {"path": "all/_posts/x"}, "values": {"a": 1}}
    assert {"a": 1} == _values("all/_posts/x/y.md", "posts", found, collections_dir="all")


@pytest.mark.parametrize(
    ("own", "kernel"),
    [
        ("title: A", "python3"),
        ("jupyter: bash", "bash"),
        ("kernelspec: {name: bash}", "bash"),
        ("jupyter: false", None),
        ("jupyter:", None),
        ("jupyter: {jupytext: {x: 1}}", "python3"),
    ],
)
def test_a_post_may_say_otherwise(own: str, kernel: str | None) -> None:
    """Its own kernel wins, in whatever spelling; `false` means that it does not run."""
    default = {"jupyter": {"kernelspec": {"name": "python3"}}}
    found = kernel_of(read_front_matter(f"---\n{own}\n---\n", "a.md", default))
    assert kernel == (found.name if found else None)
