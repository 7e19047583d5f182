"""Draw what needs a browser to be drawn: a social card per post, and the icons. Run: make cards.

A card is the post's teaser in the colours of the site, beside its title and subtitle, as a PNG of
1200 by 630 pixels, because social networks show no SVG. `--check` draws nothing and names the cards
that are older than what they show: each card's digest is in `_data/cards.json`.
"""

from __future__ import annotations

import hashlib
import html
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import chromium
import yaml
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

CARDS = ROOT / "assets/cards"
"""The cards, each named after its post."""

DIGESTS = ROOT / "_data/cards.json"
"""By post, the digest of what its card shows."""

ICONS = {"icon-48.png": 48, "icon-180.png": 180}
"""The icons in assets/, and their sizes in pixels."""

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


@dataclass(frozen=True, slots=True)
class Card:
    """A card to draw."""

    name: str
    """The post's name, without its date."""
    page: str
    """The HTML page that is photographed."""
    figure: bytes
    """The bytes of its figure."""

    @property
    def digest(self) -> str:
        """A digest of all that the card shows."""
        return hashlib.sha256(self.page.encode() + self.figure).hexdigest()[:32]


def cards() -> list[Card]:
    """Return a card for each post whose teaser is an SVG of this site."""
    site = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    mark = (ROOT / "_includes/mark.svg").read_text(encoding="utf-8")
    found = []
    for path in sorted((ROOT / "_posts").glob("**/*.md")):
        post = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n", 2)[1])
        teaser = (post.get("header") or {}).get("teaser", "")
        if not teaser.endswith(".svg") or "://" in teaser:
            continue
        shown = {
            "title": html.escape(post["title"]),
            "subtitle": html.escape(post.get("subtitle", "")),
            "figure": teaser,
            "mark": mark,
            "site": html.escape(site),
        }
        figure = (ROOT / teaser.lstrip("/")).read_bytes()
        found.append(Card(path.stem.split("-", 3)[3], PAGE % shown, figure))
    return found


def draw(browser: Browser, card: Card) -> None:
    """Photograph a card."""
    page = browser.new_page(viewport={"width": 1200, "height": 630}, color_scheme="light")
    # a figure as a data address: the page is a string and may load no file
    page.route(
        "**/*.svg", lambda route: route.fulfill(body=card.figure, content_type="image/svg+xml")
    )
    page.route(
        "https://card.invalid/",
        lambda route: route.fulfill(body=card.page, content_type="text/html"),
    )
    page.goto("https://card.invalid/")
    page.screenshot(path=CARDS / f"{card.name}.png")
    page.close()


def draw_icon(browser: Browser, name: str, size: int) -> None:
    """Photograph the icon of the site at a size."""
    icon = (ROOT / "assets/favicon.svg").read_text(encoding="utf-8")
    page = browser.new_page(viewport={"width": size, "height": size})
    style = f"body {{ margin: 0 }} svg {{ display: block; width: {size}px; height: {size}px }}"
    page.set_content(f"<style>{style}</style>{icon}")
    page.screenshot(path=ROOT / "assets" / name, omit_background=True)
    page.close()


def stale() -> list[str]:
    """Return the names of posts whose card shows something else than they would show now."""
    known = json.loads(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.exists() else {}
    return [card.name for card in cards() if known.get(card.name) != card.digest]


def main() -> int:
    """Draw all cards and icons, or with `--check` say which cards are stale."""
    if "--check" in sys.argv[1:]:
        old = stale()
        for name in old:
            print(f"{name}: the social card is out of date; run: make cards")
        return 1 if old else 0
    CARDS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for card in cards():
            draw(browser, card)
        for name, size in ICONS.items():
            draw_icon(browser, name, size)
        browser.close()
    digests = {card.name: card.digest for card in cards()}
    DIGESTS.write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
