"""Options of the page: their change is written without a run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import combinations_with_replacement, pairwise, product
from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, refresh, state_of
from toysite import HEADER, POST, replace

from post_builder.cli import main
from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.freshness.digests import region_digest
from post_builder.pipeline.prepare import PostState

pytestmark = pytest.mark.usefixtures("forked_kernels")

DRAWING = "_posts/2020-01-01-drawing.md"
RECORD = "_data/builds/drawing.json"

BODIES = {
    "plain": "```python\nplot()\n```\n{: #plot %s}\n\nThe end.\n",
    "in a list": "1. Draw:\n\n   ```python\n   plot()\n   ```\n   {: #plot %s}\n\n   The end.\n",
    "in a quote": "> ```python\n> plot()\n> ```\n> {: #plot %s}\n\nThe end.\n",
    "at the end": "```python\nplot()\n```\n{: #plot %s}",
}
"""A cell at several places of a post."""

OPTIONS = (
    'data-alt="A plot"',
    'data-alt="Another & a < plot {"',
    'data-alt="A plot" data-caption="See *this* | \\"that\\"."',
    'data-alt="A plot" .hide-output',
    'data-alt="A plot" data-caption="A caption" .hide-output .hide-input',
)


def _state(root: Path) -> PostState:
    return state_of(root, DRAWING)


def _publish(root: Path, figures: int = 1) -> None:
    """Publish a run whose cell printed a text and drew figures."""
    state = _state(root)
    outputs = (printed("1\n- 2\n"), *(drawing(str(number)) for number in range(figures)))
    publish(state, made_up_run(state.prepared, (outputs,)), just_before(state))


def _write(root: Path, body: str, options: str, newline: str = "\n") -> None:
    text = (HEADER + body % options).replace("\n", newline)
    root.joinpath(DRAWING).write_bytes(text.encode())


def _content(root: Path) -> tuple[bytes, dict[str, object]]:
    record = json.loads(root.joinpath(RECORD).read_text(encoding="utf-8"))
    return root.joinpath(DRAWING).read_bytes(), record | {"run": None}


WALK = [
    options for pair in combinations_with_replacement(OPTIONS, 2) for options in dict.fromkeys(pair)
]
"""All options, so that each follows each once, itself too: a de Bruijn sequence without its end."""


def _refreshed(root: Path, expected: Mapping[str, tuple[bytes, dict[str, object]]]) -> None:
    """Change the options of a published post again and again; each time compare it with a run's."""
    for before, after in pairwise([*WALK, WALK[0]]):
        replace(root / DRAWING, before, after)
        assert () == _state(root).reasons, (before, after)
        refresh(_state(root))
        assert expected[after] == _content(root), (before, after)
        state = _state(root)
        assert ((), frozenset(), False) == (state.reasons, state.page_changes, state.text_changed)


def test_each_change_of_options_is_walked() -> None:
    """From any to any."""
    assert Counter(product(OPTIONS, OPTIONS)) == Counter(pairwise([*WALK, WALK[0]]))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_refresh_writes_what_a_run_would(blog: Path, body: str) -> None:
    """Byte for byte, in the post and in its record."""

    def published(options: str) -> tuple[bytes, dict[str, object]]:
        _write(blog, body, options)
        _publish(blog)
        return _content(blog)

    _refreshed(blog, {options: published(options) for options in reversed(OPTIONS)})


def _bundle(**data: object) -> Output:
    return {"output_type": "display_data", "data": data, "metadata": {}}


CHART = _bundle(**{"application/vnd.plotly.v1+json": {"data": [{"y": [1, 2]}], "layout": {}}})
SOUND = _bundle(**{"text/html": '<audio controls src="data:audio/wav;base64,UklGRg=="></audio>'})
FIGURES = {
    "a chart": [CHART],
    "a chart between drawings": [drawing("1"), CHART, printed("a"), drawing("2")],
    "a sound": [SOUND],
    "a page in a frame": [_bundle(**{"text/html": "<b>x</b><script>1</script>"})],
}
"""Outputs whose words are not in a figure tag alone."""


