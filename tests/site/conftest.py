"""The site, built once for all tests here: this repository's pages and posts, and fixtures."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import chromium
import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
"""The repository."""

FIXTURES = Path(__file__).parent / "fixtures"
"""Posts that hold every element and every kind of output."""

HOST = "https://example.org"
"""Where the test site would be published."""

BASE = "/blog"
"""Its path on that host."""

NODE = ROOT / "scripts/node"
"""axe-core and html-validate, which `make test` and `make audit` install, and their settings."""

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""Where commands are found: this Python first, which has latex2mathml."""

PARTS = [
    *("_config.yml", "Gemfile", "_layouts", "_includes", "_plugins", "_sass", "scripts"),
    *("_data", "_pages", "_posts", "assets"),
]
"""What Jekyll reads."""


@cache
def parsed(html: str) -> BeautifulSoup:
    """A page, parsed once for all tests: they read it and leave it as it is."""
    return BeautifulSoup(html, "html.parser")


@dataclass(frozen=True, slots=True)
class Built:
    """A built site."""

    root: Path
    """The folder that represents the host: the site is in it, under its base URL."""
    source: Path
    """The folder it was built from."""
    log: str
    """What Jekyll printed."""

    def read(self, url: str) -> str:
        """The text behind an address such as `/about/`, given without the base URL."""
        path = self.root / BASE[1:] / url.lstrip("/")
        return (path / "index.html" if url.endswith("/") else path).read_text(encoding="utf-8")

    def page(self, url: str) -> BeautifulSoup:
        """The page behind an address, parsed."""
        return parsed(self.read(url))

    def urls(self) -> list[str]:
        """Every page's address, without the base URL."""
        site = self.root / BASE[1:]
        return sorted(
            "/" + path.relative_to(site).as_posix().removesuffix("index.html")
            for path in site.rglob("*.html")
        )

    def file(self, url: str) -> Path:
        """The file behind an address that carries the base URL."""
        return self.root / url.lstrip("/")


def copy_source(to: Path) -> None:
    """Copy the site's source, with the fixtures among its posts."""
    to.mkdir()
    for part in PARTS:
        path = ROOT / part
        if path.is_dir():
            shutil.copytree(
                path, to / part, ignore=shutil.ignore_patterns("freshness.json", "node_modules")
            )
        elif path.exists():
            shutil.copy(path, to / part)
    shutil.copytree(FIXTURES / "_data", to / "_data", dirs_exist_ok=True)
    downloads = to / "assets/notebooks"
    downloads.mkdir(exist_ok=True)
    for ending in ("ipynb", "py"):  # what the fixture's build record names
        (downloads / f"every-element.{ending}").write_text("{}\n", encoding="utf-8")
    (to / "_posts").mkdir(exist_ok=True)
    for path in FIXTURES.glob("*.md"):
        shutil.copy(path, to / "_posts")
    figures = to / "assets/images/every-element"
    figures.mkdir(parents=True)
    shutil.copy(ROOT / "assets/images/style-guide/loss.svg", figures / "plot.svg")
    drawn = min((ROOT / "assets/images").glob("mnist*/*.svg"))
    shutil.copy(drawn, figures / "drawn.svg")  # by matplotlib, as the figures of posts are
    (to / "assets/images/own-card").mkdir()
    shutil.copy(ROOT / "assets/card.png", to / "assets/images/own-card/teaser.png")


def run(command: list[str], *, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints; the test fails, with a message, if the command is missing or fails."""
    if shutil.which(command[0]) is None:
        pytest.fail(f"`{command[0]}` is missing: `make test` installs it")
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"LC_ALL": "C.UTF-8", "PATH": PATH} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    if done.returncode:
        pytest.fail(f"`{' '.join(command)}` ended {done.returncode}:\n{printed}")
    return printed


def build(source: Path, root: Path, *, environment: dict[str, str] | None = None) -> Built:
    """Build a copy of the site under its base URL."""
    (source / "_test.yml").write_text(f"url: {HOST}\n", encoding="utf-8")
    command = ["bundle", "exec", "jekyll", "build", "--config", "_config.yml,_test.yml"]
    command += ["--baseurl", BASE, "--destination", str(root / BASE[1:])]
    return Built(root, source, run(command, cwd=source, environment=environment))


def build_once(
    name: str, factory: pytest.TempPathFactory, change: Callable[[Path], object] = lambda _: None
) -> Built:
    """Build the site as it is published, once for all workers; its source may be changed before.

    Tests write nothing into what is built here: those of other workers read it meanwhile.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    source, root, log = folder / "source", folder / "root", folder / "log"
    with FileLock(folder.with_suffix(".lock")):
        if not log.exists():
            folder.mkdir()
            copy_source(source)
            change(source)
            built = build(source, root, environment={"JEKYLL_ENV": "production"})
            log.write_text(built.log, encoding="utf-8")
    return Built(root, source, log.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site with its fixtures."""
    return build_once("site", tmp_path_factory)


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site with a repository and comments, checked: one post is stale, another fresh."""
    return build_once("configured", tmp_path_factory, configure)


def configure(source: Path) -> None:
    """Set the repository and the comments of a site's source, and write what `check` found."""
    config = source / "_config.yml"
    text = config.read_text(encoding="utf-8").replace("  provider:", "  provider: utterances", 1)
    config.write_text(text.replace('repository: ""', "repository: a/b"), encoding="utf-8")
    finding = {
        "kind": "stale",
        "place": {"path": "_posts/2024-02-29-every-element.md", "line": 1, "source": ""},
        "message": "torch 2.15.0 → 2.16.0",
        "hint": "make build-posts",
    }
    findings = json.dumps([finding, finding | {"kind": "style", "message": "a matter of taste"}])
    (source / "_data/freshness.json").write_text(findings, encoding="utf-8")
    [fresh] = source.glob("_posts/*-part-two.md")
    builds = source / "_data/builds"
    record = json.loads(builds.joinpath("every-element.json").read_text(encoding="utf-8"))
    record["post"] = fresh.relative_to(source).as_posix()
    builds.joinpath("part-two.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture(scope="session")
def post(site: Built) -> BeautifulSoup:
    """The page of the fixture that holds every element."""
    return site.page("/every-element/")


def tool(path: str) -> Path:
    """A file of an npm package; a test without it is skipped, in CI it fails."""
    found = NODE / "node_modules" / path
    if not found.exists():
        reason = f"{path.split('/', maxsplit=1)[0]} is missing: make node"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


@pytest.fixture(scope="session")
def address(site: Built) -> Iterator[str]:
    """The address that Jekyll serves the built site at, base URL and all."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["bundle", "exec", "jekyll", "serve", "--skip-initial-build", "--no-watch"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--baseurl", BASE]
    command += ["--destination", str(site.root / BASE[1:])]
    with subprocess.Popen(
        command, cwd=site.source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}{BASE}"
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("`jekyll serve` does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; tests without it are skipped, in CI they fail."""
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415  # may be missing

        with sync_playwright() as playwright:
            path = chromium.find()
            try:
                running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
            except Error as error:
                raise ImportError(str(error)) from error
            yield running
            running.close()
    except ImportError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no browser: {error}")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A reader with a desktop screen, in light mode, whose clipboard can be read."""
    with browser.new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme="light",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """The post that holds every element, as that reader sees it."""
    page = context.new_page()
    page.goto(f"{address}/every-element/")
    return page
