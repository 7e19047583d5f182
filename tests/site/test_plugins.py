"""The site's plugin, a module at a time: HTML in, HTML out."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from .conftest import PATH, ROOT
from .test_colours import contrast

pytestmark = pytest.mark.slow

PLUGIN = """
require "bundler/setup"
require "jekyll"
require "json"
require "./_plugins/filters"
include Blog
Site = Struct.new(:config, :data, :source, :posts)
Posts = Struct.new(:docs)
Post = Struct.new(:data, :url, :relative_path)
PARTS = (1..3).map do |n|
  Post.new({ "series" => "s", "part" => n, "title" => "P" }, "/p#{n}/", "_posts/p#{n}.md")
end
SITE = Site.new({ "baseurl" => "/b" }, {}, Dir.pwd, Posts.new(PARTS))
PAGE = Page.new(SITE, { "series" => "s", "part" => 2, "jupyter" => true, "slug" => "p" })

$stdin.each_line do |line|
  code, text = JSON.parse(line)
  output, input = IO.pipe
  pid = fork do
    [$stdout, $stderr].each { |stream| stream.reopen(input) }
    scope = TOPLEVEL_BINDING.dup
    scope.local_variable_set(:text, text)
    scope.local_variable_set(:body, Blog.fragment(text))
    scope.eval(code)
  end
  input.close
  printed = output.read
  $stdout.puts JSON.generate([Process.wait2(pid)[1].success?, printed])
  $stdout.flush
end
"""
"""Loads the plugin once, and runs each piece of code in a process that is forked for it."""


@cache
def plugin() -> subprocess.Popen[str]:
    """That program, started when it is first needed; it ends when its input does."""
    pipe = subprocess.PIPE
    environment = os.environ | {"PATH": PATH, "LC_ALL": "C.UTF-8"}
    command = ["ruby", "-e", PLUGIN]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)


@pytest.fixture(scope="module", autouse=True)
def _ends() -> Iterator[None]:
    """End that program after the last test of this file."""
    yield
    with plugin():
        plugin.cache_clear()


def ruby(code: str, text: str = "") -> str:
    """What some Ruby prints, with the plugin's modules loaded and `text` parsed as `body`."""
    process = plugin()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([code, text]) + "\n")
    process.stdin.flush()
    succeeded, printed = json.loads(process.stdout.readline())
    assert succeeded, printed
    return str(printed)


def changed(call: str, text: str) -> str:
    """A piece of a page after a call of the plugin."""
    return ruby(f"{call}; print Blog.html(body)", text)


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("<p>In Part I.</p>", '<p>In <a href="/b/p1/">Part I</a>.</p>'),
        (
            "<p>Parts I and III tell</p>",
            '<p>Parts <a href="/b/p1/">I</a> and <a href="/b/p3/">III</a> tell</p>',
        ),
        ("<p>This is Part II, Part 3</p>", '<p>This is Part II, <a href="/b/p3/">Part 3</a></p>'),
        ("<p>Part IX, and Parts of it</p>", "<p>Part IX, and Parts of it</p>"),
        ("<h2>Part I</h2>", "<h2>Part I</h2>"),
        ('<p><a href="x">Part I</a></p>', '<p><a href="x">Part I</a></p>'),
        ("<p><code>Part I</code></p>", "<p><code>Part I</code></p>"),
        ("<p>a &lt; b, Part I</p>", '<p>a &lt; b, <a href="/b/p1/">Part I</a></p>'),
    ],
)
def test_mentions_of_other_parts_are_links(prose: str, expected: str) -> None:
    """«Part I» in prose leads to that part; in headings, links and code it stays as it is."""
    assert changed("Parts.link(body, PAGE)", prose) == expected


EXERCISE = """<h2 id="exercises">Exercises</h2>
<p><strong>1. One.</strong> Ask.</p>
<div class="language-python hide-input highlighter-rouge"><div class="highlight">
<pre class="highlight"><code>a = 1
</code></pre></div></div>
<details class="output-fold"><summary>Output</summary><pre class="output stdout">1</pre></details>
<p>The answer in words.</p>
<div class="language-python hide-input highlighter-rouge"><div class="highlight">
<pre class="highlight"><code>b = 1
</code></pre></div></div>
<p><strong>2. Two.</strong> Only a question.</p>
<h2>After</h2><p>end</p>"""
"""An exercise with a solution of two cells and some words, and one without."""


