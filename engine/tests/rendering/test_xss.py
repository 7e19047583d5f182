"""No output runs, loads, leaves its place or breaks the page: a browser is asked.

Each vector is rendered by the engine and then by Jekyll, and opened in Chromium with a detector.
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xss_places as places
import xss_vectors as vectors
from runs import made_up_run

from post_builder.document.parsing.parser import parse
from post_builder.document.post import splice
from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.settings import Settings
from post_builder.site import Site, open_site
from post_builder.sources.transclusion import transclude

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MOST = 900
"""Vectors that there must be at least."""

SETTINGS: Mapping[str, str] = {
    "plain": "kramdown: {input: GFM}",
    "block": "kramdown: {input: GFM, parse_block_html: true}",
    "kramdown": "kramdown: {input: kramdown}",
    "native": "kramdown: {input: kramdown, html_to_native: true, parse_span_html: false}",
    "quotes": 'kramdown: {input: GFM, smart_quotes: "apos,apos,quot,quot"}',
    "base": "kramdown: {input: GFM, hard_wrap: true}\nbaseurl: /base",
}
"""Settings of kramdown and Jekyll with which the pages are made."""

LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>t</title>
<link rel="icon" href="data:,">
<style>
header { position: relative; height: 40px; background: #eee }
main { width: 600px }
sub, sup { font-size: 75%; line-height: 0; position: relative; vertical-align: baseline }
sup { top: -0.5em }
sub { bottom: -0.25em }
h1 { font-size: 2em; line-height: 1.2 }
</style>
</head><body>
<header id="own" class="own">top</header>
<main>{{ content }}</main>
<footer class="own-footer">bottom</footer>
<script>
addEventListener("load", () => {
  const own = document.getElementById("own")
  const buttons = document.querySelectorAll(".own-button, [data-own]")
  own.textContent = document.title + document.forms.length + buttons.length
  document.body.append(document.createElement("aside"))
  document.documentElement.dataset.worked = document.querySelector("header").textContent
})
</script>
</body></html>
"""
"""A page with a script and a style of its own, as themes have, which outputs must not break."""

DETECTOR = """
window.ran = []
window.xss = (what) => { window.ran.push(String(what)) }
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = window.xss
"""

LOOK = """
() => {
  const problems = []
  const say = (kind, element) => problems.push(`${kind} ${element.outerHTML.slice(0, 90)}`)
  const banned = [
    "SCRIPT", "IFRAME", "OBJECT", "EMBED", "FORM", "INPUT", "STYLE", "LINK", "META", "BASE",
    "DIALOG",
  ]
  const outputs = [...document.querySelectorAll(".output, span[data-value]")]
  const names = ["post-builder", "plotly.min", "vega.min"]  // the engine's own, and what it loads
  const scriptsOf = (name) => [...document.querySelectorAll(`script[src$="/assets/js/${name}.js"]`)]
  const own = names.flatMap(scriptsOf)
  const all = outputs.flatMap((output) => [output, ...output.querySelectorAll("*")])
  for (const element of all) {
    const style = getComputedStyle(element)
    if (["fixed", "absolute", "sticky"].includes(style.position)) say("position", element)
    if (element.id || element.getAttribute("name")) say("name", element)
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) say("handler", element)
      const runs = /^\\s*(javascript|vbscript|data:text)/i.test(value)
      if (runs && ["href", "src"].includes(name)) problems.push(`address ${value}`)
    }
    if (own.includes(element)) continue
    if (banned.includes(element.tagName)) say("element", element)
    for (const kind of ["mouseover", "focus", "animationstart"]) {
      element.dispatchEvent(new Event(kind))
    }
  }
  for (const mark of document.querySelectorAll("p.after, header, footer")) {
    mark.scrollIntoView({ block: "center" })
    const box = mark.getBoundingClientRect()
    const left = box.left + Math.min(20, box.width / 2)
    const hit = document.elementFromPoint(left, box.top + box.height / 2)
    if (hit !== mark) {
      say("covered", mark)
      problems.push(`by ${hit?.outerHTML.slice(0, 90)}`)
    }
  }
  const scripts = document.querySelectorAll("script").length - own.length
  if (scripts !== 1) problems.push("scripts " + scripts)
  const marks = document.querySelectorAll("p.after").length
  if (marks !== COUNT) problems.push(`marks ${marks}`)
  const { worked } = document.documentElement.dataset
  if (worked !== "t00") problems.push(`page script ${worked}`)
  return problems
}
"""
"""What a page is asked once it has loaded: nothing covered, broken, named, or able to run."""


