"""What is found in a post; the fixtures are posts, with what is found in them or the error."""

import re
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from toysite import FIXTURES, HEADER

from post_builder.document.parsing.parser import parse, read_post
from post_builder.document.post import END, START, Cell, Post, splice
from post_builder.errors import PostError
from post_builder.site import Site

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
    """Describe what was found in a post, so that a person can compare it with the post."""
    for cell in post.cells:
        words = [f"line {cell.line}: cell {cell.name}"]
        words += [f"inside {cell.prefix!r}"] if cell.prefix else []
        words += sorted(cell.options.tags)
        words += [f"alt {cell.options.alt}"] if cell.options.alt else []
        words += ["in raw"] if cell.in_raw else []
        yield ", ".join(words)
        yield from (f"  | {line!r}" for line in cell.code.split("\n")[:-1])
        region = post.at(cell.region).replace("\r\n", "\n")
        yield from (f"  > {line!r}" for line in region.strip("\n").split("\n") if region)
    for value in post.values:
        shown = post.at(value.span).replace("\r\n", "\n")
        owner = post.cells[value.after].name
        yield f"line {value.line}: value {value.expression!r} after {owner}, shown {shown!r}"


def _parsed(text: str) -> Post:
    post = parse(text)
    assert post is not None
    return post


def _cells(text: str) -> list[Cell]:
    return list(_parsed(text).cells)


def _description(text: str) -> str:
    return "\n".join(_described(_parsed(text))) + "\n"


def _variants(text: str) -> dict[str, str]:
    """Return a post as other editors would save it."""
    return {
        "Windows line endings": text.replace("\n", "\r\n"),
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
    """Line endings, a byte order mark and a missing final newline do not change what is found."""
    text = path.read_bytes().decode()
    expected = dict.fromkeys(_variants(text), _description(text))
    assert expected == {name: _description(saved) for name, saved in _variants(text).items()}


@pytest.mark.parametrize("path", REFUSED, ids=_name)
def test_a_mistake_is_refused_with_its_line(path: Path) -> None:
    """The error names the line at fault, shows it, and says what to do."""
    text = path.read_bytes().decode()
    expected = path.with_suffix(".error").read_text(encoding="utf-8")
    for saved in (text, text.replace("\n", "\r\n")):
        with pytest.raises(PostError) as caught:
            parse(saved)
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
    content = re.sub(r"\{% (end)?raw %\}\n", "", text[text.index("---\n", 4) + 4 :])
    html = subprocess.run(
        ["ruby", "-e", TO_HTML], input=content, capture_output=True, check=True, text=True
    ).stdout
    code = _Code()
    code.feed(html)
    # kramdown shows an empty block as an empty line
    assert [cell.code or "\n" for cell in _cells(text)] == code.blocks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter\n\n```python\nx\n```\n",
        "---\ntitle: plain\n---\n\n```python\nx\n```\n{: .hide-ouput}\n",
    ],
)
def test_a_post_without_a_kernel_is_not_executable(text: str) -> None:
    """Nothing in it is read, so nothing in it can be a mistake."""
    assert parse(text) is None


def test_the_cells_are_those_in_the_language_of_the_kernel() -> None:
    """The word on the fences is the language of the kernelspec."""
    text = "---\njupyter: {kernelspec: {name: bash, language: bash}}\n---\n```bash\nls\n```\n"
    post = _parsed(text + "```python\nx\n```\n")
    assert ("bash", "bash") == (post.kernel, post.language)
    assert ["ls\n"] == [cell.code for cell in post.cells]


def test_lone_carriage_returns_end_lines_too() -> None:
    """A post with the line endings of old Macs is read like any other."""
    text = f"{HEADER}\n```python\nx = 1\ny = 2\n```\n\nend <span data-value='x'>1</span>\n"
    assert _description(text) == _description(text.replace("\n", "\r"))


def test_a_cell_has_the_line_endings_of_its_fence(read: Callable[[str], Post]) -> None:
    """In a file with mixed line endings, output gets those of its cell."""
    post = read("```python\r\nx\r\n```\r\n\n```python\ny\n```\n")
    assert ["\r\n", "\n"] == [cell.newline for cell in post.cells]


def test_raw_blocks_protect_code(read: Callable[[str], Post]) -> None:
    """Inside a raw block braces are text; a region below `endraw` is outside of it."""
    post = read(
        "{% raw %}\n```python\n'{{ x }}'\n```\n{% endraw %}\n\n{%- raw -%}\n```python\n'{%'\n```\n"
    )
    assert [True, True] == [cell.in_raw for cell in post.cells]
    assert [False, True] == [cell.region_in_raw for cell in post.cells]


def test_a_transcluded_cell_may_hold_braces(read: Callable[[str], Post]) -> None:
    """Its source is checked instead, where the text can be edited."""
    post = read('```python\n"{{ x }}"\n```\n{: data-source="m:f"}\n')
    assert "m:f" == post.cells[0].options.source