def test_an_exercise_has_one_fold() -> None:
    """All of a solution is in one fold, in which nothing is folded again; questions stay open."""
    html = changed("Exercises.fold(body)", EXERCISE)
    (fold,) = re.findall(r'<details class="solution">.*?</details>', html, re.DOTALL)
    assert fold.startswith(
        '<details class="solution"><summary>Solution<span class="visually-hidden">'
    )
    for inside in ("a = 1", '<pre class="output stdout">1</pre>', "answer in words", "b = 1"):
        assert inside in fold
    assert "hide-input" not in html
    assert "output-fold" not in html
    assert "Only a question" not in fold


TABLE = """<table><thead>
<tr><th>model</th><th>accuracy (%)</th><th>error</th><th>note</th></tr></thead>
<tr><th>one</th><td>98.37 ± 0.25</td><td>1.2</td><td>a</td></tr>
<tr><th>two</th><td>99.40 ± 0.15</td><td>0.6</td><td>one run</td></tr>
<tr><th>three</th><td>97</td><td>3.0</td><td>2 runs</td></tr></table>"""


def test_columns_of_numbers_are_named_and_their_best_is_marked() -> None:
    """A column of numbers has a class; the highest accuracy and the lowest error are strong."""
    html = changed("Tables.prepare(body)", TABLE)
    assert html.startswith('<div class="table-scroll"><table class="n2 n3">')
    assert re.findall("<strong>(.*?)</strong>", html) == ["99.40 ± 0.15", "0.6"]


def columns(heads: str, *rows: str) -> str:
    """A table of cells that are separated by bars, after the plugin."""
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row.split("|")) + "</tr>" for row in rows
    )
    head = "".join(f"<th>{cell}</th>" for cell in heads.split("|"))
    table = f'<table class="dataframe"><thead><tr>{head}</tr></thead>{body}</table>'
    return changed("Tables.prepare(body)", table)


@pytest.mark.parametrize(
    "number",
    [
        *(
            "12",
            "407,050",
            "98.37 ± 0.25",
            "97.89 to 98.60",
            "0.56 (0.20)",
            "+0.51",
            "\N{MINUS SIGN}0.13",
        ),
        *("-0.3 to \N{MINUS SIGN}0.1", "12 s", "98 %", "4 (1) %"),
    ],
)
def test_numbers_with_a_range_are_numbers(number: str) -> None:
    """An interval, a second number in brackets, a sign and a unit make a column of numbers."""
    assert 'class="dataframe n1"' in columns("x|y", f"{number}|a", f"{number}|b")


@pytest.mark.parametrize("words", ["99.1, one run of 50 epochs", "3 of 4", "1 to many", "(2)"])
def test_words_about_numbers_are_words(words: str) -> None:
    """A cell that says more than a number is text."""
    assert 'class="dataframe"' in columns("x|y", f"{words}|a", f"{words}|b")


@pytest.mark.parametrize(
    ("head", "cells", "best"),
    [
        ("negative log-likelihood", ["0.060", "0.042", "0.024"], "0.024"),
        ("training (s)", ["8", "11", "53"], "8"),
        ("calibration error (floor)", ["0.56 (0.20)", "0.22 (0.22)", "0.18 (0.14)"], "0.18 (0.14)"),
        ("loss", ["-0.3", "\N{MINUS SIGN}0.5", "0.1"], "\N{MINUS SIGN}0.5"),
        ("right", ["1", "3", "2"], "3"),
        ("brightness", ["1", "3", "2"], None),
        ("log-likelihood", ["1", "3", "2"], None),
        ("95 % interval", ["1 to 2", "2 to 3", "3 to 4"], None),
    ],
)
def test_the_best_of_a_column(head: str, cells: list[str], best: str | None) -> None:
    """The heading says which direction is good, signs count, and nothing is marked without it."""
    strong = re.findall("<strong>(.*?)</strong>", columns(head, *cells))
    assert strong == ([best] if best else [])


def test_tables_of_code_are_not_tables_of_numbers() -> None:
    """The table that Rouge makes of numbered lines stays as it is."""
    html = (
        '<div class="highlight"><table><tbody><tr><td>1</td><td>x</td></tr></tbody></table></div>'
    )
    assert changed("Tables.prepare(body)", html) == html


