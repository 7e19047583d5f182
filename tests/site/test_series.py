"""Ways from post to post: series, archive, search index, social cards."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cards
import pytest

from .conftest import BASE, HOST, ROOT
from .test_pages import attribute, the

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

    from .conftest import Built

pytestmark = pytest.mark.slow

PARTS = [f"{BASE}/{part}/" for part in ("part-one", "part-two", "part-three")]
"""The fixtures that make a series, in its order, which is not that of their dates."""


@pytest.mark.parametrize("url", ["/", "/series/"])
def test_series_are_cards_in_the_order_of_their_parts(site: Built, url: str) -> None:
    """A series is a section with a card for each part, by part and not by date."""
    section = the(site.page(url), "section[aria-labelledby=a-series-first-last]")
    assert the(section, "h2").get_text().endswith("A Series: First & Last")
    assert [attribute(link, "href") for link in section.select(".card-title a")] == PARTS
    assert [part.get_text() for part in section.select(".post-meta span:first-child")] == [
        "Part 1",
        "Part 2",
        "Part 3",
    ]


def test_tabs_tell_parts_apart(site: Built) -> None:
    """A tab shows little of a title, so that of a page begins with the number of its part."""
    titles = [the(site.page(part.removeprefix(BASE)), "title").get_text() for part in PARTS]
    assert titles == [
        f"Part {number} of A Series: First & Last | Executable MNIST" for number in (1, 2, 3)
    ]


def test_a_card_without_teaser_shows_the_first_figure(site: Built) -> None:
    """A post that names no teaser is shown with its own first figure, address and all."""
    section = the(site.page("/series/"), "section[aria-labelledby=a-series-first-last]")
    cards = section.select(".card")
    pictures = [attribute(the(card, "img"), "src") for card in cards[:3]]
    plot = f"{BASE}/assets/images/every-element/plot.svg"
    assert pictures == [plot, plot, f"{BASE}/assets/card.png"]


def test_overview_shows_the_comparison_and_the_best_figures(site: Built) -> None:
    """A series has the table that its last part ends with, and the figure of each teaser."""
    section = the(site.page("/series/"), "section[aria-labelledby=a-series-first-last]")
    assert [cell.get_text() for cell in section.select("table th, table td")] == [
        *("model", "accuracy"),
        *("guess", "0.5"),
    ]
    links = [attribute(link, "href") for link in section.select(":scope > p > a")]
    assert links == [f"{BASE}/part-three/#comparison", f"{BASE}/part-three/"]
    assert attribute(the(section, "figure img"), "alt") == "The card of the site"


def test_code_from_another_post_leads_there(site: Built) -> None:
    """A cell that holds what another part printed names that part and its cell."""
    line = the(site.page("/part-three/"), "#carried .cell-source")
    assert attribute(the(line, "a"), "href") == f"{BASE}/part-one/#printed"
    assert line.get_text() == "As printed in First of a Series · printed"


def test_a_part_leads_to_the_others(site: Built) -> None:
    """Each part lists all parts, marks itself, and leads to its neighbours of the series."""
    page = site.page("/part-two/")
    links = page.select("nav.series li a")
    assert [attribute(link, "href") for link in links] == PARTS
    assert [link.get("aria-current") for link in links] == [None, "page", None]
    assert the(page, "nav.series summary").get_text().startswith("Part 2 of 3")
    assert attribute(the(page, "a[rel=prev]"), "href") == PARTS[0]
    assert attribute(the(page, "a[rel=next]"), "href") == PARTS[2]
    assert not site.page("/part-one/").select("a[rel=prev]")
    assert not site.page("/part-three/").select("a[rel=next]")


def test_archive_lists_all_posts_by_year(site: Built) -> None:
    """Every post is in the archive once, newest first, under its year."""
    page = site.page("/archive/")
    years = [heading.get_text() for heading in page.select("h2")]
    assert years == sorted(years, reverse=True)
    posts = page.select(".archive-list a")
    dates = [attribute(time, "datetime") for time in page.select(".archive-list time")]
    assert dates == sorted(dates, reverse=True)
    assert len(posts) == len(list((site.source / "_posts").glob("*.md")))


def test_search_index_has_prose_and_code_by_section(site: Built) -> None:
    """The index holds each section's address and text, and nothing that code printed."""
    index = {post["url"]: post for post in json.loads(site.read("/search.json"))}
    sections = {
        id_: (heading, text) for id_, heading, text in index[f"{BASE}/every-element/"]["sections"]
    }
    assert list(sections) == [
        "",
        "training-it",
        "folded",
        "in-a-list-and-a-quote",
        "a-table-and-a-console",
    ]
    heading, text = sections["training-it"]
    assert heading == "Training it"
    assert text.startswith("for step in range(3): print(")
    assert "printed" not in text
    assert "a warning" not in text


