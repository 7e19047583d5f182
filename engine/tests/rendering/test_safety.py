"""What outputs may hold: an allow-list, applied by a parser that browsers agree with."""

from __future__ import annotations

import base64
import html
import io
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngInfo
from runs import made_up_run

from post_builder.document.post import Post
from post_builder.jekyll.config import JekyllConfig
from post_builder.rendering.figures.drawings.clean import clean_svg
from post_builder.rendering.figures.drawings.inline import with_drawings
from post_builder.rendering.figures.metadata import without_metadata
from post_builder.rendering.markup.block import html_block
from post_builder.rendering.markup.sanitise import clean, tokens
from post_builder.rendering.markup.source import read_source
from post_builder.rendering.markup.styles import filter_style
from post_builder.rendering.regions.rendered import RenderedCell, render
from post_builder.rendering.values import escape_value, markdown_value
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

Render = Callable[..., RenderedCell]

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def cleaned(markup: str) -> str:
    """Return what is left of some HTML."""
    return clean(read_source(markup)).html


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<b id='x' name='y' data-z='1' tabindex='1'>a</b>", "<b>a</b>"),
        ("<p markdown='1'>*a*</p>", "<p>*a*</p>"),
        ("<x<script>1</script>a", "a"),
        ("<scr<script>ipt>1</script>a", "a"),
        ("<iframe srcdoc='<script>1</script>'>a</iframe>b", "b"),
        ("<form action='https://a.example'><input><b>a</b></form>", "<b>a</b>"),
        (
            "<base href='https://a.example'><link rel=stylesheet href=x><meta http-equiv=refresh>a",
            "a",
        ),
        ("<svg><animate values='javascript:1'/></svg>a", "a"),
        ("<math><mtext><img onerror=x></mtext></math>", None),
        ("<a href='&#106;avascript:1'>a</a>", None),
        ("<a href='data:text/html,x'>a</a>", None),
        ("<img srcset='https://a.example/x 1x' alt='a'>", '<img alt="a">'),
        ("<img src='//a.example/x'>", ""),
        ("<img src='/\\a.example/x'>", ""),
        ("<table background='https://a.example'><tr><td>a</td></tr></table>", None),
        ("<dialog open>a</dialog>b", "b"),
        ("<p style='position: fixed; color: red'>a</p>", '<p style="color: red">a</p>'),
        ("<p style='background: url(https://a.example)'>a</p>", "<p>a</p>"),
        ("<p title='<audio>'>a</p><audio></audio><b title='onclick=x()'>c</b>", None),
        ("<plaintext>a", ""),
        ("a<table class='b'>\n</table>", "a"),
        ("<noscript><p title='</noscript><img onerror=1>'></noscript>a", None),
    ],
)
def test_nothing_runs_loads_or_leaves_its_place(markup: str, expected: str | None) -> None:
    """And no name of an output is one that the page's own script looks for."""
    left = cleaned(markup)
    if expected is not None:
        assert expected == left
    for text, tag in tokens(left):
        assert "<" not in text
        assert not any(word in tag for word in (" on", "javascript:", "data:text", "a.example"))


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("color: red; position: fixed", "color: red"),
        ("background: linear-gradient(90deg, #88ccee 4.5%, transparent 4.5%)", None),
        ("font-family: 'Segoe UI', Arial; margin: 0 auto", None),
        ("background: u\\72l(x)", ""),
        ("background: url(x)", ""),
        ("background-image: image-set('x' 1x)", ""),
        ("margin-left: -500px", ""),
        ("width: 99999px", ""),
        ("box-shadow: 0 0 0 9999px red", ""),
        ("color: var(--x)", ""),
        ("width: expression(1)", ""),
        ("transform: scale(99)", ""),
        ("inset: 0; z-index: 9; top: 0", ""),
    ],
)
def test_a_style_stays_within_its_element(style: str, left: str | None) -> None:
    """Properties and values that an allow-list names; the block clips what grows."""
    assert (style if left is None else left) == (filter_style(style) or "")
    assert 'style="overflow: auto"' in html_block("html", '<p style="width: 10px">a</p>')


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="#x">' + "<blockquote>" * 9 + '<a href="#y">z',
        '<p>a <a href="#x"/>b</p><blockquote><p>c <a href="#y"/>d</p></blockquote>',
        "".join(f"<b><p><i>{number}" for number in range(9)),
        "<pre>\n\nx</pre><table></table><audio></audio>",
    ],
)
def test_html_says_the_same_when_a_browser_reads_it(markup: str) -> None:
    """What is not closed is mended as browsers do it, until that changes nothing."""
    cleaned = clean(read_source(markup)).html
    assert cleaned == clean(read_source(cleaned)).html


