"""Draw what needs a browser to be drawn: a social card per post, and the icons of the site.

A card is the post's teaser in the colours of the site, beside its title and subtitle, as a PNG of
1200 by 630 pixels, because social networks show no SVG. `make build-posts` draws those that are
older than what they show: the digest of each is in `_data/cards.json`.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

CARDS = "assets/cards"
"""The folder of the cards, each named after its post."""

DIGESTS = "_data/cards.json"
"""The file that has, by the path of each picture, the digest of what it shows."""

ICONS = {"assets/icon-48.png": 48, "assets/icon-180.png": 180}
"""The icons, and their sizes in pixels."""

FRONT_MATTER = re.compile(r"---\s*\n(.*?\n)---\s*\n", re.DOTALL)
"""What a post starts with."""

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body { margin: 0; display: grid; grid-template: 1fr auto / 1fr 560px; gap: 0 48px; width: 1200px;
  height: 630px; padding: 56px; box-sizing: border-box; background: #fdfcf9; color: #1d1e20;
  font-family: system-ui, sans-serif; border-top: 16px solid #9c3310 }
h1 { margin: 0 0 24px; font-size: 54px; line-height: 1.15; letter-spacing: -.02em }
p { margin: 0; color: #4f5055; font-size: 32px; line-height: 1.35 }
footer { display: flex; align-items: center; gap: 16px; font-size: 26px; font-weight: 650 }
svg { width: 44px }
img { grid-area: 1 / 2 / 3; place-self: center; max-width: 560px; max-height: 490px; width: 560px;
  height: 490px; object-fit: contain }
</style><div><h1>%(title)s</h1><p>%(subtitle)s</p></div><img src="%(figure)s" alt="">
<footer>%(mark)s %(site)s</footer>"""


ICON = """<!DOCTYPE html><style>
body { margin: 0 } svg { display: block; width: %(size)dpx; height: %(size)dpx }
</style>%(icon)s"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to draw: a card or an icon."""

    path: str
    """Of its file, from the root of the site."""
    size: tuple[int, int]
    """Its width and height in pixels."""
    page: str
    """The HTML page that is photographed."""
    figure: bytes = b""
    """The bytes of the figure on the page."""

    @property
    def digest(self) -> str:
        """A digest of all that the picture shows."""
        return hashlib.sha256(self.page.encode() + self.figure).hexdigest()[:32]


def cards(root: Path) -> list[Picture]:
    """Return a card for each post whose teaser is an SVG of this site."""
    config = yaml.load((root / "_config.yml").read_bytes(), yaml.CSafeLoader)
    mark = (root / "_includes/mark.svg").read_text(encoding="utf-8")
    found = []
    for path in sorted((root / "_posts").glob("**/*.md")):
        post = front_matter(path)
        teaser = (post.get("header") or {}).get("teaser", "")
        figure = root / teaser.lstrip("/")
        if not teaser.endswith(".svg") or "://" in teaser or not figure.is_file():
            continue
        shown = {
            "title": html.escape(post.get("title", "")),
            "subtitle": html.escape(post.get("subtitle", "")),
            "figure": teaser,
            "mark": mark,
            "site": html.escape(config["title"]),
        }
        card = f"{CARDS}/{path.stem.split('-', 3)[-1]}.png"
        found.append(Picture(card, (1200, 630), PAGE % shown, figure.read_bytes()))
    return found


def front_matter(path: Path) -> dict[str, Any]:
    """Return the front matter of a post; what cannot be read is for the build to report."""
    found = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    try:
        read = yaml.load(found[1], yaml.CSafeLoader) if found else None
    except yaml.YAMLError:
        return {}
    return read if isinstance(read, dict) else {}


def icons(root: Path) -> list[Picture]:
    """Return the icons of the site."""
    icon = (root / "assets/favicon.svg").read_text(encoding="utf-8")
    return [
        Picture(path, (size, size), ICON % {"size": size, "icon": icon})
        for path, size in ICONS.items()
    ]


def stale(root: Path, pictures: list[Picture]) -> list[Picture]:
    """Return the pictures whose file shows something else than they would show now."""
    known = digests(root)
    return [
        picture
        for picture in pictures
        if known.get(picture.path) != picture.digest or not (root / picture.path).is_file()
    ]


def digests(root: Path) -> dict[str, str]:
    """Return by path the digest of each picture that was drawn."""
    file = root / DIGESTS
    known: dict[str, str] = json.loads(file.read_bytes()) if file.exists() else {}
    return known


def draw(browser: Browser, picture: Picture, file: Path) -> None:
    """Photograph a picture."""
    width, height = picture.size
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="light", device_scale_factor=1
    )
    # the page is a string and may load no file: what it asks for is answered here
    page.route("**/*.svg", lambda r: r.fulfill(body=picture.figure, content_type="image/svg+xml"))
    page.route(
        "https://card.invalid/", lambda r: r.fulfill(body=picture.page, content_type="text/html")
    )
    page.goto("https://card.invalid/")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, omit_background=True)
    page.close()


def draw_all(root: Path, pictures: list[Picture]) -> list[Picture]:
    """Draw pictures, and return those drawn; without a browser none, which is said."""
    import chromium  # noqa: PLC0415  # as above
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415  # seldom needed

    drawn = []
    try:
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            for picture in pictures:
                draw(browser, picture, root / picture.path)
                print(f"{picture.path}: drawn")
                drawn.append(picture)
            browser.close()
    except Error:
        for picture in pictures[len(drawn) :]:
            print(f"{picture.path}: out of date; drawing it needs Chromium", file=sys.stderr)
    return drawn


def draw_stale(root: Path) -> None:
    """Draw the pictures that are out of date, and remove the cards of posts that are gone."""
    pictures, known = cards(root) + icons(root), digests(root)
    old, gone = stale(root, pictures), known.keys() - {picture.path for picture in pictures}
    if not old and not gone:
        return
    for path in gone:
        if Path(path).parent == Path(CARDS):
            (root / path).unlink(missing_ok=True)
    drawn = draw_all(root, old) if old else []
    kept = {path: digest for path, digest in known.items() if path not in gone}
    new = kept | {picture.path: picture.digest for picture in drawn}
    text = json.dumps(new, indent=1, sort_keys=True) + "\n"
    (root / DIGESTS).write_text(text, encoding="utf-8")