@pytest.mark.parametrize("outputs", FIGURES.values(), ids=FIGURES)
def test_words_of_every_kind_of_figure_are_written_anew(blog: Path, outputs: list[Output]) -> None:
    """Charts, sounds and frames have them in their HTML."""
    frame = " .trusted-html" if "<script>" in str(outputs) else ""

    def published(options: str) -> tuple[bytes, dict[str, object]]:
        _write(blog, BODIES["plain"], options + frame)
        state = _state(blog)
        publish(state, made_up_run(state.prepared, (outputs,)), just_before(state))
        return _content(blog)

    _refreshed(blog, {options: published(options) for options in reversed(OPTIONS)})


def test_stderr_is_taken_off_the_page_without_a_run(blog: Path) -> None:
    """It is there; putting it back needs a run, for nobody knows what it was."""
    outputs = [
        printed("1\n"),
        printed("warn: x < y\n", "stderr"),
        printed("2\n"),
        drawing("a"),
        printed("b\n", "stderr"),
    ]

    def published(options: str) -> tuple[bytes, dict[str, object]]:
        _write(blog, BODIES["in a list"], options)
        state = _state(blog)
        publish(state, made_up_run(state.prepared, (outputs,)), just_before(state))
        return _content(blog)

    expected = published('.remove-stderr data-alt="A plot"')
    shown = published('data-alt="A plot"')
    assert shown[0].count(b"output stderr") == 2
    replace(blog / DRAWING, "#plot data", "#plot .remove-stderr data")
    assert ((), frozenset({"plot"})) == (_state(blog).reasons, _state(blog).page_changes)
    refresh(_state(blog))
    assert expected == _content(blog)
    replace(blog / DRAWING, " .remove-stderr", "")
    assert ["options of cell plot changed"] == [r.message for r in _state(blog).reasons]


def test_several_figures_stay_numbered(blog: Path) -> None:
    """The caption is below the last one."""
    _write(blog, BODIES["plain"], OPTIONS[0])
    _publish(blog, figures=3)
    replace(blog / DRAWING, OPTIONS[0], 'data-alt="New" data-caption="C"')
    refresh(_state(blog))
    text = blog.joinpath(DRAWING).read_text(encoding="utf-8")
    assert [f'alt="New ({n} of 3)"' in text for n in (1, 2, 3)] == [True] * 3
    assert 1 == text.count("<figcaption>C</figcaption>")


def test_line_endings_of_the_post_stay(blog: Path) -> None:
    """A region has those of its cell."""
    _write(blog, BODIES["plain"], OPTIONS[0], "\r\n")
    _publish(blog)
    replace(blog / DRAWING, OPTIONS[0], OPTIONS[3])
    refresh(_state(blog))
    text = blog.joinpath(DRAWING).read_bytes()
    assert b"</details>\r\n" in text
    assert text.count(b"\n") == text.count(b"\r\n")


def test_a_figure_without_alt_text_is_refused(blog: Path) -> None:
    """As it would be after a run; nothing is written."""
    _write(blog, BODIES["plain"], OPTIONS[0])
    _publish(blog)
    replace(blog / DRAWING, f" {OPTIONS[0]}", "")
    before = _content(blog)
    with pytest.raises(RenderError, match="the figure of cell plot has no alt text"):
        refresh(_state(blog))
    assert before == _content(blog)


def test_a_cell_without_output_has_nothing_to_write(blog: Path) -> None:
    """Its code may be folded all the same."""
    _write(blog, BODIES["plain"], ".hide-output")
    state = _state(blog)
    publish(state, made_up_run(state.prepared, ((),)), just_before(state))
    replace(blog / DRAWING, " .hide-output", " .hide-input")
    before = blog.joinpath(DRAWING).read_bytes()
    refresh(_state(blog))
    assert before == blog.joinpath(DRAWING).read_bytes()
    assert frozenset() == _state(blog).page_changes


def test_an_edited_output_is_not_written_again_from_what_is_there(blog: Path) -> None:
    """The post runs, since nobody knows what was printed."""
    _write(blog, BODIES["plain"], OPTIONS[0])
    _publish(blog)
    replace(blog / DRAWING, OPTIONS[0], OPTIONS[3])
    replace(blog / DRAWING, ">1\n", ">7\n")
    state = _state(blog)
    expected = ["output of cell plot is not what the build wrote"]
    assert expected == [reason.message for reason in state.reasons]
    assert frozenset() == state.page_changes