def test_style_sheets_are_put_inline() -> None:
    """Rules become attributes; random ids and the classes that they were for go."""
    markup = (
        "<style>#T_1f_row0 td, .x {background: #440154; color: #f1f1f1} @import url(//a.example);"
        " @media print {td {color: blue}} td:hover {color: red} p {color: var(--c)}"
        " :root {--c: red}</style>"
        "<table id='T_1f'><tr id='T_1f_row0'><td class='x'>1</td></tr></table><p>a</p>"
    )
    expected = (
        '<table><tbody><tr><td style="background: #440154; color: #f1f1f1">1</td></tr></tbody>'
        "</table>"
        '<p style="color: red">a</p>'
    )
    assert expected == cleaned(markup)
    assert "<b>1</b>" == cleaned("<style>b {color: }}} {{</style><b>1</b>")


def test_the_style_of_plain_data_frames_is_the_pages() -> None:
    """Theirs is for a notebook; without it their rows are short."""
    markup = (
        "<style scoped>.dataframe td {color: red}</style>"
        "<table class='dataframe'><tr><td>1</td></tr></table>"
    )
    assert "style" not in cleaned(markup)


def test_images_of_other_hosts_are_loaded_only_where_the_author_allows_them() -> None:
    """By default none; the build names the host."""
    source = read_source("<img src='https://a.example/x.png'><p>b</p>")
    assert "a.example" not in clean(source).html
    assert ("what would be loaded from a.example",) == clean(source).dropped
    assert '<img src="https://a.example/x.png">' in clean(source, ["a.example"]).html


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/assets/x.png", "{{ '/assets/x.png' | relative_url }}"),
        ("assets/x y.png", "{{ '/assets/x%20y.png' | relative_url }}"),
        ("../x.png", "{{ '/x.png' | relative_url }}"),
        ("x.csv?a=1#b", "{{ '/x.csv?a=1#b' | relative_url }}"),
        ("x'}}{% y %}|", "{{ '/x%27%7D%7D%7B%25%20y%20%25%7D%7C' | relative_url }}"),
        ("%zz", "{{ '/%25zz' | relative_url }}"),
        ("https://a.example/{{x}}", "https://a.example/&#123;&#123;x&#125;&#125;"),
        ("#part", "#part"),
        ("mailto:a@a.example", "mailto:a@a.example"),
    ],
)
def test_addresses_are_right_below_a_base_url(address: str, expected: str) -> None:
    """Code runs at the root of the site, so that is what addresses are relative to."""
    block = html_block("html", cleaned(f'<a href="{address}">a</a>'))
    assert f'<a href="{expected}" rel="noopener noreferrer">a</a>' in block or (
        f'<a rel="noopener noreferrer" href="{expected}">a</a>' in block
    )


@pytest.mark.parametrize(
    ("inner", "left"),
    [
        ("<script>x()</script><circle r='1'/>", "<circle"),
        ("<circle onclick='x()' r='1'/>", "<circle"),
        ("<a xlink:href='javascript:x()'><circle r='1'/></a>", "<circle"),
        (
            "<a><animate attributeName='xlink:href' values='javascript:x()'/><circle r='1'/></a>",
            "<circle",
        ),
        ("<set attributeName='onclick' to='x()'/><circle r='1'/>", "<circle"),
        ("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>a</p></foreignObject><g/>", "<g"),
        ("<image href='https://a.example/x.png'/><g/>", "<g"),
        ("<use href='https://a.example/x.svg#a'/><g/>", "<g"),
        ("<style>@import 'https://a.example'</style><g/>", "<g"),
        ("<rect style='fill: url(https://a.example)'/>", "<rect"),
        ("<rect filter='url(//a.example)'/>", "<rect"),
        ("<handler type='x'>x()</handler><g/>", "<g"),
        ("<style><g/>@import 'https://a.example';</style><g/>", "<g"),
        ("<style>g { fill: image-set('https://a.example' 1x) }</style><g/>", "<g"),
        ("<rect cursor='image-set(&quot;https://a.example&quot; 1x), auto'/>", "<rect"),
        ("<use href='data:image/svg+xml,x()#a'/><g/>", "<g"),
        ("<a href='/x' ping='https://a.example'><g/></a>", "<g"),
        ("<g xml:base='https://a.example'/>", "<g"),
        ("<unknown>x()</unknown><g unknown='x()'/>", "<g"),
    ],
)
def test_a_drawing_that_is_opened_directly_runs_nothing(inner: str, left: str) -> None:
    """Scripts in SVG run where it is a page of its own."""
    drawing = clean_svg(f"<svg {SVG}>{inner}</svg>")
    assert left in drawing
    assert not any(word in drawing for word in ("x()", "a.example", "xhtml", "foreignObject"))


