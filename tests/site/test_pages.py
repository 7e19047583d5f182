"""What is on the built pages, read without a browser."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from .conftest import BASE, HOST, ROOT, Built, run

if TYPE_CHECKING:
    from pathlib import Path

    from bs4 import BeautifulSoup, Tag


pytestmark = pytest.mark.slow


def attribute(tag: Tag, name: str) -> str:
    """One attribute of a tag, as text."""
    value = tag[name]
    return value if isinstance(value, str) else " ".join(value)


def the(page: BeautifulSoup | Tag, selector: str) -> Tag:
    """The one tag that a selector finds."""
    (tag,) = page.select(selector)
    return tag


def test_build_is_silent(site: Built) -> None:
    """A build warns of nothing."""
    assert not re.findall(r"(?i).*(?:warning|error|deprecat).*", site.log)


def test_every_page_has_its_frame(site: Built) -> None:
    """Every page has one h1, a language, a title, a description, and unique identifiers."""
    for url in site.urls():
        page = site.page(url)
        assert len(page.select("h1")) == 1, url
        assert attribute(the(page, "html"), "lang") == "en"
        assert the(page, "title").get_text().endswith("Executable MNIST") or url == "/"
        assert attribute(the(page, "meta[name=description]"), "content"), url
        ids = [attribute(tag, "id") for tag in page.select("[id]")]
        assert [name for name, count in Counter(ids).items() if count > 1] == [], url


def test_headings_skip_no_level(site: Built) -> None:
    """A heading is at most one level below the one before it; what code printed aside."""
    for url in site.urls():
        headings = site.page(url).select(":is(h1, h2, h3, h4, h5, h6):not(.output *)")
        levels = [int(heading.name[1]) for heading in headings]
        steps = [after - before for before, after in pairwise(levels)]
        assert max(steps, default=0) <= 1, (url, levels)


def test_nothing_is_loaded_from_another_host(site: Built) -> None:
    """No page asks another host for a style sheet, a script, an image or anything else."""
    for url in site.urls():
        if url == "/plain/":  # its figure is on another host, on purpose
            continue
        page = site.page(url)
        loads = page.select("script[src], img[src], iframe, object, embed, source, video, audio")
        loads += page.select("link[rel=stylesheet], link[rel=icon], link[rel=preload]")
        for tag in loads:
            address = attribute(tag, "src" if tag.has_attr("src") else "href")
            assert address.startswith(f"{BASE}/"), (url, address)
    assert "url(" not in site.read("/assets/main.css")
    assert "@import" not in site.read("/assets/main.css")


def test_canonical_address(site: Built) -> None:
    """Each page names its own full address."""
    for url in site.urls():
        link = the(site.page(url), "link[rel=canonical]")
        assert attribute(link, "href") == f"{HOST}{BASE}{url}"


def test_links_carry_the_base_url(site: Built) -> None:
    """Every link within the site begins with the base URL, and leads to a file."""
    for url in site.urls():
        for link in site.page(url).select("a[href]"):
            address = urlsplit(attribute(link, "href"))
            if address.scheme or address.netloc or not address.path:
                continue
            assert address.path.startswith(f"{BASE}/"), (url, address.path)
            file = site.file(unquote(address.path))
            assert file.is_file() or (file / "index.html").is_file(), (url, address.path)


def test_figures_exist_and_have_sizes(site: Built) -> None:
    """Every figure of an executable post has a file, a size and a text."""
    found = 0
    for url in site.urls():
        for image in site.page(url).select("figure.figure img"):
            address = attribute(image, "src")
            if address.startswith("https://"):
                continue
            found += 1
            assert site.file(address).is_file(), (url, address)
            assert int(attribute(image, "width")) > 0
            assert int(attribute(image, "height")) > 0
            assert attribute(image, "alt"), (url, address)
    assert found >= 4


def test_only_the_first_figure_loads_at_once(post: BeautifulSoup) -> None:
    """The first figure may be visible at once; the others load when a reader comes near."""
    loading = [image.get("loading") for image in post.select("figure img")]
    assert loading == [None, *["lazy"] * (len(loading) - 1)]


def test_figure_text_is_escaped_once(post: BeautifulSoup) -> None:
    """Entities of the include's parameters reach the reader as the characters they represent."""
    figure = post.select("figure.figure")[0]
    assert attribute(the(figure, "img"), "alt") == 'A plot of "a < b" | {{x}}'
    caption = the(figure, "figcaption")
    assert caption.get_text() == "A caption | with code and {% braces"
    assert the(caption, "em").get_text() == "caption"
    assert not caption.select("p")


