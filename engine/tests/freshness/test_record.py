"""Build records: written, read back, or refused because they cannot be read."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from post_builder.errors import RecordError
from post_builder.freshness.circumstances import Circumstances
from post_builder.freshness.record import FORMAT, CellRecord, Record, load_record
from post_builder.site import Site, open_site

RECORD = Record(
    post="_posts/a.md",
    text="1",
    kernel="python3",
    settings="2",
    cells=(CellRecord("a", "3", "4", "5"), CellRecord("b", "6", "7", "8", "mod:f")),
    values=("9",),
    figures={"assets/images/a/a.svg": "0" * 32},
    downloads={"assets/notebooks/a.ipynb": "1" * 32, "assets/notebooks/a.py": "2" * 32},
    files={"data.csv": "13"},
    declared={"other.csv": "14"},
    python="3.12",
    packages={"numpy": "2.1"},
    run=Circumstances("2026-01-01T00:00:00Z", 1.5, 200, "3.12.1", "A processor", "c0ffee"),
)

NAMES = st.text(max_size=5)
PATHS = st.text("aé東:- .", min_size=1, max_size=5).filter(lambda name: not name.startswith("."))
MADE = st.text("0123456789abcdef", min_size=32, max_size=32)
RECORDS = st.builds(
    Record,
    cells=st.lists(
        st.builds(CellRecord, NAMES, NAMES, NAMES, NAMES, st.none() | NAMES), max_size=2
    ).map(tuple),
    values=st.lists(NAMES, max_size=2).map(tuple),
    run=st.builds(Circumstances, NAMES, st.floats(0, 1e9), st.integers(0, 2**40), NAMES),
    format=st.just(FORMAT),
    post=PATHS,
    figures=st.dictionaries(PATHS.map(lambda name: f"assets/images/a/{name}"), MADE, max_size=3),
    downloads=st.dictionaries(st.just("assets/notebooks/a.py"), MADE, max_size=1),
    **dict.fromkeys(("files", "declared"), st.dictionaries(PATHS, NAMES, max_size=3)),
    packages=st.dictionaries(NAMES, NAMES, max_size=3),
    **dict.fromkeys(("text", "kernel", "settings", "python"), NAMES),
)


@pytest.fixture
def write(blog: Path) -> Callable[[bytes], Site]:
    """Return a function that writes the record of a post called `a`."""
    site = open_site(blog)
    site.record("a").parent.mkdir(parents=True)

    def write(data: bytes) -> Site:
        site.record("a").write_bytes(data)
        return site

    return write


def test_a_record_is_read_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is in it, in any script."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.record("a").parent.mkdir(parents=True)

    @given(RECORDS)
    def is_read_back(record: Record) -> None:
        site.record("a").write_text(record.to_json(), encoding="utf-8")
        assert record == load_record(site, "a")

    is_read_back()


def test_a_record_is_written_for_people_and_git() -> None:
    """Keys are sorted, one per line, so that a diff shows what changed; π is π."""
    lines = replace(RECORD, kernel="π").to_json().splitlines()
    assert ["{", ' "cells": [', "  {", '   "code": "4",'] == lines[:4]
    assert ' "kernel": "π",' in lines
    keys = list(json.loads(RECORD.to_json()))
    assert sorted(keys) == keys


def test_a_post_without_a_record_was_never_built(blog: Path) -> None:
    """That is not an error."""
    assert load_record(open_site(blog), "a") is None


@pytest.mark.parametrize("data", [b'{"format": 0}', b'{"format": 99, "cells": {"a": []}}'])
def test_a_record_of_another_format_counts_as_missing(
    write: Callable[[bytes], Site], data: bytes
) -> None:
    """Whatever else it says, no version but its own can compare with it."""
    assert load_record(write(data), "a") is None


def test_unknown_keys_are_ignored(write: Callable[[bytes], Site]) -> None:
    """A later version may add to a record without changing what the rest of it means."""
    data = {**to_builtins(RECORD), "more": [1]}
    assert RECORD == load_record(write(json.dumps(data).encode()), "a")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "Input data was truncated"),
        (b"x", "JSON is malformed: invalid character (byte 0)"),
        (RECORD.to_json().encode()[:-20], "Input data was truncated"),
        (b"<<<<<<< HEAD\n" + RECORD.to_json().encode(), "JSON is malformed: invalid character"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (b"{}", "Object missing required field `format`"),
        (b'{"format": "1"}', "Expected `int`, got `str` - at `$.format`"),
        (b'{"format": true}', "Expected `int`, got `bool` - at `$.format`"),
        (b'{"format": 2}', "Object missing required field `post`"),
        (b'{"format": 2, "cells": ' + b"[" * 100_000, "maximum recursion depth exceeded"),
        (
            RECORD.to_json().replace("python3", "\udcff").encode("utf-8", "surrogateescape"),
            "'utf-8'",
        ),
        (RECORD.to_json().encode("utf-16"), "JSON is malformed: invalid character (byte 0)"),
    ],
    ids=[
        *("empty", "text", "cut off", "a merge conflict", "a list", "null", "an empty object"),
        *("format is text", "format is true", "only a format", "deep nesting", "not UTF-8"),
        "UTF-16",
    ],
)
def test_a_record_that_cannot_be_read_is_an_error(
    write: Callable[[bytes], Site], data: bytes, problem: str
) -> None:
    """It is not taken for a missing one: what it says may have cost hours of training."""
    site = write(data)
    with pytest.raises(RecordError) as caught:
        load_record(site, "a")
    message, hint = str(caught.value).split("\n")
    start = "_data/builds/a.json: this build record cannot be read: "
    assert message.startswith(f"{start}{problem}")
    assert "help: restore it from git, or delete it and build the post again" == hint
    assert data == site.record("a").read_bytes()


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (("post",), 1, "Expected `str`, got `int` - at `$.post`"),
        (("kernel",), None, "Expected `str`, got `null` - at `$.kernel`"),
        (("cells",), {}, "Expected `array`, got `object` - at `$.cells`"),
        (("cells", 0), "a", "Expected `object`, got `str` - at `$.cells[0]`"),
        (("cells", 0, "input"), 1, "Expected `str`, got `int` - at `$.cells[0].input`"),
        (("cells", 0, "source"), 1, "Expected `str | null`, got `int`"),
        (("values",), "9", "Expected `array`, got `str` - at `$.values`"),
        (("values", 0), 9, "Expected `str`, got `int` - at `$.values[0]`"),
        (("figures",), [], "Expected `object`, got `array` - at `$.figures`"),
        (("files", "data.csv"), None, "Expected `str`, got `null` - at `$.files[...]`"),
        (("packages", "numpy"), 2.1, "Expected `str`, got `float` - at `$.packages[...]`"),
        (("run",), None, "Expected `object`, got `null` - at `$.run`"),
        (("run", "seconds"), "1.5", "Expected `float`, got `str` - at `$.run.seconds`"),
        (("run", "peak_memory"), 0.5, "Expected `int`, got `float` - at `$.run.peak_memory`"),
    ],
)
def test_a_value_of_another_type_is_an_error(
    write: Callable[[bytes], Site], keys: tuple[str | int, ...], value: object, problem: str
) -> None:
    """Anywhere in the record; the message names the value."""
    data: Any = json.loads(RECORD.to_json())
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    with pytest.raises(RecordError, match=re.escape(problem)):
        load_record(write(json.dumps(data).encode()), "a")


@pytest.mark.parametrize("key", ["post", "cells", "declared", "packages"])
def test_a_missing_value_is_an_error(write: Callable[[bytes], Site], key: str) -> None:
    """Only the circumstances of the run may be missing."""
    data = json.loads(RECORD.to_json())
    del data["run"]
    assert replace(RECORD, run=Circumstances()) == load_record(
        write(json.dumps(data).encode()), "a"
    )
    del data[key]
    with pytest.raises(RecordError, match=f"Object missing required field `{key}`"):
        load_record(write(json.dumps(data).encode()), "a")


def test_a_folder_in_place_of_a_record_is_an_error(blog: Path) -> None:
    """So is whatever else the system cannot read."""
    site = open_site(blog)
    site.record("a").mkdir(parents=True)
    with pytest.raises(
        RecordError, match=r"a\.json: this build record cannot be read: it is not a"
    ):
        load_record(site, "a")


def test_two_records_have_the_same_result_if_only_their_circumstances_differ() -> None:
    """A rerun that gives the same leaves it alone, unless it has no seconds of the cells yet."""
    assert RECORD.same_result(replace(RECORD, run=Circumstances(date="tomorrow")))
    assert not RECORD.same_result(None)
    assert not RECORD.same_result(replace(RECORD, run=Circumstances(cells={"new": 1.0})))
    for name in to_builtins(RECORD).keys() - {"run"}:
        other: dict[str, Any] = {name: None}
        assert not RECORD.same_result(replace(RECORD, **other)), name


def test_a_record_knows_what_was_made_and_transcluded() -> None:
    """Figures and downloads were made; a cell with a source was transcluded."""
    assert RECORD.made() == {
        "assets/images/a/a.svg": "0" * 32,
        "assets/notebooks/a.ipynb": "1" * 32,
        "assets/notebooks/a.py": "2" * 32,
    }
    assert {"b": "7"} == RECORD.transcluded()