def shown(data: Mapping[str, object]) -> Output:
    """Return what a cell displayed."""
    return {"output_type": "display_data", "data": data, "metadata": {}}


def text_outputs(text: str) -> list[Output]:
    """Return a text in each way in which cells give text."""
    return [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "stream", "name": "stderr", "text": text},
        {"output_type": "error", "traceback": ["E", text]},
        shown({"text/plain": text}),
        shown({"application/json": {text: [text]}}),
        shown({"application/vnd.x+json": {}, "text/plain": text}),
    ]


HTML = {**vectors.HTML, **places.MORE}
MARKDOWN = (*vectors.MARKDOWN, *places.MARKDOWN)
LATEX = (*vectors.LATEX, *places.LATEX)
TEXTS = (*vectors.TEXTS, *places.TEXTS)

OUTPUTS: Mapping[str, Sequence[Output]] = {
    **{family: [shown({"text/html": one}) for one in each] for family, each in HTML.items()},
    "HTML in Markdown": [
        shown({"text/markdown": one})
        for family in ("handlers", "scripts", "mutations", "kramdown and Liquid", "cleaned twice")
        for one in HTML[family]
    ],
    "Markdown": [shown({"text/markdown": one}) for one in MARKDOWN],
    "LaTeX": [shown({"text/latex": one}) for one in LATEX],
    "drawings": [shown({"image/svg+xml": one}) for one in vectors.DRAWINGS],
    "drawings in HTML": [shown({"text/html": one}) for one in vectors.DRAWINGS],
    "text": [output for one in TEXTS for output in text_outputs(one)],
    "charts": [
        shown(
            {"application/vnd.plotly.v1+json": {"data": [{"text": one}], "layout": {"title": one}}}
        )
        for one in TEXTS
    ],
}
"""What cells gave, by family."""


OPENED: set[bytes] = set()
"""Drawings that were opened: no setting changes their bytes."""


@dataclass
class Made:
    """A site with a page for each family, and what was refused on the way."""

    folder: Path
    setting: str
    """Its settings, by their name in `SETTINGS`."""
    cells: dict[str, int] = field(default_factory=dict)
    """Cells of each page."""
    refused: list[str] = field(default_factory=list)


def _page_of(family: str) -> str:
    return family.replace(" ", "-").lower() + ".html"


def _alt(text: str) -> str:
    """Write a text as a cell's option, where kramdown can say it."""
    return " ".join(text.replace("\\", "").replace('"', '\\"').replace("}", "\\}").split())


def _cell(number: int, alt: str) -> str:
    options = f'{{: #c{number} data-alt="{_alt(alt)}"}}'
    return f'```python\nx\n```\n{options}\n\n<p class="after">after {number}</p>\n'


def _post(made: Made, site: Site, family: str, outputs: Sequence[Output]) -> str:
    """Return a post whose cells gave some outputs; what is refused is left out."""
    accepted: list[Output] = []
    for output in outputs:
        if _published(site, [output], ["a"], [], family) is None:
            made.refused.append(family)
        else:
            accepted.append(output)
    alts = [
        one
        for one in vectors.TEXTS
        if not any(mark in one for mark in ("{{", "{%", "\x1b", "&", "\n"))
    ]
    values = list(TEXTS) if family == "text" else []
    text = _published(site, accepted, alts if family == "drawings" else ["a"], values, family)
    assert text is not None
    made.cells[family] = len(accepted)
    return text