def test_figure_on_another_host(site: Built) -> None:
    """A full address stays as it is; class and popup mean what they mean in Minimal Mistakes."""
    figure = the(site.page("/plain/"), "figure.figure.align-center")
    link = the(figure, "a.image-popup")
    assert attribute(link, "href") == "https://example.com/remote.svg"
    image = the(link, "img")
    assert attribute(image, "src") == "https://example.com/remote.svg"
    assert not image.has_attr("width")


@pytest.mark.parametrize("around", ["li", "blockquote"])
def test_cells_in_lists_and_quotes_stay_whole(post: BeautifulSoup, around: str) -> None:
    """A cell, its output and its figure inside a list item or a quote stay in it."""
    (box,) = [box for box in post.select(f".post-content {around}") if box.select("pre.output")]
    code = the(box, ".highlight pre code").get_text()
    assert code.startswith(("listed = 1\n\nif listed:\n    listed += 1\n", "quoted = 1\n"))
    assert the(box, "pre.output").get_text() in {"in a list", "in a quote"}
    assert the(box, "figure img")
    assert len(post.select("blockquote")) == 1


def test_hidden_code_folds_without_javascript(post: BeautifulSoup) -> None:
    """A .hide-input cell is complete in a closed <details>, and no other code is in one."""
    folds = post.select("details.cell-fold")
    assert len(folds) == 2
    assert not post.select(".hide-input")
    assert not any(fold.has_attr("open") for fold in folds)
    assert the(folds[0], "summary").get_text() == "Code: MLP.forward 3 lines"
    assert the(folds[1], "summary").get_text() == "Code 4 lines"
    assert the(folds[0], "code:not(p *)").get_text() == 'hidden = "a > b"\n\nagain = 1\n'
    assert all(len(fold.select("pre")) == 1 for fold in folds)


def test_code_is_highlighted_and_exact(post: BeautifulSoup) -> None:
    """Code is coloured, and its text is the source with its last line end."""
    cell = the(post, "#steps")
    assert the(cell, "b").get_text() == "for"
    expected = 'for step in range(3):\n    print("step", step, "a < b & c")  # comment\n'
    assert the(cell, "code").get_text() == expected


def test_transcluded_code_names_its_source(post: BeautifulSoup) -> None:
    """A line over transcluded code names file and symbol, or file and region."""
    sources = [line.get_text() for line in post.select(".cell-source")]
    assert sources == [
        "From src/mnist_post/basics.py · MLP.forward",
        "From src/mnist_post/training.py · one step",
    ]
    assert not post.select("code .cell-source, pre .cell-source")


def test_outputs_differ_by_class_and_keep_their_text(post: BeautifulSoup) -> None:
    """Each kind of output is there, with exactly the text that was written."""
    outputs = post.select("#steps ~ .output")[:5]
    kinds = [attribute(output, "class") for output in outputs]
    assert kinds == [f"output {kind}" for kind in ("stdout", "stderr", "result", "error", "html")]
    assert outputs[0].get_text() == 'step 0 a < b & c\nstep 1 {{x}} | -- "..."'
    assert not any(output.select(".highlight") for output in outputs)


def test_outputs_touch_their_code(post: BeautifulSoup) -> None:
    """Nothing is between a cell and what it printed, so that the two can be drawn joined."""
    for output in post.select("pre.output.stdout"):
        before = output.find_previous_sibling()
        parent = output.find_parent("details", class_="output-fold")
        before = parent.find_previous_sibling() if parent else before
        if before is None or before.name == "summary":
            continue
        assert "highlighter-rouge" in before["class"] or "cell-fold" in before["class"]


