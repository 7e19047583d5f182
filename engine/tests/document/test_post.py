import re
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from post_builder.errors import PostError
from post_builder.document.liquid import first_liquid_line
from post_builder.document.post import Cell, Post, Span, parse, splice

FIXTURES = Path(__file__).with_name("fixtures")
POSTS = sorted(FIXTURES.joinpath("posts").glob("*.md"))
REFUSED = sorted(FIXTURES.joinpath("refused").glob("*.md"))
TO_HTML = """
require 'kramdown'
require 'kramdown-parser-gfm'
puts Kramdown::Document.new(STDIN.read, input: 'GFM', syntax_highlighter: nil).to_html
"""


def _name(path: Path) -> str:
    return path.stem


def _described(post: Post) -> Iterator[str]:
    """Say what was found in a post, for a person to check against it."""
    for cell in post.cells:
        words = [f"line {cell.line}: cell {cell.name}"]
        words += [f"inside {cell.prefix!r}"] if cell.prefix else []
        words += sorted(cell.options.tags)
        words += [f"alt {cell.options.alt}"] if cell.options.alt else []
        words += ["in raw"] if cell.in_raw else []
        yield ", ".join(words)
        yield from (f"  | {line!r}" for line in cell.code.split("\n")[:-1])
        region = post.text[cell.region.start : cell.region.end].replace("\r\n", "\n")
        yield from (f"  > {line!r}" for line in region.strip("\n").split("\n") if region)
    for value in post.values:
        shown = post.text[value.span.start : value.span.end].replace("\r\n", "\n")
        owner = post.cells[value.after].name
        yield f"line {value.line}: value {value.expression!r} after {owner}, shown {shown!r}"


def _description(text: str) -> str:
    post = parse(text)
    assert post is not None
    return "\n".join(_described(post)) + "\n"


def _variants(text: str) -> dict[str, str]:
    """Give a post as other editors would have saved it."""
    return {
        "as it is": text,
        "Windows line ends": text.replace("\n", "\r\n"),
        "byte order mark": f"\ufeff{text}",
        "no final newline": text.rstrip("\n"),
    }


@pytest.mark.parametrize("path", POSTS, ids=_name)
def test_every_part_of_a_post_is_found(path: Path) -> None:
    """Cells, regions and values are found at their lines, with their code as readers get it."""
    expected = path.with_suffix(".found").read_bytes().decode()
    assert expected == _description(path.read_bytes().decode())


@pytest.mark.parametrize("path", POSTS, ids=_name)
def test_how_a_file_was_saved_changes_nothing(path: Path) -> None:
    """Windows line ends, a byte order mark, a missing final newline: the same parts are found."""
    text = path.read_bytes().decode()
    expected = {name: _description(text) for name in _variants(text)}
    assert expected == {name: _description(saved) for name, saved in _variants(text).items()}


@pytest.mark.parametrize("path", REFUSED, ids=_name)
def test_what_cannot_be_right_is_refused_with_its_line(path: Path) -> None:
    """The error names the line at fault, shows it, and says what to do."""
    text = path.read_bytes().decode()
    expected = path.with_suffix(".error").read_text(encoding="utf-8")
    with pytest.raises(PostError) as caught:
        parse(text)
    assert expected == f"{caught.value}\n"
    with pytest.raises(PostError) as caught:
        parse(text.replace("\n", "\r\n"))
    assert expected == f"{caught.value}\n"


