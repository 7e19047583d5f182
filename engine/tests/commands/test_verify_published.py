"""What was changed together with its digest in the record: a rerun knows better."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import write
from runs import shown_text
from toysite import HEADER

from post_builder.cli import main
from post_builder.document.figure_tag import FigureTag
from post_builder.document.parsing.parser import parse
from post_builder.files import digest
from post_builder.freshness.digests import published_digest, value_digests
from post_builder.rendering.downloads import make_downloads
from post_builder.rendering.markup.block import figure_block
from post_builder.rendering.regions.published import ForeignMarkupError, kinds_of
from post_builder.site import open_site

pytestmark = pytest.mark.usefixtures("forked_kernels")

NAME = "_posts/2020-01-01-a.md"
RECORD = "_data/builds/a.json"
FIGURE = "assets/images/a/plot.svg"
HIDDEN = shown_text('<span class="hidden">now</span>')
FOLD = '<details class="output-fold"><summary>Output</summary>\n\n'
CELLS = """\
```python
print("now")
```
{: #now .nbval-ignore-output}

```python
from IPython.display import SVG
size = 'xmlns="http://www.w3.org/2000/svg" width="9" height="9"'
SVG(f'<svg {size}><title>A</title><path d="M0 0H9"/></svg>')
```
{: #plot data-alt="A line"}

```python
print("<script>run()</script>", "{" * 2 + " site.title " + "}" * 2)
print(f"[00:05<00:00, 12.3it/s, loss={2 - 1}]")
print(f"Wall time: {2 + 3} ms")
digest, bold = ("01234567" * 4, "*bold*")
```
{: #shown}

A digest is <span data-value="digest">?</span>, a word <span data-value="bold">?</span>.

```python
from IPython.display import HTML
HTML(f"<a href='https://a.example/{digest}'>a</a> {digest} &lt;{bold[1]}&gt;c")
```
{: #html}

```python
print("first", "", "\\x1b[1mlast", sep="\\n")
```
{: #lines}

```python
1 / 0
```
{: #kept .stored-output}
<!-- output -->
STORED

<!-- /output -->

```pycon
>>> digest[:1] + "<"
```
{: #session}
""".replace("STORED", shown_text("kept"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a built site."""
    root = tmp_path_factory.mktemp("made")
    write(root, "_config.yml", "title: A\n")
    write(root, NAME, HEADER + CELLS)
    assert main(["build", "--site", str(root)]) == 0
    files = (NAME, RECORD, FIGURE, "assets/notebooks/a.ipynb", "assets/notebooks/a.py")
    return {name: root.joinpath(name).read_bytes() for name in ("_config.yml", *files)}


@pytest.fixture
def site(made: dict[str, bytes], tmp_path: Path) -> Path:
    """Return the root of the built site."""
    for name, data in made.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def tamper(site: Path, name: str, before: str, after: str) -> None:
    """Change a file, and the record so that it agrees."""
    path, record = site / name, site / RECORD
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    known = json.loads(record.read_text(encoding="utf-8"))
    for made in ("figures", "downloads"):
        known[made] = {path: digest((site / path).read_bytes()) for path in known[made]}
    changed = (site / NAME).read_text(encoding="utf-8")
    post = parse(changed, NAME)
    assert post is not None
    known["values"] = value_digests(post)
    for cell, entry in zip(post.cells, known["cells"], strict=True):
        entry["region"] = published_digest(post.at(cell.region), cell.session)
    known["text"] = digest(changed)
    record.write_text(json.dumps(known), encoding="utf-8")


def findings(site: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """Return what `check` finds."""
    capsys.readouterr()
    main(["check", *options, "--site", str(site), "--json"])
    return [f"{f['message']} {f['hint']}".strip() for f in json.loads(capsys.readouterr().out)]


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        (
            NAME,
            shown_text("now"),
            '<div class="output html"><img src=x onerror=alert(1)></div>',
            (
                "no build wrote this into the output of cell now"
                ' <div class="output html"><img src=x onerror=alert(1)></div>'
            ),
        ),
        (
            NAME,
            shown_text("now"),
            '<div class="output html"><b>Buy</b></div>',
            "the output of cell now has another form html → stdout",
        ),
        (
            NAME,
            shown_text("kept"),
            '<div class="output html"><p onclick="a">kept</p></div>',
            (
                "no build wrote this into the output of cell kept"
                ' <div class="output html"><p onclick="a">kept</p></div>'
            ),
        ),
        (
            NAME,
            shown_text("now"),
            f"{FOLD}{shown_text('now')}\n\n</details>",
            f"no build wrote this into the output of cell now {FOLD.strip()}",
        ),
        (
            NAME,
            shown_text("now"),
            f'<p class="output stored">Run by hand.</p>\n{shown_text("now")}',
            "the output of cell now has another form stored, stdout → stdout",
        ),
        (
            NAME,
            shown_text("now"),
            HIDDEN,
            (f"no build wrote this into the output of cell now {HIDDEN[:80]}"),
        ),
        (
            FIGURE,
            "<title>A</title>",
            "<title>B</title>",
            f"{FIGURE}: looks the same, and is not: 'B' → 'A'",
        ),
        (
            FIGURE,
            "<title>A</title>",
            "<script>alert(1)</script>",
            f"{FIGURE} holds what no build leaves in a figure",
        ),
        (
            "assets/notebooks/a.py",
            'print("now")',
            'import os; os.system("…")',
            "assets/notebooks/a.py is not what a build makes of this post",
        ),
        (
            "assets/notebooks/a.ipynb",
            "now",
            "then",
            "assets/notebooks/a.ipynb is not what a build makes of this post",
        ),
    ],
)
def test_what_a_record_covers_up_is_found(  # noqa: PLR0913, PLR0917  # two texts, what is said
    site: Path, capsys: pytest.CaptureFixture[str], name: str, before: str, after: str, found: str
) -> None:
    """A plain check believes the record; a rerun does not."""
    tamper(site, name, before, after)
    assert [] == findings(site, capsys)
    assert [found] == findings(site, capsys, "--execute")


DIGEST = "01234567" * 4


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("&lt;script&gt;run()&lt;/script&gt;", "<script>run()</script>", "output of cell shown"),
        ("&#123;&#123; site.title &#125;&#125;", "{{ site.title }}", "output of cell shown"),
        ("00:05&lt;00:00, 12.3it/s", "00:05<script>run()</script>", "output of cell shown"),
        ("12.3it/s, loss=1]", "12.3it/s, buy at b.example]", "output of cell shown"),
        ("Wall time: 5 ms", "Wall time: buy at b.example", "output of cell shown"),
        (f"{DIGEST}</span>", f"{'89abcdef' * 4}</span>", "value digest"),
        ("&#42;bold&#42;", "*bold*", "value bold"),
        (f"a.example/{DIGEST}", f"a.example/{'89abcdef' * 4}", "output of cell html"),
        (f"</a> {DIGEST}", f"</a> {'89abcdef' * 4}", "output of cell html"),
        ("&lt;b&gt;c", "<b>c</b>", "output of cell html"),
        ("'0<'", "'0&lt;'", "a result in session session"),
        ("bold&#42;</span>", "bold&#42;\u3000</span>", "value bold: "),
        ("&#42;bold", "&#x2a;bold", "value bold: no build wrote it so"),
        ("first\n&#10;", "first\n \n", "no build wrote this into the output of cell lines"),
        (
            'class="ansi-bold">last',
            'class="hidden">last',
            "output of cell lines differs",
        ),
    ],
)
def test_an_output_that_only_a_page_shows_otherwise_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, found: str
) -> None:
    """Markup in place of a text that looks like it; what passes for a time, or for a random id."""
    tamper(site, NAME, before, after)
    post = parse((site / NAME).read_text(encoding="utf-8"), NAME)
    assert post is not None
    downloads = make_downloads(post, open_site(site), "a")
    for path, data in downloads.items():
        site.joinpath(path).write_bytes(data)
    tamper(site, NAME, after, after)
    assert [] == findings(site, capsys)
    assert findings(site, capsys, "--execute")[0].startswith(found)


def test_measured_times_and_random_ids_may_differ(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can say which ones a build saw."""
    tamper(site, NAME, "00:05&lt;00:00, 12.3it/s", "01:02&lt;?, 3s/it")
    tamper(site, NAME, "Wall time: 5 ms", "Wall time: 1min 2e+02 µs")
    assert [] == findings(site, capsys, "--execute")


def test_an_ignored_output_may_say_something_else(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is what the mark is for."""
    tamper(site, NAME, ">now</pre>", ">some &lt;other&gt; time</pre>")
    assert [] == findings(site, capsys, "--execute")


ADDRESS = "{{ '/a.json' | relative_url }}"
CHART = (
    f'<figure class="output chart" data-chart="vega" data-src="{ADDRESS}"'
    ' data-library="{{ \'/assets/js/vega.min.js\' | relative_url }}" data-height="300">'
    f'<div role="img" aria-label="a"><p>a</p><p><a href="{ADDRESS}">The chart as data</a></p></div>'
    "<script src=\"{{ '/assets/js/post-builder.js' | relative_url }}\" defer></script></figure>"
)


def test_a_chart_is_known() -> None:
    """As builds write it."""
    assert ["chart"] == list(kinds_of(CHART, "", (), str))


@pytest.mark.parametrize(
    "content",
    [
        shown_text("a<script>b</script>"),
        shown_text("{{ site.title }}"),
        shown_text("a\n\nb"),
        '<pre class="output stdout" onclick="a">a</pre>',
        '<div class="output html"><p style="position: fixed">a</p></div>\n',
        '<div class="output html"><a href="javascript:a">a</a></div>\n',
        '<div class="output html"><b style="font-size: 99px">a</b></div>\n',
        CHART.replace("a.json' | relative_url }}\">The", "b.html' | relative_url }}\">The"),
        CHART.replace("The chart as data", "Buy"),
        CHART.replace('"300"', '"30000"'),
        CHART.replace("post-builder.js", "other.js"),
        CHART.replace("vega.min.js", "other.js"),
        figure_block(FigureTag("/a.svg", "a", width=30_000, height=9)),
        '<div class="output html"><img src="https://a.example/b.png"></div>\n',
        '<div class="output html"><p id="a">a</p></div>\n',
        '<div class="output html">a</div>\n\nprose',
        '{% include figure image_path="/a.svg" alt="a" caption="[a](https://a.example)" %}',
        "{% include other.html %}",
        "prose",
        '<iframe src="https://a.example"></iframe>',
        '<p class="output stored">a <b>b</b></p>',
    ],
)
def test_markup_that_no_build_writes_is_foreign(content: str) -> None:
    """Whatever is not exactly as the engine writes it."""
    with pytest.raises(ForeignMarkupError):
        list(kinds_of(content, "", (), str))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("_config.yml", b"title: A\nkramdown: {parse_block_html: true}\n"),
        (NAME, (HEADER + CELLS).replace("\n", "\r\n").encode()),
    ],
    ids=["HTML that is read as Markdown", "line ends of Windows"],
)
def test_an_untouched_site_has_no_drift(
    site: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes
) -> None:
    """Whatever keeps kramdown out of outputs, and however lines end."""
    site.joinpath(name).write_bytes(data)
    assert main(["build", "--force", "--site", str(site)]) == 0
    assert [] == findings(site, capsys)
    assert [] == findings(site, capsys, "--execute")


def test_markdown_is_foreign_where_kramdown_reads_it(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ignored output without the mark that keeps kramdown out would become a link."""
    write(site, "_config.yml", "title: A\nkramdown: {parse_block_html: true}\n")
    assert main(["build", "--force", "--site", str(site)]) == 0
    block = shown_text("now").replace("<div", '<div markdown="0"', 1)
    tamper(site, NAME, block, shown_text("[a](javascript:run)"))
    assert ["no build wrote this into the output of cell now"] == [
        found[:47] for found in findings(site, capsys, "--execute")
    ]
