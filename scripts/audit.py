"""Measure the built site as a reader's browser sees it, and check it against its bounds.

Lighthouse (five runs per post, the median counts), axe-core on every page in light, dark and forced
colours, html-validate, html-proofer, weights, the smallest label of a figure on a phone, and what
is requested from other hosts: one table, and exit status 1 if a bound is broken. Needs what
`make audit` installs: Chromium, and the packages of scripts/node.
"""

from __future__ import annotations

import functools
import gzip
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import chromium
from playwright.sync_api import Browser, Request, sync_playwright
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

BASE = "/blog"
"""The path of the audited site on its host, as on GitHub Pages."""

NODE = ROOT / "scripts/node"
"""The tools that npm installs, and their settings."""

TOOLS = NODE / "node_modules"
"""What npm installed."""

RUNS = 5
"""Lighthouse's performance score varies by some points; its median hardly does."""

SCORES = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
"""The lowest scores of a post in Lighthouse, out of 100."""

METRICS = [
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
]
"""What is also shown of the last run."""

KILOBYTES = {"HTML": 150, "CSS": 24, "JavaScript": 16}
"""The most that a post may weigh without its figures, not compressed; of 1,000 bytes."""


DEMO = ("assets/js/digits.js", "assets/js/demo.js", "assets/demo.css", "assets/models/digits.bin")
"""What the first touch of the demo loads; the first of them computes."""

DEMO_CODE, DEMO_LOAD = 10, 60
"""The most that the first may weigh, and all of them compressed; of 1,000 bytes."""

WHOLE_PAGE = {"mnist-classifier-with-pytorch-part-1": 200}
"""By post, the most that a page may weigh with its figures, style sheet and scripts, compressed."""

PHONE = {"width": 360, "height": 740}
"""The screen on which figures must be legible."""

LABEL = 9
"""The smallest label of a figure on that screen, in pixels."""

LABELS = f"smallest label of a figure on a screen of {PHONE['width']} pixels"
"""What the table calls it."""

SMALLEST = """async () => {
    let smallest = Infinity;
    for (const image of document.querySelectorAll("img.themed")) {
        const svg = await (await fetch(image.src)).text();
        const width = parseFloat(svg.match(/viewBox="0 0 ([\\d.]+)/)[1]);
        for (const [, scale] of svg.matchAll(/<!--[^>]*-->\\s*<g [^>]*scale\\(([\\d.]+) -/g)) {
            const size = 100 * scale * image.width / width;
            if (size < smallest) smallest = size;
        }
    }
    return smallest === Infinity ? null : smallest;
}"""
"""The size in pixels of the smallest label on a page, exponents aside; glyphs have 100 units."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table."""

    what: str
    found: str
    bound: str
    kept: bool