def test_tables_scroll_in_a_box(site: Built) -> None:
    """Every table is in a box that scrolls, also one that code printed."""
    for url in site.urls():
        for table in site.page(url).select("table"):
            assert table.parent is not None
            assert table.parent["class"] == ["table-scroll"], url


def test_contents_list(post: BeautifulSoup) -> None:
    """The contents list has the post's headings, linked, and none that code printed."""
    contents = the(post, "nav.toc")
    assert the(contents, "summary").get_text() == "In this fixture"
    links = {link.get_text(): attribute(link, "href") for link in contents.select("a")}
    assert list(links) == [
        "Training it",
        "Folded",
        "In a list and a quote",
        "A table and a console",
    ]
    assert all(post.select(target) for target in links.values())


def test_front_matter_of_minimal_mistakes(site: Built, post: BeautifulSoup) -> None:
    """The keys toc, read_time, share and last_modified_at do what they say, and not unasked."""
    plain = site.page("/plain/")
    for selector in ("nav.toc", ".read-time", ".share", ".dt-updated"):
        assert post.select(selector), selector
        assert not plain.select(selector), selector
    assert attribute(the(post, "time.dt-published"), "datetime").startswith("2024-02-29")
    assert attribute(the(post, "a[rel=prev]"), "href") == f"{BASE}/plain/"
    assert attribute(the(plain, "a[rel=next]"), "href") == f"{BASE}/every-element/"


def test_posts_name_their_own_authors(site: Built) -> None:
    """A post with authors of its own names those, others the site's."""
    meta = the(site.page("/own-card/"), ".post-header .post-meta")
    names = [author.get_text() for author in meta.select(".p-author")]
    assert names == ["Ada <L>", "Grace"]
    assert "Ada <L> and Grace" in meta.get_text()
    assert attribute(the(meta, "a.p-author"), "href") == "https://example.com/grace"
    others = the(site.page("/every-element/"), ".p-author").get_text()
    assert others == "The authors of Executable MNIST"


def test_tag_pages(site: Built, post: BeautifulSoup) -> None:
    """Each tag links to a page of its posts, and is on the page of all tags."""
    tags = {tag.get_text(): attribute(tag, "href") for tag in post.select(".tags a")}
    assert list(tags) == ["machine learning", "C++ & more", "fixture"]
    for name, address in tags.items():
        page = site.page(address.removeprefix(BASE))
        assert name in the(page, "h1").get_text()
        assert page.select(f'a[href="{BASE}/every-element/"]')
        assert site.page("/tags/").select(f'h2 a[href="{address}"]')


def test_home_shows_posts_as_cards(site: Built) -> None:
    """The home page shows each post's title, date, reading time, excerpt and teaser."""
    others = the(site.page("/"), "section[aria-labelledby=posts]")
    cards = others.select(".card")
    dates = [attribute(the(card, ".post-meta > time"), "datetime") for card in cards]
    assert dates == sorted(dates, reverse=True)
    (card,) = [card for card in cards if "Every Element" in card.get_text()]
    assert the(card, ".card-title a").get_text() == 'Every Element: <Tags> & "Quotes" [Part 0]'
    assert the(card, ".card-excerpt").get_text() == "All that a post can hold."
    assert the(card, ".read-time").get_text() == "1 minute read"
    teaser = the(card, "img")
    assert site.file(attribute(teaser, "src")).is_file()


def test_comments_load_only_when_configured_and_published(site: Built, configured: Built) -> None:
    """Comments need a provider, the post's own key, and a production build."""
    assert all(not site.page(url).select(".comments") for url in site.urls())
    script = the(configured.page("/every-element/"), ".comments script")
    assert attribute(script, "repo") == "a/b"
    assert not configured.page("/plain/").select(".comments")