def test_numbered_lines_are_beside_the_code() -> None:
    """Rouge's table of numbered lines becomes two blocks: the numbers are apart from the code."""
    html = (
        '<figure class="highlight"><pre><code><table class="rouge-table"><tbody><tr>'
        '<td class="gutter gl"><pre class="lineno">1\n2\n</pre></td>'
        '<td class="code"><pre>a = 1\nb = 2\n</pre></td></tr></tbody></table></code></pre></figure>'
    )
    assert changed("Code.new(body, PAGE).prepare", html) == (
        '<figure class="highlight"><div class="numbered">'
        '<pre class="gutter" aria-hidden="true">1\n2\n</pre>'
        '<pre class="highlight"><code>a = 1\nb = 2\n</code></pre></div></figure>'
    )


def test_lines_that_kramdown_numbers_are_beside_the_code() -> None:
    """A numbered block stays a block: it folds, and its code is what a reader copies."""
    markdown = "```python\na = 1\nb = 2\n```\n{: .hide-input}\n"
    html = ruby(
        "html = Kramdown::Document.new(text, input: 'GFM', syntax_highlighter: 'rouge', "
        "syntax_highlighter_opts: { block: { line_numbers: true } }).to_html;"
        "body = Blog.fragment(html); Code.new(body, PAGE).prepare; print Blog.html(body)",
        markdown,
    )
    assert '<pre class="gutter" aria-hidden="true">1\n2\n</pre><pre><code>a = 1\nb = 2' in html
    assert "<table" not in html
    assert "<summary>Code <span>2 lines</span></summary>" in html


def test_blocks_have_the_names_of_what_they_define() -> None:
    """What a reader's own fold is called stands on the block, unless that is its id or folded."""
    html = BLOCK.format("steps", "def one(): ...\nclass Two: ...\n")
    assert 'data-title="one, Two"' in changed("Code.new(body, PAGE).prepare", html)
    same = BLOCK.format("one", "def one(): ...\n")
    folded = html.replace("highlighter-rouge", "hide-input highlighter-rouge", 1)
    solution = f'<details class="solution">{html}</details>'
    for block in (same, folded, solution, BLOCK.format("steps", "x = 1\n")):
        assert "data-title" not in changed("Code.new(body, PAGE).prepare", block)


FOLD = (
    '<div class="language-python hide-input highlighter-rouge"><div class="highlight">'
    '<pre class="highlight"><code>{}</code></pre></div></div>'
)


def test_an_f_string_is_one_token_with_what_it_puts_in() -> None:
    """Its pieces are joined over what stands in braces, and over nothing else."""
    pieces = '<span class="sa">f</span><span class="s">"a </span><span class="si">{</span>'
    pieces += '<span class="n">b</span><span class="p">:</span><span class="mf">.1f</span>'
    pieces += '<span class="si">}</span><span class="s">"</span> + <span class="s">"c"</span>'
    html = changed("Code.new(body, PAGE).prepare", FOLD.format(pieces))
    assert '<code>f<i>"a {b:.1f}"</i> + <i>"c"</i></code>' in html


@pytest.mark.parametrize(("lines", "kept"), [(19, True), (20, False)])
def test_long_folds_have_no_colours(lines: int, *, kept: bool) -> None:
    """A fold of two dozen lines is for pasting: its text is all that it has."""
    code = '<span class="k">pass</span>\n' * lines
    html = changed("Code.new(body, PAGE).prepare", FOLD.format(code))
    assert ("<b>pass" in html) == kept
    assert html.count("pass") == lines


BLOCK = (
    '<div class="language-python highlighter-rouge" id="{}"><div class="highlight">'
    '<pre class="highlight"><code>{}</code></pre></div></div>'
)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("x = 1\n", "<var>steps</var>"),
        ("def one():\n    def inner(): ...\n", "<var>one</var>"),
        ("class A: ...\nasync def b(): ...\n", "<var>A</var>, <var>b</var>"),
        ("def a(): ...\n" * 4, "<var>a</var>, <var>a</var> and 2 more"),
    ],
)
def test_folds_are_named_by_what_they_hold(code: str, title: str) -> None:
    """A fold has the names of its functions and classes, or of its cell."""
    html = BLOCK.format("steps", code)
    assert ruby("print Code.title(Code.blocks(body).first)", html) == title


