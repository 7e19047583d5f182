"""Figures are shown by the site's include where it has one, else by plain HTML."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, publish, state_of
from toysite import HEADER

from post_builder.cli import main

POST = "_posts/2020-01-01-a.md"
INCLUDE = '{% include figure image_path="/assets/images/a/plot.svg" alt="A plot" caption="*c*"'


def _build(root: Path) -> str:
    """Publish a run that drew a figure; return the post."""
    options = '{: #plot data-alt="A plot" data-caption="*c*"}'
    root.joinpath(POST).write_text(f"{HEADER}```python\nplot()\n```\n{options}\n", encoding="utf-8")
    state = state_of(root, POST)
    publish(state, made_up_run(state.prepared, ((drawing("1"),),)), just_before(state))
    return root.joinpath(POST).read_text(encoding="utf-8")


def _add_include(root: Path) -> None:
    root.joinpath("_includes").mkdir()
    root.joinpath("_includes/figure").write_text("{{ include.alt }}", encoding="utf-8")


def test_a_site_with_the_include_shows_figures_by_it(blog: Path) -> None:
    """With the parameters of Minimal Mistakes, and the size."""
    _add_include(blog)
    assert f'{INCLUDE} width="9" height="9" %}}\n' in _build(blog)


def test_a_site_without_it_shows_plain_html(blog: Path) -> None:
    """A missing include would end Jekyll's build."""
    text = _build(blog)
    assert "{% include" not in text
    assert '<figure class="figure"><img src="' in text


def test_a_site_may_keep_its_posts_free_of_it(blog: Path) -> None:
    """They can move to any theme then."""
    _add_include(blog)
    blog.joinpath("_config.yml").write_text("post_builder: {figure_include: false}\n", "utf-8")
    assert "{% include" not in _build(blog)


@pytest.mark.parametrize("first", [True, False])
def test_a_change_of_mind_runs_nothing(
    blog: Path, capsys: pytest.CaptureFixture[str], *, first: bool
) -> None:
    """The post is what a run would write; `check` knows it for the build's own."""
    if first:
        _add_include(blog)
    _build(blog)
    if first:
        blog.joinpath("_includes/figure").unlink()
    else:
        _add_include(blog)
    assert main(["build", "--site", str(blog)]) == 0
    assert "; no cell ran" in capsys.readouterr().out
    text = blog.joinpath(POST).read_text(encoding="utf-8")
    assert (INCLUDE in text) is not first
    assert main(["check", "--site", str(blog)]) == 0
    assert text == _build(blog)


def test_a_stored_output_keeps_the_include(blog: Path) -> None:
    """The next build writes its other parts anew, and leaves the figure as the site shows it."""
    _add_include(blog)
    text = _build(blog).replace(
        '{: #plot data-alt="A plot"', '{: #plot .stored-output data-alt="A plot"'
    )
    blog.joinpath(POST).write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 0
    text = blog.joinpath(POST).read_text(encoding="utf-8")
    assert INCLUDE in text
    assert "<figure" not in text
