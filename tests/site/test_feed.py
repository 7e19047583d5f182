"""The feed, as a reader program meets it: away from the site."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from .conftest import BASE, HOST

if TYPE_CHECKING:
    from .conftest import Built

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"
"""Atom's namespace, as ElementTree writes it."""


@pytest.fixture(scope="module")
def feed(site: Built) -> ET.Element:
    """The feed, parsed."""
    return ET.fromstring(site.read("/feed.xml"))  # noqa: S314  # our own build wrote it


@pytest.fixture(scope="module")
def fixtures(site: Built) -> ET.Element:
    """The feed of the tag that fixtures have: that of all posts holds only the newest ten."""
    return ET.fromstring(site.read("/tags/fixture/feed.xml"))  # noqa: S314  # our own


def entry(feed: ET.Element, url: str) -> ET.Element:
    """The entry of one post."""
    (found,) = [e for e in feed.iter(f"{ATOM}entry") if e.findtext(f"{ATOM}id") == url]
    return found


def test_feed_is_atom(feed: ET.Element) -> None:
    """The feed and each entry have what Atom asks for."""
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert element.findtext(f"{ATOM}{name}"), name
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    addresses = [link.attrib["href"] for link in feed.iter(f"{ATOM}link")]
    assert all(address.startswith(f"{HOST}{BASE}/") for address in addresses)


def test_feed_has_the_whole_post_with_full_addresses(fixtures: ET.Element) -> None:
    """Figures and links of a post work in any feed reader; its outputs are complete."""
    address = f"{HOST}{BASE}/every-element/"
    content = entry(fixtures, address).findtext(f"{ATOM}content")
    assert content is not None
    page = BeautifulSoup(content, "html.parser")
    images = [image["src"] for image in page.select("img")]
    assert images == [f"{HOST}{BASE}/assets/images/every-element/plot.svg"] * 4
    assert [link["href"] for link in page.select("a")] == [f"{address}#training-it"]
    assert page.select("pre.output.stdout")[0].get_text().startswith("step 0 a < b & c\n")
    assert page.select(".hide-input")[0].find_parent("details") is not None


def test_feed_is_as_light_as_it_can_be(fixtures: ET.Element) -> None:
    """Code and outputs come without marks for a style sheet that feed readers have not."""
    content = entry(fixtures, f"{HOST}{BASE}/every-element/").findtext(f"{ATOM}content")
    page = BeautifulSoup(content or "", "html.parser")
    assert not page.select("pre span, [data-value], [data-alt], button")
    assert page.select("#steps code")[0].get_text().startswith("for step in range(3):")


def test_each_tag_has_a_feed(site: Built) -> None:
    """A tag's page leads to a feed of its posts, which has an address and a title of its own."""
    page = site.page("/tags/series-fixture/")
    address = f"{BASE}/tags/series-fixture/feed.xml"
    assert [link["href"] for link in page.select("link[rel=alternate]")][-1] == address
    feed = ET.fromstring(site.read("/tags/series-fixture/feed.xml"))  # noqa: S314  # our own
    assert feed.findtext(f"{ATOM}id") == HOST + address
    assert feed.findtext(f"{ATOM}title") == "Executable MNIST: series fixture"
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert titles == ["First of a Series"]


def test_a_feed_leads_to_the_page_of_its_posts(site: Built, feed: ET.Element) -> None:
    """The feed of a tag belongs to the page of that tag, that of all posts to the home page."""
    tag = ET.fromstring(site.read("/tags/fixture/feed.xml"))  # noqa: S314  # our own
    for element, url in ((feed, "/"), (tag, "/tags/fixture/")):
        links = {link.attrib["rel"]: link.attrib["href"] for link in element.findall(f"{ATOM}link")}
        assert links["alternate"] == f"{HOST}{BASE}{url}"


def test_an_entry_names_its_own_authors(fixtures: ET.Element) -> None:
    """Each author of a post is an element, with an address where it has one; others have none."""
    element = entry(fixtures, f"{HOST}{BASE}/own-card/")
    authors = [
        (author.findtext(f"{ATOM}name"), author.findtext(f"{ATOM}uri"))
        for author in element.findall(f"{ATOM}author")
    ]
    assert authors == [("Ada <L>", None), ("Grace", "https://example.com/grace")]
    assert not entry(fixtures, f"{HOST}{BASE}/every-element/").findall(f"{ATOM}author")
    assert [author.findtext(f"{ATOM}name") for author in fixtures.findall(f"{ATOM}author")] == [
        "The authors of Executable MNIST"
    ]


def test_feed_title_is_text(fixtures: ET.Element) -> None:
    """A title with markup characters reads as it was written."""
    title = entry(fixtures, f"{HOST}{BASE}/every-element/").findtext(f"{ATOM}title")
    assert title == 'Every Element: <Tags> & "Quotes" [Part 0]'