@pytest.mark.parametrize("before", ["text", "# heading", "[a]: /b"])
def test_a_cell_may_follow_any_block_directly(read: Callable[[str], Post], before: str) -> None:
    """A fence needs no empty line above it; kramdown takes one into a list or quote, though."""
    (cell,) = read(f"{before}\n```python\nx\n```\n").cells
    assert (5, "", "x\n") == (cell.line, cell.prefix, cell.code)


@pytest.mark.parametrize(("indent", "found"), [(" " * 3, True), (" " * 4, False), ("\t", False)])
def test_lines_that_are_indented_as_code_are_not_a_cells(
    read: Callable[[str], Post], indent: str, *, found: bool
) -> None:
    """Neither options nor an output region may be indented by four columns or more."""
    (cell,) = read(f"```python\nx\n```\n{indent}{{: #a}}\n").cells
    assert ("a" if found else "cell-1") == cell.name
    region = f"{indent}<!-- output -->\n{indent}<!-- /output -->\n"
    (cell,) = read(f"```python\nx\n```\n\n{region}").cells
    assert found == (cell.region.start < cell.region.end)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("output", ["", "<p>1</p>\n"])
@pytest.mark.parametrize("rest", ["", "\n", "\n\nText\n"])
def test_without_its_region_a_post_is_as_it_was_before(
    read: Callable[[str], Post], newline: str, output: str, rest: str
) -> None:
    """At the end of a text without a final newline, the newline above goes with the region."""
    cell = "```python\nx\n```"
    region = f"\n<!-- output -->\n{output}<!-- /output -->"
    post = read(f"{cell}{region}{rest}".replace("\n", newline))
    bare = splice(post.text, [(post.cells[0].region, "")])
    assert bare.removeprefix(HEADER) == f"{cell}{rest}".replace("\n", newline)


def test_the_attribute_list_is_kept_as_written(read: Callable[[str], Post]) -> None:
    """Digests are those of the text between the braces; a cell without a list has none."""
    post = read("```python\nx\n```\n{:  #a .own }\n\n```python\ny\n```\n")
    assert ["#a .own", ""] == [cell.options_text for cell in post.cells]


def test_headings_are_found_at_their_lines(read: Callable[[str], Post]) -> None:
    """Both kinds of heading count, a comment in code does not."""
    post = read("# One *two*\n\n```python\n# code\n```\n\nThree\n-----\n")
    headings = [(heading.line, heading.text, heading.name) for heading in post.headings]
    assert [(4, "One *two*", "one-two"), (10, "Three", "three")] == headings


def test_fences_that_kramdown_reads_as_a_paragraph_are_named(read: Callable[[str], Post]) -> None:
    """More than one word after a fence makes it text for kramdown."""
    post = read("```python title\nx\n```\n\n~~~ a b\n~~~\n\n```python\n```\n")
    assert [4, 8] == [notice.line for notice in post.notices]


def test_a_file_is_parsed_under_its_path(blog: Path) -> None:
    """Errors name the path relative to the site; a file without a kernel is not a post."""
    path = blog / "_posts" / "a.md"
    path.write_text(f"{HEADER}```python\n", encoding="utf-8")
    with pytest.raises(PostError, match=r"^_posts/a\.md:4: this code block is not closed"):
        read_post(Site(blog), path)
    path.write_text("---\ntitle: x\n---\n", encoding="utf-8")
    assert read_post(Site(blog), path) is None


def test_a_comment_without_an_end_is_refused_above_a_cell(read: Callable[[str], Post]) -> None:
    """The markers of an output would end it, and the cell would vanish from the page."""
    with pytest.raises(PostError) as error:
        read("text\n\n<!-- a note\n\n```python\n1\n```\n")
    assert "post:6: this comment has no end" in str(error.value)
    assert 1 == len(read("```python\n1\n```\n\n<!-- a note\n").cells)
    assert 1 == len(read("text\n<!-- a note\n\n```python\n1\n```\n").cells)


def test_what_is_below_a_line_of_attributes_starts_a_block(read: Callable[[str], Post]) -> None:
    """As in kramdown, where such a line is no text that a comment or list could go on."""
    inside = "<!--\n\n```python\n2\n```\n\n-->\n"
    assert 1 == len(read("```python\n1\n```\n{: #one}\n" + inside).cells)


def test_a_tag_of_a_value_that_is_not_closed_is_refused(read: Callable[[str], Post]) -> None:
    """Whatever comes below: the output of a cell would end it."""
    with pytest.raises(PostError, match="this value cannot be read"):
        read("A <span data-value\n\n```python\n1\n```\n")


def test_a_cell_may_be_in_a_fold_of_the_authors(read: Callable[[str], Post]) -> None:
    """`markdown="1"` is what kramdown needs for that; the fold ends below the output."""
    post = read(
        '<details markdown="1"><summary>Code</summary>\n\n```python\nx\n```\n{: #a}\n'
        f"{START}\n<p>1</p>\n\n{END}\n\n</details>\n"
    )
    (cell,) = post.cells
    assert ("a", ()) == (cell.name, post.notices)
    assert f"{START}\n<p>1</p>\n\n{END}\n" == post.at(cell.region)
