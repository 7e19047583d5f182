"""What readers see, as Liquid and kramdown themselves have it."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import made_up_run, printed
from toysite import HEADER

from post_builder.document.parsing.parser import parse
from post_builder.document.post import splice
from post_builder.execution.run import Output
from post_builder.rendering.markup.block import figcaption
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

pytestmark = pytest.mark.slow

SITE = Site(Path("/nowhere/blog"))
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

AS_JEKYLL_DOES = r"""
require 'json'
require 'jekyll'
module Address
  def relative_url(path) = path
end
Liquid::Template.register_filter(Address)
STDOUT.sync = true
STDIN.each_line do |line|
  text = JSON.parse(line).first
  liquid = Liquid::Template.parse(text, error_mode: :strict).render!({}, strict_filters: true)
  html = Kramdown::Document.new(
    liquid, input: 'GFM', hard_wrap: false, syntax_highlighter: nil
  ).to_html
  puts JSON.generate([html], ascii_only: true)
end
"""

PLACES = [
    ("", ""),
    ("- ", "  "),
    ("1. ", "   "),
    ("> ", "> "),
    ("> - ", ">   "),
    ("- > ", "  > "),
    ("- a\n\n  - ", "    "),
]
"""What is before the first line of a cell, and before the others."""

PIECES = [
    *r"* ** _ __ ` ``` ~~~ # *** --- === ^ [a] [^1] ! (x)".split(),
    *r"<b> </pre> </div> <!-- --> & &amp;".split(),
    *r"&#123; { } {{ }} {% %} {:toc} {::comment} | $$ $x$ \ \\ ... -- << >> ' ~~ = < >".split(),
    *"http://a.b <a@b.c> :smile: </details> é 🎉 x word 1 HTML \u200b".split(),
    *("# h", "> ", "- ", "+ ", "1. ", "[a]: b", "*[HTML]: x", ": x", "{: .x}", "{{ site.x }}", '"'),
    *("<!-- output -->", "<!-- /output -->", "{% raw %}", "{% endraw %}"),
    *(" ", "  ", "    ", "\t", "\n", "\n", "\n", "\n\n", "\xa0", "\u2028"),
    *("\n  \n", "\n^\n", "\n***\n", "\n\n---\n"),
]
"""Everything that means something to Liquid, kramdown or HTML, and some words."""


class _Page(HTMLParser):
    """Collects the text of outputs and values as a browser has it."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: list[str] = []
        self.values: list[str] = []
        self.alts: list[str] = []
        self.captions: list[str] = []
        self.scripts = 0
        self._inside = ""
        self._text = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "div" and (given.get("class") or "").endswith(" highlighter-rouge"):
            self._text = True
        elif tag == "pre" and self._text:
            self._text = False
            self._inside = tag
            self.outputs.append("")
        elif tag == "span" and "data-value" in given:
            self._inside = tag
            self.values.append("")
        elif tag == "figcaption":
            self._inside = tag
            self.captions.append("")
        elif tag == "img":
            self.alts.append(given.get("alt") or "")
        self.scripts += tag == "script"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        kinds = {"pre": self.outputs, "span": self.values, "figcaption": self.captions}
        if self._inside:
            kinds[self._inside][-1] += data


@pytest.fixture(scope="module")
def page() -> Iterator[Callable[[str], _Page]]:
    """Render texts in one Ruby process: one line of JSON each way."""
    with subprocess.Popen(
        ["ruby", "-e", AS_JEKYLL_DOES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as ruby:
        assert ruby.stdin is not None
        assert ruby.stdout is not None
        stdin, stdout = ruby.stdin, ruby.stdout

        def render_page(text: str) -> _Page:
            stdin.write(json.dumps([text]) + "\n")
            stdin.flush()
            answer = stdout.readline()
            assert answer, f"Jekyll's parts refused {text!r}"
            parsed = _Page()
            parsed.feed(json.loads(answer)[0])
            parsed.close()
            return parsed

        yield render_page
        stdin.close()


def _built(body: str, outputs: Sequence[Output] = (), values: Sequence[str] = ()) -> str:
    """Build a post of one cell from given outputs; return what is below its front matter."""
    post = parse(HEADER + body)
    assert post is not None
    run = made_up_run(transclude(post, SITE, {}), [outputs], values)
    edits = region_edits(post, render(post, run, SITE, "slug"))
    return splice(post.text, edits)[len(HEADER) :]


def _cell(place: tuple[str, str], options: str = "") -> str:
    first, rest = place
    lines = ["```python", "x = 1", "```", *([options] if options else [])]
    return "\n".join((rest if number else first) + line for number, line in enumerate(lines)) + "\n"


TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join),
    st.text(
        st.one_of(st.sampled_from("\n\t"), st.characters(exclude_categories=["C"])), min_size=1
    ),
)
"""Text that a terminal would show as it is: all that has a meaning to Markdown, and all letters."""