def test_numbers_lead_to_the_cell_above() -> None:
    """A number links to the last executed cell above it, which gets an id if it has none."""
    skipped = BLOCK.format("no", "n = 2\n").replace(
        "highlighter-rouge", "skip-execution highlighter-rouge"
    )
    value = '<p><span data-value="n">1</span></p>'
    html = value + BLOCK.format("training", "n = 1\n") + skipped + value
    links = re.findall('<a href="(.*?)">1</a>', changed("Values.link(body, PAGE)", html))
    assert links == ["#training"]
    html = BLOCK.format("", "n = 1\n").replace(' id=""', "") + value
    html = changed("Values.link(body, PAGE)", html)
    assert 'id="cell-1"' in html
    assert 'href="#cell-1"' in html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(("98.37 ± 0.25", False), ("1,235 MiB", False), ("12 min 3 s", False), ("1 of 10", False)),
        *(("0.5 to 0.75 pp of 10,000", False), ("bfloat16", False), ("Adam", False)),
        *(("a or b", True), ("Adam, SGD", True), ("no dropout", True), ("batches of 128", True)),
        ("fused optimiser, batches of 128, no dropout", True),
    ],
)
def test_a_value_that_is_words_may_wrap(text: str, words: bool) -> None:
    """A number may not, however long: it has digits, and no word that is longer than a unit."""
    assert ruby(f"print Values.words?({json.dumps(text)})") == str(words).lower()


def test_the_contents_are_a_list_without_classes_of_entries() -> None:
    """Whatever level jekyll-toc names; the list keeps its own id and class, and its links."""
    entry = '<li{}><a href="#a">A &amp; B</a>{}</li>'
    level = ' class="toc-entry toc-h{}"'.format
    page = '<ul id="toc-list" class="toc-list">\n{}</ul>'.format
    inner = "\n<ul>\n{}\n</ul>\n".format
    given = page(entry.format(level(2), inner(entry.format(level(4), ""))))
    expected = page(entry.format("", inner(entry.format("", ""))))
    assert ruby("print Contents.prepare(text)", given) == expected


def test_words_wrap_and_numbers_do_not() -> None:
    """A value that is a list of names is as wide as a phone."""
    value = '<p><span data-value="n">{}</span></p>'
    for text, wraps in (("98.37 \u00b1 0.25", False), ("one thing, another, a third", True)):
        html = changed("Values.link(body, PAGE)", BLOCK.format("a", "n = 1\n") + value.format(text))
        assert wraps == ('class="words"' in html)


def test_blocks_follow_one_another() -> None:
    """There is one line end between two of them; code keeps its own."""
    html = "<p>a</p>\n\n\n<p>b <i>c</i> <b>d</b></p>\n\n<pre><b>e</b>\n\n<i>f</i></pre>\n"
    expected = "<p>a</p>\n<p>b <i>c</i> <b>d</b></p>\n<pre><b>e</b>\n\n<i>f</i></pre>\n"
    assert expected == changed("Prose.join_blocks(body)", html)


def test_the_message_of_a_traceback_is_marked() -> None:
    """The last line of a traceback is an element of its own; the text is unchanged."""
    pre = '<pre class="output error">Traceback\n  <b>line</b>\n<i>TypeError</i>: no &lt;x&gt;</pre>'
    html = changed("Prose.messages(body)", pre)
    assert '\n<span class="message"><i>TypeError</i>: no &lt;x&gt;</span></pre>' in html
    assert re.sub("</?span.*?>", "", html) == pre


@pytest.mark.parametrize("text", ["\n\nfirst line is empty", "\n", "", "a\nb"])
def test_code_keeps_its_line_breaks(text: str) -> None:
    """Whatever a `pre` begins with, a browser shows the same after the plugin."""
    shown = text.removeprefix("\n")
    assert ruby("print body.at_css('pre').text", f"<pre>{text}</pre>") == shown
    again = changed("nil", f"<pre>{text}</pre>")
    assert ruby("print body.at_css('pre').text", again) == shown


@pytest.fixture(scope="module")
def formulas() -> str:
    """Formulas in prose and between, as kramdown and the plugin convert them."""
    prose = "Inline $$a_1 < b^2$$ here.\n\n$$\\frac{1}{n} \\sum_i x_i$$\n\nBad: $$a^b^c$$.\n"
    return ruby("print Kramdown::Document.new(text, input: 'GFM').to_html", prose)