def test_sitemap_has_the_posts(site: Built) -> None:
    """The sitemap lists posts and pages by full address, and not the error page."""
    sitemap = site.read("/sitemap.xml")
    for url in ("/", "/about/", "/every-element/", "/tags/fixture/"):
        assert f"<loc>{HOST}{BASE}{url}</loc>" in sitemap
    assert "404" not in sitemap
    assert f"{HOST}{BASE}/sitemap.xml" in site.read("/robots.txt")


def test_nothing_but_the_site_is_published() -> None:
    """`exclude` names what is in the repository and not of the site: Jekyll publishes the rest."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    tracked = {path.split("/")[0] for path in run(["git", "ls-files"], cwd=ROOT).splitlines()}
    read_by_jekyll = {name for name in tracked if not name.startswith((".", "_"))}
    assert read_by_jekyll - set(config["exclude"]) == {"assets"}


def test_weight(site: Built) -> None:
    """The style sheet stays under 24 KB, without idle spaces, and the scripts under 16 KB."""
    assert len(site.read("/assets/main.css").encode()) < 24_000
    assert not re.search(r"--[\w-]+: ", site.read("/assets/main.css"))
    scripts = [site.read(f"/assets/js/{name}.js") for name in ("site", "search")]
    assert sum(len(script.encode()) for script in scripts) < 16_000


@pytest.mark.parametrize("name", ["site", "configured"])
def test_every_post_is_light(name: str, request: pytest.FixtureRequest) -> None:
    """The HTML of a page stays under 150 KB, uncompressed; with links to a repository, too."""
    built: Built = request.getfixturevalue(name)
    sizes = {url: len(built.read(url).encode()) for url in built.urls()}
    assert {url: n for url, n in sizes.items() if n >= 150_000} == {}


MINIMAL_MISTAKES = {
    *("title", "date", "last_modified_at", "layout", "tags", "categories", "excerpt", "permalink"),
    *("toc", "toc_label", "toc_sticky", "toc_icon", "comments", "share", "related", "read_time"),
    *("classes", "header", "author", "author_profile", "mathjax", "search", "published", "slug"),
}
"""Keys of a post's front matter that mean there what they mean here."""

OURS = {"jupyter", "depends", "series", "part", "subtitle", "description"}
"""Keys that Minimal Mistakes leaves alone, or reads for search engines."""


@pytest.mark.parametrize("path", sorted((ROOT / "_posts").glob("*.md")), ids=lambda path: path.stem)
def test_posts_move_to_minimal_mistakes_unedited(path: Path) -> None:
    """Outside of what builds write, a post is Markdown, values, figures, and known keys."""
    _, front_matter, text = path.read_text(encoding="utf-8").split("---\n", 2)
    assert set(yaml.safe_load(front_matter)) <= MINIMAL_MISTAKES | OURS
    prose = re.sub(r"<!-- output -->.*?<!-- /output -->", "", text, flags=re.DOTALL)
    prose = re.sub(r"^ *(```+|~~~+).*?^ *\1", "", prose, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"`[^`\n]+`", "", prose)
    prose = prose.replace('<div id="digit-demo" markdown="1">', "")  # says what is here only
    prose = prose.replace("({{ site.baseurl }}/", "(/")  # links between parts: any site has it
    tags = re.findall(r"\{%-?\s*(\w+(?:\s+figure\b)?)|\{\{", prose)
    assert set(tags) <= {"include figure", "raw", "endraw"}
    markup = set(re.findall(r"<(\w+)(?![^>]*\bdata-value=)[^>]*>", prose))
    assert markup <= {"br", "sub", "sup", "kbd", "abbr", "mark", "https", "http"}
    classes = set(re.findall(r"^\{:.*?(?<=[ :])\.([\w-]+)", prose, flags=re.MULTILINE))
    known = r"notice(--\w+)?|(hide|remove)-\w+|raises-exception|skip-execution|nbval-ignore-output"
    assert not [name for name in classes if not re.fullmatch(known, name)]


def test_html_proofer_finds_nothing(site: Built) -> None:
    """Links, images and scripts within the site are sound."""
    run(["bundle", "exec", "htmlproofer", "--disable-external", str(site.root)], cwd=site.source)