@pytest.mark.parametrize(
    "prolog",
    [
        "<?xml-stylesheet type='text/xsl' href='data:,x'?>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]>",
        "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'x()'>]>",
    ],
)
def test_a_drawing_brings_no_style_sheet_and_no_declarations(prolog: str) -> None:
    """Both can run scripts."""
    drawing = clean_svg(f"{prolog}<svg {SVG}><g/></svg>")
    assert drawing.startswith("<svg")
    assert "x()" not in drawing


@pytest.mark.parametrize(
    "drawing",
    [
        f"<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'>\n<svg {SVG}/>",
        (
            f"<svg {SVG}><style>*{{stroke-linecap: butt}}</style><use xlink:href='#a'/>"
            "<rect style='fill: url(#a)'/><image href='data:image/png;base64,AA'/>"
            "<a href='https://a.example'><text>on x</text></a></svg>"
        ),
        (  # as Graphviz draws
            f"<svg {SVG}><g id='graph0' class='graph' transform='scale(1 1)'><title>a</title>"
            "<a xlink:href='https://a.example' xlink:title='a (b)' target='_blank'>"
            "<text text-anchor='middle' font-family='Times,serif'>b</text></a></g></svg>"
        ),
        (  # as Plotly draws
            f"<svg class='main-svg' {SVG} style='background: rgb(255, 255, 255);'>"
            "<defs><clipPath id='c' class='plotclip'><rect width='1'/></clipPath></defs>"
            "<g clip-path=\"url('#c')\"><path style='fill: rgb(0, 0, 0);'/></g>"
            "<text data-unformatted='f(x) @ b\\c' data-math='N'>f(x)</text></svg>"
        ),
        (  # as Vega draws
            f"<svg {SVG} class='marks'><g role='graphics-object' aria-roledescription='axis' "
            "aria-label='bar(x)' pointer-events='none'><path d='M0,0' transform='translate(1,2)' "
            "stroke='url(#gradient_0)' fill='rgba(0, 0, 0, 0.5)'/></g></svg>"
        ),
        (  # as Matplotlib describes
            f"<svg {SVG}><metadata><rdf:RDF xmlns:cc='http://creativecommons.org/ns#' "
            "xmlns:dc='http://purl.org/dc/elements/1.1/' "
            "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><cc:Work><dc:type "
            "rdf:resource='http://purl.org/dc/dcmitype/StillImage'/></cc:Work></rdf:RDF></metadata>"
            "<style>@media (prefers-color-scheme: dark) { text { fill: var(--x) } }</style></svg>"
        ),
    ],
)
def test_an_innocent_drawing_keeps_its_bytes(drawing: str) -> None:
    """Nothing is written in another way without need."""
    assert drawing == clean_svg(drawing)


def test_a_drawing_in_another_encoding_is_written_in_its_own() -> None:
    """A browser believes what the file says, which is UTF-8."""
    drawing = clean_svg(f"<?xml version='1.0' encoding='koi8-r'?><svg {SVG}><text>é</text></svg>")
    assert drawing.startswith("<svg")
    assert "<text>é</text>" in drawing


def test_a_drawing_behind_a_comment_gets_its_namespace() -> None:
    """The comment may look like a drawing."""
    expected = '<!-- <svg> --><svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'
    assert expected == clean_svg("<!-- <svg> --><svg><g/></svg>")


def test_a_drawing_made_for_a_page_becomes_a_file() -> None:
    """Within HTML it needs no namespace; a browser shows no file without it."""
    assert f"<svg {SVG} width='1'><use xlink:href='#a'/></svg>" == clean_svg(
        "<svg width='1'><use xlink:href='#a'/></svg>"
    )