def test_check_and_build_say_that_nothing_needs_to_run(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One names the cell, the other writes the page; no cell runs."""
    line = replace(toy / POST, "Three points that rise", "Points")
    replace(toy / POST, "{: #slope}", "{: #slope .hide-output}")
    assert 1 == main(["check", "--site", str(toy), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [
        "the page does not show the new options of cell slope",
        "the page does not show the new options of cell points",
    ] == [finding["message"] for finding in found]
    assert 0 == main(["build", "--site", str(toy), "--json"])
    (outcome,) = json.loads(capsys.readouterr().out)
    note = "new options of the page written for slope, points; no cell ran"
    assert ("fresh", 0, note) == (outcome["status"], outcome["cells"], outcome["note"])
    text = toy.joinpath(POST).read_text(encoding="utf-8")
    assert 'alt="Points"' in text
    assert 'alt="Points"' not in "\n".join(text.split("\n")[:line])
    assert 0 == main(["check", "--site", str(toy)])


def test_a_value_that_is_new_needs_a_run_and_says_so(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the kernel can compute it."""
    value = '<span data-value="rate"></span>'
    line = replace(toy / POST, "The slope is", f"It is {value}.\nThe slope is")
    assert 1 == main(["check", "--site", str(toy)])
    printed = capsys.readouterr().out
    assert f"{POST}:{line}: stale: value rate is new, and needs a run" in printed
    assert "edited" not in printed


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("options", OPTIONS)
def test_outputs_of_an_older_version_get_the_markup_of_this_one(
    blog: Path, body: str, options: str
) -> None:
    """Byte for byte what a run would write, without one."""
    _write(blog, body, options)
    _publish(blog, figures=2)
    expected = _content(blog)
    text = blog.joinpath(DRAWING).read_bytes().decode()
    blog.joinpath(DRAWING).write_bytes(_older(text).encode())
    record = json.loads(blog.joinpath(RECORD).read_text(encoding="utf-8"))
    post = _state(blog).post
    record["cells"][0]["region"] = region_digest(post.at(post.cells[0].region))
    del record["markup"]
    blog.joinpath(RECORD).write_text(json.dumps(record), encoding="utf-8")
    state = _state(blog)
    assert ((), True) == (state.reasons, state.older_markup)
    refresh(state)
    assert expected == _content(blog)
    assert not _state(blog).older_markup


def _older(text: str) -> str:
    """Write a text output as a plain `pre`, and figures with the include."""
    text = re.sub(NOW_TEXT, r'<pre class="output stdout">\1</pre>\n', text, flags=re.DOTALL)
    size = 'width="9" height="9"'
    return re.sub(NOW_FIGURE, rf'{{% include figure image_path="\1" alt="\2" {size} %}}\n', text)


NOW_TEXT = (
    r'<div class="output stdout highlighter-rouge">.*?<pre class="highlight">'
    r"(.*?)</pre></div></div>\n[ >]*\n"
)
NOW_FIGURE = (
    r'<figure class="figure"><img src="{{ \'(.*?)\' [|] relative_url }}" alt="(.*?)".*?</figure>'
    r"\n[ >]*\n"
)


def test_check_names_an_older_markup_and_build_replaces_it(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where nothing else changed; the next build has nothing to do."""
    before = toy.joinpath(POST).read_bytes()
    record = next(toy.joinpath("_data/builds").glob("*.json"))
    data = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(data | {"markup": 1}), encoding="utf-8")
    assert 1 == main(["check", "--site", str(toy)])
    assert "its outputs are in the markup of an older version" in capsys.readouterr().out
    assert 0 == main(["build", "--site", str(toy), "--json"])
    (outcome,) = json.loads(capsys.readouterr().out)
    assert "outputs written in the markup of this version; no cell ran" == outcome["note"]
    assert 0 == main(["check", "--site", str(toy)])
    assert data == json.loads(record.read_text(encoding="utf-8"))
    assert before == toy.joinpath(POST).read_bytes()