class _Code(HTMLParser):
    """Collects the Python code blocks of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "code" and "language-python" in (dict(attrs).get("class") or ""):
            self.blocks.append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "code"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.blocks[-1] += data


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in POSTS if p.stem != "not-cells"], ids=_name)
def test_the_code_that_runs_is_the_code_that_readers_get(path: Path) -> None:
    """The code blocks that kramdown makes of a post are its cells, character by character."""
    text = path.read_bytes().decode()
    post = parse(text)
    assert post is not None
    content = re.sub(r"\{% (end)?raw %\}\n", "", text[text.index("---\n", 4) + 4 :])
    html = subprocess.run(
        ["ruby", "-e", TO_HTML], input=content, capture_output=True, check=True, text=True
    ).stdout
    code = _Code()
    code.feed(html)
    # an empty block is a blank line to kramdown
    assert [cell.code or "\n" for cell in post.cells] == code.blocks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter\n\n```python\nx\n```\n",
        "---\ntitle: plain\n---\n\n```python\nx\n```\n{: .hide-ouput}\n",
        "---\njupyter: true\n---\n",
        "---\njupyter: {kernelspec: {}}\n---\n",
        "---\njupyter: {jupytext: {}}\n---\n",
        "text\n---\njupyter: {kernelspec: {name: python3}}\n---\n",
        "---\n---\n",
        "---\n# only a comment\n---\n",
    ],
)
def test_a_post_without_a_kernel_does_not_run(text: str) -> None:
    """No kernel in the front matter: the post is none of the engine's business."""
    assert parse(text) is None


def test_front_matter_may_end_as_jekyll_lets_it_end(header: str) -> None:
    """Three dots, and blanks after the dashes, end the front matter as well."""
    expected = [cell.code for cell in _cells(header + "```python\nx\n```\n")]
    for end in ("...\n", "---  \n", "---\t\n"):
        text = header.removesuffix("---\n") + end + "```python\nx\n```\n"
        assert expected == [cell.code for cell in _cells(text)]


def test_the_language_of_another_kernel_is_its_cells() -> None:
    """The word on the fences is the kernelspec's language."""
    text = "---\njupyter: {kernelspec: {name: bash, language: bash}}\n---\n```bash\nls\n```\n"
    assert ["ls\n"] == [cell.code for cell in _cells(text + "```python\nx\n```\n")]


def _cells(text: str) -> list[Cell]:
    post = parse(text)
    assert post is not None
    return list(post.cells)


def test_lone_carriage_returns_end_lines_too(header: str) -> None:
    """A post with the line ends of old is read as any other."""
    text = f"{header}\n```python\nx = 1\ny = 2\n```\n\nend <span data-value='x'>1</span>\n"
    assert _description(text) == _description(text.replace("\n", "\r"))


def test_a_line_is_named_where_it_stands(read: Callable[[str], Post]) -> None:
    """A place holds the line's text; one past the end holds none."""
    post = read("one\n\ntwo\n")
    assert "two" == post.place(6).source
    assert "post:99" == str(post.place(99))
    assert "" == post.place(99).source


def test_a_region_follows_its_cell_in_the_line_ends_of_the_cell(
    read: Callable[[str], Post],
) -> None:
    """A mixed file keeps each cell's own line ends."""
    post = read("```python\r\nx\r\n```\r\n\n```python\ny\n```\n")
    assert ["\r\n", "\n"] == [cell.newline for cell in post.cells]


def test_liquid_in_code_is_found_on_its_line() -> None:
    """A form feed or a line separator in the code shifts no line."""
    assert 3 == first_liquid_line("a = '\u2028\x0c\x85'\n\nb = '{{'\n", in_raw=False)
    assert first_liquid_line("b = '{{'\n", in_raw=True) is None
    assert 2 == first_liquid_line("\n{%- endraw -%}\n", in_raw=True)
    assert first_liquid_line("{ {", in_raw=False) is None


def test_raw_blocks_protect_code(read: Callable[[str], Post]) -> None:
    """Within raw, braces are the reader's."""
    post = read(
        "{% raw %}\n```python\n'{{ x }}'\n```\n{% endraw %}\n\n{%- raw -%}\n```python\n'{%'\n```\n"
    )
    assert [True, True] == [cell.in_raw for cell in post.cells]
    assert [False, True] == [cell.region_in_raw for cell in post.cells]


def test_splice_replaces_what_it_is_told_to() -> None:
    """Edits may come in any order, touch, insert and delete."""
    edits = [(Span(4, 6), "X"), (Span(0, 1), ""), (Span(6, 6), "!"), (Span(1, 3), "long")]
    assert "longdX!g" == splice("abcdefg", edits)


def test_splice_refuses_edits_that_overlap() -> None:
    """Two edits of one place would lose one of them."""
    with pytest.raises(ValueError, match="overlap"):
        splice("abcdef", [(Span(0, 3), "x"), (Span(2, 4), "y")])