def _png(**info: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415  # only here

    texts, stream = PngInfo(), io.BytesIO()
    for name, text in info.items():
        texts.add_text(name, text)
    Image.new("L", (9, 9)).save(stream, "png", pnginfo=texts, dpi=(192, 192))
    return stream.getvalue()


def test_an_image_says_nothing_about_its_maker() -> None:
    """Neither names, times nor the place of a photograph; what it shows and its density stay."""
    assert _png() == without_metadata(_png(Author="Ada", Comment="/home/ada"))
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    Image.new("L", (9, 4)).save(stream, "jpeg", exif=exif, comment="by Ada")
    data = without_metadata(stream.getvalue())
    assert b"camera" not in data
    assert b"Ada" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert {0x0112: 6} == dict(image.getexif())
        image.load()
    assert struct.unpack(">H", data[:2]) == (0xFFD8,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("**b** *i* `c`", "<strong>b</strong>&#32;<em>i</em>&#32;<code>c</code>"),
        ("a_b | c", "a&#95;b &#124; c"),
        ("<script>x()</script>a", "a"),
        ("<span>a</span>", "a"),
        ("![](https://a.example)", ""),
        ("1 -- 2...", "1 &#45;&#45; 2&#46;&#46;&#46;"),
    ],
)
def test_a_value_may_be_a_line_of_markdown(value: str, expected: str) -> None:
    """Emphasis, code and links; nothing that runs, loads, or ends the value."""
    assert expected == markdown_value(value)


def test_a_link_in_a_value_is_right_below_a_base_url() -> None:
    """As in other outputs."""
    assert "href=\"{{ '/x' | relative_url }}\"" in markdown_value("[a](/x)")


@pytest.mark.parametrize(
    ("parses", "body", "expected"),
    [
        (False, "", '<div class="output html">'),
        (True, "", '<div markdown="0" class="output html">'),
        (
            False,
            '\n{::options parse_block_html="true" /}\n',
            '<div markdown="0" class="output html">',
        ),
    ],
)
def test_kramdown_leaves_html_alone_where_it_reads_it_as_markdown(
    read: Callable[[str], Post], parses: bool, body: str, expected: str
) -> None:
    """Asked by the site or the post; elsewhere the attribute would be noise."""
    site = Site(
        Path("/nowhere/blog"),
        Settings(),
        jekyll=JekyllConfig(kramdown={"parse_block_html": parses}),
    )
    post = read(f"```python\nx\n```\n{body}")
    output: Mapping[str, object] = {
        "output_type": "display_data",
        "data": {"text/html": "<b>*a*</b>"},
        "metadata": {},
    }
    run = made_up_run(transclude(post, site, {}), [[output]])
    assert expected in render(post, run, site, "slug")[0].region


@pytest.mark.parametrize(
    ("native", "body", "expected"),
    [
        (False, "", "<h2>own</h2>"),
        (True, "", "<div>own</div>"),
        (False, '\n{::options html_to_native="true" /}\n', "<div>own</div>"),
    ],
)
def test_kramdown_gives_a_heading_no_id_that_its_text_chooses(
    read: Callable[[str], Post], native: bool, body: str, expected: str
) -> None:
    """Which it does where it reads HTML as Markdown; the page's own scripts may use that id."""
    config = JekyllConfig(kramdown={"html_to_native": native})
    site = Site(Path("/nowhere/blog"), Settings(), jekyll=config)
    post = read(f"```python\nx\n```\n{body}")
    output = {"output_type": "display_data", "data": {"text/markdown": "## own"}, "metadata": {}}
    run = made_up_run(transclude(post, site, {}), [[output]])
    assert expected in render(post, run, site, "slug")[0].region


WORDS = "words about a camera"


