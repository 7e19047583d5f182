"""What readers see, by the word of Liquid and kramdown themselves."""

import json
import random
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import settings

from post_builder.dependencies import Observations
from post_builder.execution import Output, Run
from post_builder.post import Post, parse, splice
from post_builder.rendering import region_edits, render
from post_builder.site import Site

pytestmark = pytest.mark.slow

HEADER = "---\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
SITE = Site(Path("/nowhere/blog"))
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

AS_JEKYLL_DOES = r"""
require 'json'
require 'jekyll'
class Figure < Jekyll::Tags::IncludeTag
  def render(context)
    params = parse_params(context)
    "<figure><img alt=\"#{params['alt']}\">" +
      "<figcaption>#{params['caption']}</figcaption></figure>"
  end
end
Liquid::Template.register_tag('include', Figure)
texts = JSON.parse(STDIN.read)
puts JSON.generate(texts.map { |text|
  liquid = Liquid::Template.parse(text, error_mode: :strict).render!({}, strict_filters: true)
  Kramdown::Document.new(liquid, input: 'GFM', hard_wrap: false, syntax_highlighter: nil).to_html
})
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
"""What stands before a cell's first line, and before the rest."""

PIECES = [
    *(
        "*",
        "**",
        "_",
        "__",
        "`",
        "```",
        "~~~",
        "#",
        "# h",
        "> ",
        "- ",
        "+ ",
        "1. ",
        "***",
        "---",
        "===",
    ),
    *(
        "^",
        "[a]",
        "[a]: b",
        "[^1]",
        "*[HTML]: x",
        "!",
        "(x)",
        "<b>",
        "</pre>",
        "</div>",
        "<!--",
        "-->",
    ),
    *(
        "<!-- output -->",
        "<!-- /output -->",
        "&",
        "&amp;",
        "&#123;",
        "{",
        "}",
        "{{",
        "}}",
        "{%",
        "%}",
    ),
    *(
        "{: .x}",
        "{:toc}",
        "{::comment}",
        "{% raw %}",
        "{% endraw %}",
        "{{ site.x }}",
        "|",
        "$$",
        "$x$",
    ),
    *(
        "\\",
        "\\\\",
        "...",
        "--",
        "<<",
        ">>",
        '"',
        "'",
        "~~",
        ": x",
        "http://a.b",
        "<a@b.c>",
        ":smile:",
    ),
    *(
        " ",
        "  ",
        "    ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "é",
        "🎉",
        "x",
        "word",
        "1",
        "HTML",
        "\xa0",
    ),
    *("\u2028", "\u200b", "=", "\n  \n", "\n^\n", "\n***\n", "\n\n---\n", "</details>"),
]


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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "pre" and (given.get("class") or "").startswith("output"):
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


def _pages(texts: Sequence[str]) -> list[_Page]:
    """Render texts in one Ruby process."""
    done = subprocess.run(
        ["ruby", "-e", AS_JEKYLL_DOES],
        input=json.dumps(texts),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pages = []
    for html in json.loads(done.stdout):
        page = _Page()
        page.feed(html)
        page.close()
        pages.append(page)
    return pages


def _read(body: str) -> Post:
    post = parse(HEADER + body)
    assert post is not None
    return post


def _built(body: str, outputs: Sequence[Output] = (), values: Sequence[str] = ()) -> str:
    """Build a post of one cell from given outputs; return what is under its front matter."""
    post = _read(body)
    run = Run((tuple(outputs),), (1,), tuple(values), (0.0,), {}, Observations())
    edits = region_edits(post, render(post, run, SITE, "slug"))
    return splice(post.text, edits)[len(HEADER) :]


def _cell(place: tuple[str, str], options: str = "") -> str:
    first, rest = place
    lines = ["```python", "x = 1", "```", *([options] if options else [])]
    return "\n".join((rest if number else first) + line for number, line in enumerate(lines)) + "\n"


def _stream(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _texts(count: int) -> list[str]:
    chance = random.Random(1)  # noqa: S311  # the same texts at every run
    return ["".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(count)]


def _count() -> int:
    """Tell how many texts to try, by the hypothesis profile in force."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return 2_000 if profile.max_examples > 1_000 else 400


def test_readers_see_exactly_what_was_printed() -> None:
    """Whatever was printed, wherever the cell stands: the page shows that text."""
    texts = _texts(_count())
    bodies = []
    for number, text in enumerate(texts):
        options = "{: .hide-output}" if number % 3 == 0 else ""
        after = "\nAfter.\n" if number % 2 else ""
        bodies.append(_built(_cell(PLACES[number % len(PLACES)], options) + after, [_stream(text)]))
    for text, body, page in zip(texts, bodies, _pages(bodies), strict=True):
        shown = [output.removeprefix("\n") for output in page.outputs]  # as browsers do
        assert [text.removesuffix("\n")] == shown, body


def test_readers_see_exactly_the_value() -> None:
    """Whatever a value is, in prose, a heading, a list, a table or emphasis: the page shows it."""
    texts = [text.replace("\n", "").strip() or "0" for text in _texts(_count())]
    settings_ = [
        "Prose with {} in it.\n",
        "{}\n",
        "# Heading {}\n",
        "- item {}\n",
        "> quote {} --- here\n",
        "| a | b |\n|---|---|\n| {} | c |\n",
        "*emphasis {} here* and HTML\n\n*[HTML]: x\n",
    ]
    bodies = []
    for number, text in enumerate(texts):
        prose = settings_[number % len(settings_)].format('<span data-value="x">0</span>')
        bodies.append(_built(f"{_cell(('', ''))}\n{prose}", [], [text]))
    for text, body, page in zip(texts, bodies, _pages(bodies), strict=True):
        assert [text] == page.values, body


def test_alt_and_caption_survive_the_include() -> None:
    """Quotes, braces, pipes and Liquid's own marks in them reach the page as they are."""
    texts = [text.replace("\n", " ").strip() or "x" for text in _texts(_count() // 4)]
    image: Output = {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}
    bodies, kept = [], []
    for text in texts:
        if "{{" in text or "{%" in text or "&" in text or text.endswith("\\"):
            continue  # Liquid would read the options themselves; an entity is an entity
        written = text.replace("}", "\\}").replace('"', '\\"')
        if "\\\\}" in written or '\\\\"' in written:
            continue  # kramdown has no way to say a backslash before a brace
        options = f'{{: data-alt="{written}" data-caption="{written}"}}'
        bodies.append(_built(_cell(("", ""), options), [image]))
        kept.append(text)
    assert len(kept) > len(texts) // 3
    for text, body, page in zip(kept, bodies, _pages(bodies), strict=True):
        assert [text] == page.alts, body


def test_outputs_of_html_keep_their_words_and_lose_their_scripts() -> None:
    """Blank lines, comments and markers inside end no region; scripts and handlers are gone."""
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
    bodies = [_built(_cell(place), [output, _stream("end")]) for place in PLACES]
    for body, page in zip(bodies, _pages(bodies), strict=True):
        assert ["end"] == page.outputs, body
        assert page.scripts == 0
        assert all(word not in body for word in ("evil", "color", "{{", "{%"))
        assert all(word in body for word in ("&#123;&#123; a ", "*c*", ">d</a>", "e\n"))