def test_formulas_are_mathml(formulas: str) -> None:
    """A formula in a sentence is inline, one on its own is a block, and both keep their TeX."""
    assert '<math alttext="a_1 &lt; b^2" display="inline">' in formulas
    assert (
        '<p class="formula"><math alttext="\\frac{1}{n} \\sum_i x_i" display="block">' in formulas
    )
    assert "<mfrac>" in formulas
    assert "$" not in formulas
    assert "\\(" not in formulas


def test_a_formula_with_an_error_shows_its_tex(formulas: str) -> None:
    """What cannot be converted is shown as it was written, and stops no build."""
    assert '<code class="tex">a^b^c</code>' in formulas


FIGURES = sorted((ROOT / "assets/images").glob("mnist*/*.svg"))
"""The figures of the posts."""


def themed(path: Path) -> str:
    """A figure as it is published."""
    return ruby(f"print Drawing.themed(File.read({str(path)!r}))")


@pytest.mark.parametrize("path", FIGURES[:2], ids=lambda path: path.stem)
def test_figures_have_both_renderings_in_one_file(path: Path) -> None:
    """Every colour of a figure is a property with a light value, its own, and a dark one."""
    svg = themed(path)
    drawn = set(re.findall(r"(?<=: )#[0-9a-f]{6}\b", path.read_text(encoding="utf-8")))
    used = set(re.findall(r"var\(--([0-9a-f]{6})\)", svg))
    assert {colour[1:] for colour in drawn} == used
    light, dark = svg.split("@media(prefers-color-scheme:dark)", 1)
    for colour in used:
        assert f"--{colour}:#{colour}" in light
        assert f"--{colour}:#" in dark
    assert not re.search(r'style="[^"]*#[0-9a-f]{6}', svg)


def test_every_colour_of_the_figures_is_seen_in_the_dark() -> None:
    """Lines and marks have 3:1 on the dark card, type 7:1; white becomes the card itself."""
    settings = (ROOT / "matplotlibrc").read_text(encoding="utf-8")
    cycle = re.findall(r'"([0-9A-F]{6})"', settings)
    assert len(set(cycle)) == 10
    colours = [*(f"#{colour.lower()}" for colour in cycle), "#666666", "#333333", "#ffffff"]
    code = f"print {json.dumps(colours)}.map {{ |c| Drawing.dark(c) }}.to_json"
    *marks, text, card = json.loads(ruby(code))
    assert card == "#1b1e22"
    assert {mark: contrast(mark, card) for mark in marks if contrast(mark, card) < 3} == {}
    assert contrast(text, card) >= 7


@pytest.mark.parametrize(
    ("html", "minutes"),
    [
        ("<p>one</p>", 1),
        ("<p>" + "word " * 500 + "</p>", 5),
        ("<p>" + "word " * 500 + "</p>" + BLOCK.format("open", "x = 1\n" * 20), 7),
        (
            "<p>" + "word " * 500 + "</p><details><p>" + "word " * 500 + "</p></details>"
            '<pre class="output stdout">' + "printed\n" * 90 + "</pre>"
            '<div class="hide-input highlighter-rouge"><pre>' + "x = 1\n" * 90 + "</pre></div>",
            5,
        ),
    ],
    ids=["short", "prose", "code", "folded"],
)
def test_open_code_takes_time_to_read(html: str, minutes: int) -> None:
    """Words and lines of open code are read; folds and outputs are not."""
    code = "print Reading.minutes(text, words_per_minute: 100, code_lines_per_minute: 10)"
    assert ruby(code, html) == str(minutes)


def test_a_search_index_knows_what_is_folded() -> None:
    """A section's prose and open code are one text, its folded code is another; outputs are not."""
    folded = BLOCK.format("f", "secret = 1\n").replace(
        "highlighter-rouge", "hide-input highlighter-rouge", 1
    )
    html = f'<p>top</p><h2 id="a">A &amp; B</h2><p>words</p>{BLOCK.format("o", "open = 1")}'
    html += f'<pre class="output stdout">printed</pre>{folded}'
    sections = json.loads(ruby("print Search.sections(Blog.html(body)).to_json", html))
    assert sections == [
        ["", "", "top", ""],
        ["a", "A & B", "words open = 1", "secret = 1"],
    ]