def _picture(kind: str) -> bytes:
    """Return an image of two frames, where there can be two, that says something of its maker."""
    exif, info = Image.Exif(), PngInfo()
    exif[0x010E] = WORDS
    info.add_text("Comment", WORDS)
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    own: Mapping[str, Mapping[str, Any]] = {
        "png": {"pnginfo": info},
        "jpeg": {"exif": exif.tobytes()},
        "webp": {"exif": exif.tobytes(), "xmp": WORDS.encode(), "lossless": True},
        "gif": {"comment": WORDS.encode(), "loop": 3},
    }
    several: Mapping[str, Any] = {"save_all": True, "append_images": frames[1:]}
    several = several if kind != "jpeg" else {}
    stream = io.BytesIO()
    frames[0].save(stream, kind, **several, **own[kind])
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_an_image_keeps_its_frames_and_says_nothing_of_its_maker(kind: str) -> None:
    """As a file, and in an address within HTML."""
    before = _picture(kind)
    after = without_metadata(before)
    assert WORDS.encode() in before
    assert WORDS.encode() not in after
    assert after == without_metadata(after)
    pages = [Image.open(io.BytesIO(data)) for data in (before, after)]
    frames = [
        [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(page)] for page in pages
    ]
    assert frames[0] == frames[1]
    assert pages[0].info.get("loop") == pages[1].info.get("loop")
    address = f"data:image/{kind};base64,{base64.b64encode(before).decode()}"
    published = cleaned(f'<img src="{address}">')
    assert f'src="data:image/{kind};base64,{base64.b64encode(after).decode()}"' in published


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"GIF89a", b"RIFF....WEBP", b"\xff\xd8\xff\xe1\0"]
)
def test_a_broken_image_in_an_address_is_no_error(data: bytes) -> None:
    """A browser shows nothing of it either."""
    address = base64.b64encode(data).decode()
    assert (
        "a" == cleaned(f'a<img src="data:image/jpeg;base64,{address}">').removesuffix("<img>")[:1]
    )


@pytest.mark.parametrize("encoded", [False, True])
def test_a_drawing_in_an_address_is_cleaned_like_another(encoded: bool) -> None:
    """In Base64 nobody would see what it says."""
    drawing = f"<svg {SVG}><script>1</script><text>ghp_</text></svg>"
    content = f";base64,{base64.b64encode(drawing.encode()).decode()}"
    if not encoded:
        content = f",{quote(drawing)}"
    markup = with_drawings(
        f'<img src="data:image/svg+xml{content}">', lambda text: text.replace("ghp_", "…")
    )
    published = unquote(cleaned(markup))
    assert "<text>…</text>" in published
    assert "script" not in published


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("address", ["//", "\\\\", "//[", "//[x/a", "//%3C", "//a b"])
def test_an_address_without_a_host_is_none(address: str) -> None:
    """Nor does it raise where nobody sees it, within the cleaner."""
    for markup in (f'<a href="{address}">a</a>', f'<p>a</p><img src="{address}">'):
        html = clean(read_source(markup)).html
        assert "//" not in html
        assert html == clean(read_source(html)).html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202ea", "\u202ea\u202c"),
        ("\u2067a\u202bb", "\u2067a\u202bb\u202c\u2069"),
        ("\u2066\u202aa\u2069b", "\u2066\u202aa\u2069b"),
        ("\u202b\u2066a\u202cb", "\u202b\u2066ab\u2069\u202c"),
        ("a\u202c\u2069b", "ab"),
        ("\u202e" * 200, "\u202e" * 125 + "\u202c" * 125),
        ("e" + "\u0301" * 99, "e" + "\u0301" * 8),
    ],
)
def test_a_value_changes_nothing_beside_it(text: str, shown: str) -> None:
    """A direction of writing ends with it, and no tower of marks covers the lines above."""
    assert shown == html.unescape(escape_value(text))
    assert shown == html.unescape(markdown_value(text))


def test_a_direction_ends_with_a_value_of_several_parts() -> None:
    """Wherever in it the direction began."""
    value = markdown_value("**\u202ea** b")
    assert "<strong>\u202ea</strong> b\u202c" == html.unescape(value)


@pytest.mark.parametrize(
    "markup",
    [
        "<math><mpadded voffset='9em'><mi>x</mi></mpadded></math>",
        "<math><mo lspace='-9em'>x</mo></math>",
        "<math><mtext mathsize='9em'>x</mtext></math>",
        "<table align='left'><tr><td>x</td></tr></table>",
        "<sup><sup>x</sup></sup>",
        "<big>x</big>",
        "<h1><div><h2>x</h2></div></h1>",
        "<font size='7'>x</font>",
        "e" + "\u0301" * 9,
    ],
)
def test_what_may_leave_its_place_is_clipped(markup: str) -> None:
    """Also where no style asks for it."""
    assert ' style="overflow: auto"' in html_block("html", cleaned(markup))


def test_what_stays_in_its_place_is_not_clipped() -> None:
    """It needs no scroll bars."""
    for markup in ("<p>a <b>b</b></p><h1>c</h1><h2>d</h2>", "<math><mi>x</mi></math>", "e\u0301"):
        assert "overflow" not in html_block("html", cleaned(markup))
