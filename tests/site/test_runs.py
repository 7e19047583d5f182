"""What a page says about its run, and its downloads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from .conftest import BASE, ROOT, Built, build_once, run
from .test_pages import attribute, the

if TYPE_CHECKING:
    from pathlib import Path

    from bs4 import BeautifulSoup, Tag

pytestmark = pytest.mark.slow

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""The commit that the fixture's build record names."""


def told(page: BeautifulSoup | Tag) -> dict[str, str]:
    """What the foot of a post says of its run."""
    terms = page.select(".provenance dl > div")
    return {the(term, "dt").get_text(): the(term, "dd").get_text() for term in terms}


def test_foot_tells_how_the_post_ran(post: BeautifulSoup) -> None:
    """When, for how long, with what, on what, from which commit, and whether it is checked."""
    assert told(post) == {
        "When": "1 March 2024, for 1\xa0min\xa015\xa0s",
        "With": "Python 3.11.7, torch 2.15.0, torchvision 0.29.2, matplotlib 3.10.1, numpy 2.3.0",
        "On": "A processor <with> 2 cores, 1235 MiB of memory at most",
        "From": "commit 0123456",
        "State": "not checked when this site was built",
    }
    packages = the(post, ".provenance details p").get_text()
    assert packages.startswith("matplotlib 3.10.1, numpy 2.3.0, pillow 11.0, ")
    assert "AVX2" in the(post, ".provenance").get_text()


def test_foot_tells_how_to_reproduce_in_two_commands(post: BeautifulSoup) -> None:
    """Two commands, as a console block that copies without its prompts."""
    code = the(post, ".provenance .language-console code").get_text()
    assert code == "$ make check-posts\n$ make verify-posts\n"


def test_the_commands_of_the_foot_write_nothing(post: BeautifulSoup) -> None:
    """Both compare with what is published, so neither may write that first."""
    code = the(post, ".provenance .language-console code").get_text()
    for target in re.findall(r"make (\S+)", code):
        recipe = run(["make", "--dry-run", "--always-make", target], cwd=ROOT)
        assert "post-builder check" in recipe, target
        assert "build_posts.py" not in recipe, target


def test_the_foot_says_what_is_not_covered(post: BeautifulSoup, site: Built) -> None:
    """Times differ from run to run, with torch or without."""
    for page in (post, site.page("/numbers/")):
        assert "Not covered: times, other kinds of processor" in the(page, ".provenance").get_text()


HOSTILE = "<script>hurt()</script>\"'><img src=x onerror=hurt()>"
"""Markup that also leaves an attribute."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site with a repository, where each text in a build record is markup."""
    return build_once("hostile", tmp_path_factory, with_hostile_record)


def with_hostile_record(source: Path) -> None:
    """Fill the record of the fixture with markup, and set a repository."""
    config = source / "_config.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('repository: ""', "repository: a/b"), encoding="utf-8")
    path = source / "_data/builds/every-element.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["packages"] = dict.fromkeys([*record["packages"], HOSTILE], HOSTILE)
    record["run"] |= {"commit": HOSTILE, "processor": HOSTILE, "python": HOSTILE}
    record["run"] |= {"date": f"2024-03-01 {HOSTILE}", "seconds": HOSTILE, "peak_memory": HOSTILE}
    record["run"]["cells"] = {HOSTILE: 3.0}
    record |= {"text": HOSTILE, "declared": {HOSTILE: HOSTILE}, "values": [HOSTILE]}
    record["downloads"] = {f"assets/{HOSTILE}.ipynb": "0", f"assets/{HOSTILE}": "0"}
    record["cells"], record["figures"] = [{"name": HOSTILE, "source": HOSTILE}], {HOSTILE: "0"}
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize("url", ["/every-element/", "/builds/", "/"])
def test_a_record_puts_no_markup_on_a_page(hostile: Built, site: Built, url: str) -> None:
    """Whatever a record holds is text: nothing of it becomes an element or leaves an attribute."""
    html = hostile.read(url)
    assert "hurt()" in html or url == "/"
    assert not re.search(r"<script>hurt|<img src=x", html)
    page, ours = hostile.page(url), site.page(url)
    for selector in ("script", "img", "[onerror]", "[hurt]"):
        assert len(page.select(selector)) == len(ours.select(selector)), selector
    for link in page.select("a[href*=hurt]"):
        assert not re.search(r"[<>\" ]", attribute(link, "href")), link


def test_only_posts_that_were_built_have_a_foot(site: Built) -> None:
    """A post that cannot run or never ran says nothing of a run."""
    for url in ("/plain/", "/part-two/"):
        assert not site.page(url).select(".provenance"), url


def test_stale_posts_say_so(configured: Built) -> None:
    """Where `check` found a post stale, its foot and the page of all builds say why."""
    assert told(configured.page("/every-element/"))["State"] == "torch 2.15.0 → 2.16.0"
    assert "torch 2.15.0 → 2.16.0" in configured.page("/builds/").get_text()


def test_fresh_posts_say_so(configured: Built) -> None:
    """Where `check` found nothing about a post, it is called fresh."""
    assert told(configured.page("/part-two/"))["State"].startswith("fresh: ")


def test_builds_lists_every_post(site: Built) -> None:
    """The page of all builds has a row for each post, run or not."""
    page = site.page("/builds/")
    rows = {the(row, "th").get_text(): row.get_text(" ") for row in page.select("tbody tr")}
    assert len(rows) == len(list((site.source / "_posts").glob("*.md")))
    row = rows['Every Element: <Tags> & "Quotes" [Part 0]']
    for words in ("1 March 2024", "1\xa0min\xa015\xa0s", "1235 MiB", "torch 2.15.0", "not checked"):
        assert words in row
    assert "never built" in rows["Second of a Series"]
    assert "nothing to run" in rows["A plain post"]


def test_downloads_are_above_the_post(site: Built, post: BeautifulSoup) -> None:
    """The notebook and the script that the record names are there; nothing leads to Colab."""
    links = {
        link.get_text(): attribute(link, "href") for link in post.select(".run-bar a[download]")
    }
    assert links == {
        "Notebook .ipynb": f"{BASE}/assets/notebooks/every-element.ipynb",
        "Script .py": f"{BASE}/assets/notebooks/every-element.py",
    }
    assert all(site.file(address).is_file() for address in links.values())
    assert "colab" not in site.read("/every-element/")
    assert not site.page("/plain/").select(".run-bar")


def test_repository_turns_on_links_and_nothing_else(configured: Built) -> None:
    """With `repository` set, code links to the commit that was built, and the notebook to Colab."""
    page = configured.page("/every-element/")
    blob = f"https://github.com/a/b/blob/{COMMIT[:7]}/src/mnist_post"
    sources = [attribute(link, "href") for link in page.select(".cell-source a")]
    assert sources == [f"{blob}/basics.py", f"{blob}/training.py"]
    colab = the(page, 'a[href^="https://colab"]')
    assert attribute(colab, "href") == (
        "https://colab.research.google.com/github/a/b/blob/main"
        "/assets/notebooks/every-element.ipynb"
    )
    loads = page.select("script[src]:not(.comments *), img[src], link[rel=stylesheet]")
    assert all(attribute(tag, "src" if tag.has_attr("src") else "href")[0] == "/" for tag in loads)