def structured_image(page: BeautifulSoup) -> dict[str, object]:
    """What a page's structured data says of its picture."""
    data = json.loads(the(page, 'script[type="application/ld+json"]').get_text())
    image: dict[str, object] = data["image"]
    return image


@pytest.mark.parametrize(
    ("url", "picture"),
    [
        ("/own-card/", "/assets/images/own-card/teaser.png"),
        ("/every-element/", "/assets/card.png"),  # its teaser is SVG, which no network shows
        ("/plain/", "/assets/card.png"),
        ("/", "/assets/card.png"),
    ],
)
def test_social_cards_show_the_teaser_or_the_card_of_the_site(
    site: Built, url: str, picture: str
) -> None:
    """Each page has one large picture for social cards, by its full address."""
    page = site.page(url)
    for name in ("property='og:image'", "property='twitter:image'"):
        assert attribute(the(page, f"meta[{name}]"), "content") == HOST + BASE + picture
    assert structured_image(page)["url"] == HOST + BASE + picture
    card = the(page, 'meta[name="twitter:card"]')
    assert attribute(card, "content") == "summary_large_image"
    assert site.file(BASE + picture).is_file()


def test_shared_titles_tell_parts_apart(site: Built) -> None:
    """Social networks are told title and subtitle; a post without one has its title alone."""
    for url, title in (
        ("/numbers/", "Numbers that answer: A post that ran, with a drawing"),
        ("/own-card/", "A post with a picture of its own"),
    ):
        page = site.page(url)
        for name in ("property='og:title'", "property='twitter:title'"):
            assert attribute(the(page, f"meta[{name}]"), "content") == title


def test_posts_have_cards_of_their_best_figure(site: Built) -> None:
    """A post with an SVG for a teaser has a card drawn of it, up to date: make build-posts."""
    drawn = cards.cards(ROOT)
    assert cards.stale(ROOT, drawn + cards.icons(ROOT)) == []
    for card in drawn:
        address = f"{BASE}/{card.path}"
        assert structured_image(site.page(f"/{Path(card.path).stem}/"))["url"] == HOST + address
        data = site.file(address).read_bytes()
        assert struct.unpack(">II", data[16:24]) == (1200, 630)


def test_the_size_of_the_sites_card_is_said_of_no_other_picture(site: Built) -> None:
    """The width and height in `_config.yml` are those of the site's own card only."""
    for url, width, sizes in (("/", 1200, ["630", "1200"]), ("/own-card/", None, [])):
        page = site.page(url)
        tags = page.select("meta[property^='og:image:']")
        assert [attribute(tag, "content") for tag in tags] == sizes
        assert structured_image(page).get("width") == width


def test_feed_and_index_hold_no_address_of_this_machine(site: Built) -> None:
    """What is built on one machine serves on any."""
    for url in ("/feed.xml", "/search.json", "/sitemap.xml"):
        assert not re.search(r"//(localhost|127\.0\.0\.1)", site.read(url)), url