def _published(
    site: Site, outputs: Sequence[Output], alts: Sequence[str], values: Sequence[str], slug: str
) -> str | None:
    header = "---\nlayout: default\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
    cells = [_cell(number, alts[number % len(alts)]) for number in range(len(outputs))]
    plain = ['A <span data-value="x">0</span> value.\n' for _ in values[::2]]
    rich = ['A <span class="markdown" data-value="x">0</span> value.\n' for _ in values[1::2]]
    post = parse(header + "\n".join([*cells, *plain, *rich]), "post")
    assert post is not None
    texts = [value.replace("\n", " ") for value in (*values[::2], *values[1::2])]
    run = made_up_run(transclude(post, site, {}), [[output] for output in outputs], texts)
    try:
        rendered = render(post, run, site, slug.replace(" ", "-"))
    except RenderError:
        return None
    for figure in (figure for cell in rendered for figure in cell.figures):
        path = site.root / figure.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(figure.data)
    return splice(post.text, region_edits(post, rendered))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name == "plain" else pytest.mark.faults) for name in SETTINGS
    ],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Render all families, and make a site of them with Jekyll."""
    folder = tmp_path_factory.mktemp("site")
    made = Made(folder, request.param)
    folder.joinpath("_config.yml").write_text(f"title: t\n{SETTINGS[request.param]}\n")
    for name in ("_layouts", "_includes", "_posts"):
        folder.joinpath(name).mkdir()
    folder.joinpath("_layouts", "default.html").write_text(LAYOUT)
    figure = Path(__file__).parents[2] / "src/post_builder/commands/templates/figure"
    shutil.copy(figure, folder / "_includes" / "figure")
    script = Path(__file__).parents[2] / "src/post_builder/pipeline/page_scripts/outputs.js"
    folder.joinpath("assets", "js").mkdir(parents=True)
    shutil.copy(script, folder / "assets" / "js" / "post-builder.js")
    site = open_site(folder)
    for family, outputs in OUTPUTS.items():
        text = _post(made, site, family, outputs)
        post = folder / _page_of(family)
        post.with_suffix(".md").write_text(text, encoding="utf-8", newline="")
    command = ["jekyll", "build", "-q", "-d", str(folder / "_site")]
    jekyll = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert 0 == jekyll.returncode, jekyll.stderr
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only here

    switches = (
        *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update"),
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(switches)
        )
        yield chromium
        chromium.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log; the base URL of one of the sites is no folder."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/base"))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(made: Made) -> Iterator[str]:
    """Serve the site on this machine."""
    handler = functools.partial(_Quiet, directory=str(made.folder / "_site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@dataclass
class Visit:
    """A page that is open in the browser."""

    page: Page
    asked: list[str] = field(default_factory=list)
    """What it requested."""
    problems: list[str] = field(default_factory=list)
    """What it did and must not do."""


@contextmanager
def _visits(browser: Browser, address: str, paths: Iterable[str]) -> Iterator[dict[str, Visit]]:
    """Open pages, and give them time for what they do later; note whom they asked or went to."""
    with browser.new_context() as context:
        context.add_init_script(DETECTOR)
        visits = {path: _open(context, address, path) for path in paths}
        for visit in list(visits.values())[-1:]:
            visit.page.wait_for_timeout(300)
        for path, visit in visits.items():
            here = (address, "data:image", "data:,")
            visit.problems += [url for url in visit.asked if not url.startswith(here)]
            if visit.page.url != f"{address}/{path}":
                visit.problems.append(f"went to {visit.page.url}")
        yield visits


def _open(context: BrowserContext, address: str, path: str) -> Visit:
    """Open a page, and watch it."""
    page = context.new_page()
    visit = Visit(page)

    def dismiss(dialog: Dialog) -> None:
        visit.problems.append("a dialog")
        dialog.dismiss()

    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("dialog", dismiss)
    page.on("popup", lambda _: visit.problems.append("a window"))
    page.on("download", lambda _: visit.problems.append("a download"))
    page.route(lambda url: not url.startswith((address, "data:")), lambda route: route.abort())
    page.goto(f"{address}/{path}")
    return visit


ATTACKS = {
    "<script>xss(1)</script>": "1",
    "<img src=x onerror=xss(1)>": "handler",
    "<a href='javascript:xss(1)'>x</a>": "address",
    "<img src=https://evil.example/x>": "https://evil.example/x",
    "<p style='background: url(https://evil.example/y)'>x</p>": "https://evil.example/y",
    "<meta http-equiv=refresh content='0; url=/other.html'>": "went to",
    "<div style='position: fixed; inset: 0'>x</div>": "covered",
    "<div style='margin-top: -3000px; height: 9000px; position: relative'>x</div>": "covered",
    "<form name=querySelector></form>": "page script",
    "<b id=own></b>": "name",
    "</main><textarea>": "marks",
}
"""What outputs must not hold, and how the detector calls what each does."""


def test_the_detector_sees_an_attack(browser: Browser, made: Made, address: str) -> None:
    """Written into a page as it is; were it not seen, the other tests would say nothing."""
    paths = {f"attack-{number}.html": attack for number, attack in enumerate(ATTACKS)}
    for path, attack in paths.items():
        output = f'<div class="output html">{attack}</div><p class="after">after</p>'
        text = LAYOUT.replace("{{ content }}", output)
        made.folder.joinpath("_site", path).write_text(text, encoding="utf-8")
    made.folder.joinpath("_site", "other.html").write_text("")
    with _visits(browser, address, paths) as visits:
        for path, attack in paths.items():
            page, problems = visits[path].page, visits[path].problems
            if ATTACKS[attack] == "went to":
                page.wait_for_url("**/other.html")
                problems.append(f"went to {page.url}")
            else:
                problems += page.evaluate(LOOK.replace("COUNT", "1"))
            problems += page.evaluate("(window.ran || []).map(String)")
            assert any(problem.startswith(ATTACKS[attack]) for problem in problems), attack


def test_there_are_enough_vectors() -> None:
    """Of every family."""
    assert vectors.count() + places.count() >= MOST
    assert all(OUTPUTS.values())


@pytest.fixture(scope="module")
def visits(browser: Browser, address: str) -> Iterator[dict[str, Visit]]:
    """Open the pages of all families."""
    with _visits(browser, address, map(_page_of, OUTPUTS)) as visits:
        yield visits


@pytest.mark.parametrize("family", OUTPUTS)
def test_nothing_happens_on_a_page(
    made: Made,
    visits: dict[str, Visit],
    family: str,
    record_property: Callable[[str, object], None],
) -> None:
    """No script runs, nothing is asked of other hosts, covered, named, broken, or left."""
    record_property("xss", [family, made.setting, made.cells[family], made.refused.count(family)])
    page, problems = visits[_page_of(family)].page, visits[_page_of(family)].problems
    problems += page.evaluate(LOOK.replace("COUNT", str(made.cells[family])))
    problems += page.evaluate("window.ran")
    assert [] == problems, json.dumps(problems, indent=1)


def test_nothing_happens_in_a_drawing(browser: Browser, made: Made, address: str) -> None:
    """Opened on its own, where scripts in it would run with the rights of the site."""
    root = made.folder / "_site"
    drawings = {path.read_bytes(): path for path in sorted(root.rglob("*.svg"))}
    assert drawings
    paths = [path for data, path in drawings.items() if data not in OPENED]
    OPENED.update(drawings)
    click = "(e) => e.dispatchEvent(new MouseEvent('click'))"
    names = [path.relative_to(root).as_posix() for path in paths]
    with _visits(browser, address, names) as visits:
        for visit in visits.values():
            visit.page.evaluate(f"document.querySelectorAll('*').forEach({click})")
            visit.page.wait_for_timeout(10)
        found = [
            problem
            for visit in visits.values()
            for problem in (*visit.problems, *visit.page.evaluate("window.ran || []"))
        ]
    assert [] == found


WIDE = """
window.Plotly = { newPlot: (place) => {
  place.innerHTML = "<b style='display: block; width: 9000px; height: 50px'>x</b>"
} }
"""
"""A library that draws a chart as wide as the chart asks to be."""


def chart_page(made: Made, name: str, kind: str, library: str) -> None:
    """Write a page with a chart that a library of ours draws."""
    chart = (
        f'<figure class="output chart" data-chart="{kind}" data-src="/{name}.json"'
        f' data-library="/{name}.js" data-height="50"><div role="img"><p>x</p></div>'
        '<script src="/assets/js/post-builder.js" defer></script></figure>'
    )
    files = {"html": LAYOUT.replace("{{ content }}", chart), "js": library, "json": "{}"}
    for suffix, text in files.items():
        made.folder.joinpath("_site", f"{name}.{suffix}").write_text(text, encoding="utf-8")


def test_a_chart_stays_in_its_place(browser: Browser, made: Made, address: str) -> None:
    """However wide it is: readers scroll within it."""
    chart_page(made, "wide", "plotly", WIDE)
    with _visits(browser, address, ["wide.html"]) as visits:
        page = visits["wide.html"].page
        page.wait_for_selector("figure b")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


VEGA = """
window.vegaEmbed = async (place) => {
  const foreign = (name) => `url(//a.example/${name})`
  place.innerHTML = `<svg width="99" height="99">
    <rect width="99" height="99" fill="${foreign("fill")}" stroke="url(#own)"/></svg>`
  place.style.cursor = `${foreign("cursor")}, auto`
  place.querySelector("rect").style.filter = foreign("filter")
  let tell = (handler, event, item, { image, ...rest }) => {
    const shown = image ? `<img src="${image}">` : Object.values(rest)
    place.insertAdjacentHTML("beforeend", `<b>${shown}</b>`)
  }
  const view = { tooltip: (handler) => { if (handler) tell = handler; return tell } }
  setTimeout(() => {
    for (const host of ["//a.example", location.origin]) {
      tell(null, null, null, { image: `${host}/tooltip` })
    }
    place.insertAdjacentHTML("beforeend", "<i>done</i>")
  }, 100)
  return { view }
}
"""
"""A library that draws as Vega does where expressions put addresses together."""


def test_a_chart_that_puts_addresses_together_loads_nothing(
    browser: Browser, made: Made, address: str
) -> None:
    """Neither by a colour, a cursor or a filter nor by an image in a tooltip."""
    chart_page(made, "vega", "vega", VEGA)
    with _visits(browser, address, ["vega.html"]) as visits:
        visit = visits["vega.html"]
        visit.page.wait_for_selector("figure i")
        visit.page.mouse.move(30, 60)
        visit.page.wait_for_timeout(300)
        assert "url(#own)" == visit.page.get_attribute("rect", "stroke")
        assert 1 == visit.page.locator("figure b img").count()
        assert not [asked for asked in visit.asked if "a.example" in asked]


@pytest.mark.parametrize("document", vectors.ROOTS)
def test_only_a_drawing_is_published_as_one(tmp_path: Path, document: str) -> None:
    """A script or a page is refused, whatever is in front of it."""
    site = Site(tmp_path, Settings())
    assert _published(site, [shown({"image/svg+xml": document})], ["a"], [], "x") is None


def test_prologs_of_drawings_are_harmless(tmp_path: Path) -> None:
    """Style sheets and declarations in front of a drawing go, or the drawing is refused."""
    tmp_path.joinpath("_config.yml").write_text("title: t\n")
    site = open_site(tmp_path)
    for prolog in vectors.PROLOGS:
        drawing = f"{prolog}<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"
        text = _published(site, [shown({"image/svg+xml": drawing})], ["a"], [], "x")
        for path in tmp_path.rglob("*.svg") if text else []:
            assert vectors.RUN not in path.read_text()
            assert "xml-stylesheet" not in path.read_text()