LINES = TEXTS.map(lambda text: text.replace("\n", " ").strip() or "0")


@given(
    TEXTS,
    st.sampled_from(PLACES),
    st.sampled_from(["", "{: .hide-output}"]),
    st.sampled_from(["", "\nAfter.\n"]),
)
def test_readers_see_exactly_what_was_printed(
    page: Callable[[str], _Page], text: str, place: tuple[str, str], options: str, after: str
) -> None:
    """Whatever was printed, wherever the cell is: the page shows that text, if it has letters."""
    body = _built(_cell(place, options) + after, [printed(text)])
    shown = [output.removeprefix("\n") for output in page(body).outputs]  # as browsers do
    assert ([text.removesuffix("\n")] if text.strip() else []) == shown, body


@given(
    LINES,
    st.sampled_from(
        [
            "Prose with {} in it.\n",
            "{}\n",
            "# Heading {}\n",
            "- item {}\n",
            "> quote {} --- here\n",
            "| a | b |\n|---|---|\n| {} | c |\n",
            "*emphasis {} here* and HTML\n\n*[HTML]: x\n",
        ]
    ),
)
def test_readers_see_exactly_the_value(page: Callable[[str], _Page], text: str, prose: str) -> None:
    """Whatever a value is, in prose, a heading, a list, a table or emphasis: the page shows it."""
    value = prose.format('<span data-value="x">0</span>')
    body = _built(f"{_cell(('', ''))}\n{value}", [], [text])
    assert [text] == page(body).values, body


OPTIONS = LINES.filter(
    # Liquid interprets options, too, and an entity in them is one
    lambda text: (
        not any(mark in text for mark in ("{{", "{%", "&"))
        # kramdown cannot express a backslash before a brace, a quotation mark or the end
        and not any(mark in f'{text}"' for mark in ("\\}", '\\"'))
    )
)


@given(OPTIONS, OPTIONS.filter(lambda text: "<" not in text))
def test_alt_and_caption_survive(page: Callable[[str], _Page], alt: str, caption: str) -> None:
    """Quotes, braces, pipes and Liquid's own marks in them reach the page as they are.

    A caption may hold HTML, so a `<` in it is the author's.
    """
    image: Output = {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}
    quoted = [text.replace("}", "\\}").replace('"', '\\"') for text in (alt, caption)]
    options = '{{: data-alt="{}" data-caption="{}"}}'.format(*quoted)
    body = _built(_cell(("", ""), options), [image])
    seen = page(body)
    written = _Page()
    written.feed(figcaption(caption))
    assert ([alt], written.captions) == (seen.alts, seen.captions), body


@pytest.mark.parametrize("place", PLACES)
def test_outputs_of_html_keep_their_words_and_lose_their_scripts(
    page: Callable[[str], _Page], place: tuple[str, str]
) -> None:
    """Blank lines, comments and markers do not end a region; scripts and handlers are gone."""
    markup = (
        "<style>td {color: red}</style>\n<!-- /output -->\n<table>\n\n<tr onclick='evil()'>"
        "<td>{{ a }} | {% b %}</td>\n\n\n<td>*c*</td></tr></table><script>evil()</script>\n"
        "<a href=' java\nscript:evil()'>d</a><pre>\n\ne\n</pre>"
    )
    output: Output = {
        "output_type": "execute_result",
        "data": {"text/html": markup, "text/plain": "no"},
        "metadata": {},
    }
    body = _built(_cell(place), [output, printed("end")])
    seen = page(body)
    assert ["end"] == seen.outputs
    assert 0 == seen.scripts
    assert all(word not in body for word in ("evil", "<style", "{{", "{%"))
    assert all(word in body for word in ("&#123;&#123; a ", "*c*", ">d</a>", "e\n"))