class Server(SimpleHTTPRequestHandler):
    """A file server that logs nothing and compresses text, as hosts do."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its base's name
        """Print nothing."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Answer with a compressed file if it is text and the browser accepts that."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        text = path.suffix in {".html", ".css", ".js", ".json", ".svg", ".xml"}
        if not (text and path.exists() and "gzip" in self.headers.get("Accept-Encoding", "")):
            return super().send_head()
        data = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", f"{self.guess_type(path)}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return BytesIO(data)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine only, at the address returned."""
    handler = functools.partial(Server, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:  # also where a measurement fails: the thread would keep the process alive
            server.shutdown()


def build(folder: Path, url: str) -> Path:
    """Build the site as it is published at an address, and return its folder."""
    config = folder / "audit.yml"
    config.write_text(f"url: {url}\n", encoding="utf-8")
    command = ["bundle", "exec", "jekyll", "build", "--quiet", "--baseurl", BASE]
    command += ["--config", f"_config.yml,{config}", "--destination", str(folder / BASE[1:])]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"JEKYLL_ENV": "production"}, check=True)
    return folder / BASE[1:]


def posts(site: Path) -> list[Path]:
    """Return the pages of posts that have outputs."""
    return [page for page in sorted(site.glob("**/index.html")) if "run-bar" in page.read_text()]


def lighthouse(url: str, name: str, folder: Path) -> Iterator[Measure]:
    """Measure a post as Lighthouse does, on a slow phone."""
    runs = [_lighthouse_run(url, folder) for _ in range(RUNS)]
    for category, least in SCORES.items():
        scores = sorted(round(100 * run["categories"][category]["score"]) for run in runs)
        median = statistics.median(scores)
        spread = f" ({scores[0]} to {scores[-1]})" if scores[0] < scores[-1] else ""
        what = f"{name}: Lighthouse {category}"
        yield Measure(what, f"{median:.0f}{spread}", f"≥ {least}", median >= least)
    audits = runs[-1]["audits"]
    for metric in METRICS:
        yield Measure(f"{name}: {metric}", audits[metric]["displayValue"], "", kept=True)
    speeds = sorted(round(run["environment"]["benchmarkIndex"]) for run in runs)
    what = "this machine's speed, by Lighthouse (a quiet laptop has 1,500 and more)"
    yield Measure(what, f"{speeds[0]} to {speeds[-1]}", "", kept=True)


def _lighthouse_run(url: str, folder: Path) -> dict[str, Any]:
    report = folder / "lighthouse.json"
    flags = " ".join(["--headless=new", *chromium.FLAGS])
    command = [str(TOOLS / ".bin/lighthouse"), url, "--quiet", "--output=json"]
    command += [f"--output-path={report}", f"--chrome-flags={flags}"]
    command += [f"--only-categories={','.join(SCORES)}"]
    environment = os.environ | {"CHROME_PATH": chromium.find() or ""}
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    run: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return run


def weights(site: Path, page: Path, name: str) -> Iterator[Measure]:
    """Weigh a post: its HTML, the style sheet, and the scripts of every page together.

    What comes with the first touch of the demo is weighed by itself.
    """
    scripts = (site / f"assets/js/{name}.js" for name in ("site", "search"))
    weight = {
        "HTML": page.stat().st_size,
        "CSS": (site / "assets/main.css").stat().st_size,
        "JavaScript": sum(script.stat().st_size for script in scripts),
    }
    for kind, most in KILOBYTES.items():
        size = weight[kind] / 1000
        yield Measure(f"{name}: {kind}", f"{size:.1f} KB", f"< {most} KB", size < most)
    yield whole_page(site, page, name)


def demo(site: Path) -> Iterator[Measure]:
    """Weigh what the first touch of the demo loads: the code that computes, and all, compressed."""
    computes = (site / DEMO[0]).stat().st_size / 1000
    together = sum(len(gzip.compress((site / path).read_bytes())) for path in DEMO) / 1000
    what = "the demo: code that computes"
    yield Measure(what, f"{computes:.1f} KB", f"< {DEMO_CODE} KB", computes < DEMO_CODE)
    what = "the demo: all that the first touch loads, compressed"
    yield Measure(what, f"{together:.1f} KB", f"< {DEMO_LOAD} KB", together < DEMO_LOAD)


def whole_page(site: Path, page: Path, name: str) -> Measure:
    """Weigh all that a page loads until its end, compressed; a figure is light and dark in one."""
    loads = re.findall(r'(?:src|href)="([^"]+\.(?:css|js|svg|png))"', page.read_text("utf-8"))
    loads = [load for load in loads if load.startswith(f"{BASE}/") and "icon-" not in load]
    files = {site / load.removeprefix(f"{BASE}/") for load in loads} | {page}
    size = sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000
    bound = WHOLE_PAGE.get(name)
    what = f"{name}: the whole page, compressed"
    return Measure(
        what, f"{size:.0f} KB", f"< {bound} KB" if bound else "", size < (bound or size + 1)
    )


def in_browser(site: Path, url: str) -> Iterator[Measure]:
    """Visit every page in all colours: axe-core, the console, and requests to other hosts."""
    script = (TOOLS / "axe-core/axe.min.js").read_text(encoding="utf-8")
    addresses = [url + "/" + page.relative_to(site).as_posix() for page in site.rglob("*.html")]
    violations: list[str] = []
    troubles: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith(f"{url}/"):
            troubles.append(f"asked for {request.url}")

    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_page()
        page.on("request", watch)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        for address, scheme in product(addresses, chromium.COLOURS):
            chromium.use_colours(page, scheme)
            page.goto(address)
            found = chromium.violations(page, script)
            violations += [f"{address} ({scheme}): {violation}" for violation in found]
        label = smallest_label(browser, addresses)
        browser.close()
    pages = f"{len(addresses)} pages"
    yield counted(f"axe-core, {pages}, {', '.join(chromium.COLOURS)}", violations)
    yield Measure(LABELS, f"{label:.1f} pixels", f"≥ {LABEL}", label >= LABEL)
    yield counted(f"errors and requests to other hosts, {pages}", troubles)


def smallest_label(browser: Browser, addresses: list[str]) -> float:
    """Measure the labels of all figures of some pages on a phone."""
    page = browser.new_page(viewport={"width": PHONE["width"], "height": PHONE["height"]})
    sizes = []
    for address in addresses:
        page.goto(address)
        sizes.append(page.evaluate(SMALLEST) or math.inf)  # none on this page
    return min(sizes)


def counted(what: str, troubles: list[str]) -> Measure:
    """Count problems in one line of the table, and print each above it."""
    for trouble in troubles:
        Console(stderr=True).print(f"{what}: {trouble}", markup=False)
    return Measure(what, str(len(troubles)), "0", not troubles)


def html_validate(site: Path) -> Measure:
    """Check the markup of every page."""
    command = [str(TOOLS / ".bin/html-validate"), "--formatter", "json"]
    command += ["--config", str(NODE / "htmlvalidate.cjs"), str(site / "**/*.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    pages = json.loads(done.stdout)
    found = [f"{p['filePath']}:{m['line']}: {m['message']}" for p in pages for m in p["messages"]]
    return counted("html-validate", found)


def html_proofer(folder: Path) -> Measure:
    """Check that links, images and scripts within the site have a target."""
    command = ["bundle", "exec", "htmlproofer", "--disable-external", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return counted("html-proofer", (done.stdout + done.stderr).splitlines() * (done.returncode > 0))


def measures(folder: Path) -> Iterator[Measure]:
    """Build the site, serve it, and measure."""
    with served(folder) as host:
        site = build(folder, host)
        for page in posts(site):
            url = f"{host}{BASE}/{page.parent.relative_to(site).as_posix()}/"
            yield from lighthouse(url, page.parent.name, folder)
            yield from weights(site, page, page.parent.name)
        yield from demo(site)
        yield from in_browser(site, host + BASE)
    yield html_validate(site)
    yield html_proofer(folder)


def main() -> int:
    """Print the table, and return 1 if a bound is broken, else 0."""
    table = Table("what", "found", "bound", "")
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for measure in measures(Path(folder)):
            mark = "" if not measure.bound else "kept" if measure.kept else "BROKEN"
            table.add_row(measure.what, measure.found, measure.bound, mark)
            kept = kept and measure.kept
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
