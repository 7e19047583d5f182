"""What every post of the series keeps to, read from its text: nothing is run here."""

import ast
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from post_builder.site import open_site
from post_builder.sources.find import find_snippet

ROOT = Path(__file__).parents[2]
BLOG = open_site(ROOT)
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```\n(\{:.*\}\n)?", re.MULTILINE)
REGION = re.compile(r"\n*<!-- output -->\n.*?<!-- /output -->\n", re.DOTALL)
SLUG = "mnist-classifier-with-pytorch-part"
VALUE = re.compile(r'<span data-value="([^"]*)">([^<]*)</span>')


@dataclass(frozen=True)
class Text:
    """A post, taken apart."""

    path: Path
    matter: dict[str, object]
    body: str
    """All after the front matter, without output regions."""
    cells: list[tuple[str, str]]
    """Code and options of every Python fence."""
    prose: str
    """The body without fences and their options."""


def read(path: Path) -> Text:
    """Take a post apart."""
    _, matter, body = path.read_text(encoding="utf-8").split("---\n", 2)
    body = REGION.sub("\n", body)
    cells = [(m[2], m[3] or "") for m in FENCE.finditer(body) if m[1] == "python"]
    return Text(path, yaml.safe_load(matter), body, cells, FENCE.sub("", body))


TEXTS = [read(path) for path in sorted((ROOT / "_posts").glob("*.md"))]
POSTS = [text for text in TEXTS if "jupyter" in text.matter]


def option(options: str, name: str) -> str | None:
    """Return the value of an option, or None."""
    found = re.search(rf'{name}="([^"]*)"', options)
    return found[1] if found else None


def source(spec: str) -> str:
    """Return the text that a cell takes from elsewhere, as the engine cuts it out."""
    return find_snippet(spec, BLOG).code


def code(post: Text) -> list[tuple[str, str]]:
    """Return the cells as a reader sees them: transcluded ones filled."""
    specs = [(text, options, option(options, "data-source")) for text, options in post.cells]
    return [(source(spec) if spec else text, options) for text, options, spec in specs]


@pytest.fixture(params=POSTS, ids=lambda post: post.path.stem)
def post(request: pytest.FixtureRequest) -> Text:
    """Return each post in turn."""
    text: Text = request.param
    return text


def test_there_are_posts() -> None:
    """The tests of this file have something to look at."""
    assert POSTS


def test_front_matter(post: Text) -> None:
    """A post has the keys that both themes know, and the kernel that runs it."""
    keys = {"layout", "title", "date", "tags", "excerpt", "comments", "toc", "jupyter", "depends"}
    assert set() == keys - post.matter.keys()
    assert "single" == post.matter["layout"]
    assert post.path.name.startswith(str(post.matter["date"]))


def test_declared_dependencies_exist(post: Text) -> None:
    """Every pattern in `depends` matches a file."""
    patterns = post.matter["depends"]
    assert isinstance(patterns, list)
    assert [] == [pattern for pattern in patterns if not any(ROOT.glob(pattern))]


def test_part_1_keeps_the_authors_front_matter() -> None:
    """Title, date, tags and excerpt are the author's."""
    matter = next(post.matter for post in POSTS if post.path.stem.endswith("pytorch-part-1"))
    expected = {
        "layout": "single",
        "title": "MNIST Classifier with Pytorch [Part I]",
        "tags": ["machine learning", "pytorch", "neural network"],
        "excerpt": "Machine Learning, Programming, Pytorch",
        "comments": True,
        "toc": True,
    }
    assert expected == {key: matter[key] for key in expected}
    assert "2018-01-28" == str(matter["date"])


def test_no_includes_but_figures(post: Text) -> None:
    """A post calls nothing that another theme does not have."""
    assert set() == set(re.findall(r"\{%-?\s*(.*?)\s", post.prose)) - {"include"}
    assert set() == set(re.findall(r"\{% include (\S+)", post.prose)) - {"figure"}


def test_no_pictures_from_elsewhere(post: Text) -> None:
    """All figures come from the code: nothing is linked hot from another site."""
    assert [] == re.findall(r"!\[.*?\]\(.*?\)|<img", post.prose)


def test_headings_skip_no_level(post: Text) -> None:
    """Headings begin at level two and go down one level at a time."""
    levels = [1] + [len(mark) for mark in re.findall(r"^(#+) ", post.prose, re.MULTILINE)]
    assert [] == [(a, b) for a, b in pairwise(levels) if b > a + 1 or b < 2]


def anchors(post: Text) -> set[str]:
    """Return what a link can lead to: the headings, as kramdown names them."""
    headings = re.findall(r"^#+ (.*)$", post.prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


def test_links_inside_the_post_lead_somewhere(post: Text) -> None:
    """Every anchor is a heading."""
    assert set() == set(re.findall(r"\]\(#(.*?)\)", post.prose)) - anchors(post)


def test_links_to_other_parts_lead_somewhere(post: Text) -> None:
    """A link to a section of another part names a heading that is there."""
    links = re.findall(r"\]\(\{\{ site\.baseurl \}\}/([\w-]+)/#([\w-]+)\)", post.prose)
    parts = {other.path.stem[len("2018-01-28-") :]: other for other in POSTS}
    assert [] == [(part, anchor) for part, anchor in links if anchor not in anchors(parts[part])]


def test_every_detour_is_a_box(post: Text) -> None:
    """A paragraph that begins as a detour is set apart, and nothing else is."""
    paragraphs = [text.strip() for text in post.prose.split("\n\n")]
    detours = [text for text in paragraphs if text.startswith("**Detour.**")]
    assert detours
    assert detours == [text for text in paragraphs if text.endswith("{: .notice--info}")]


NUMERALS = ["I", "II", "III", "IV", "V"]


@pytest.mark.parametrize(("number", "least"), [(2, 30), (3, 8), (4, 7)])
def test_terms_name_the_sections_that_they_link_to(number: int, least: int) -> None:
    """A row of a table of terms says the part and the heading that its link leads to."""
    form = r"^\| .* \| \[Part ([IV]+), (.*)\]\((.*)\) \|$"
    rows = re.findall(form, POSTS[number].prose, re.MULTILINE)
    assert len(rows) > least
    for part, heading, link in rows:
        address, anchor = link.split("#")
        place = NUMERALS.index(part)
        expected = "" if place == number else f"{{{{ site.baseurl }}}}/{SLUG}-{place + 1}/"
        assert expected == address
        assert re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") == anchor


def test_fences_are_one_word(post: Text) -> None:
    """Options are never on the fence line, which kramdown would not read as a fence then."""
    assert [] == [m[1] for m in FENCE.finditer(post.body) if not re.fullmatch(r"\w+", m[1])]


def test_names_of_cells_are_unique(post: Text) -> None:
    """Every cell has a name of its own."""
    names = [(re.search(r"#([\w-]+)", options) or [None, None])[1] for _, options in post.cells]
    assert None not in names
    assert len(set(names)) == len(names)


def test_figures_have_alt_and_caption(post: Text) -> None:
    """A cell that shows a figure says what it shows and what to see; no other cell does."""
    for text, options in post.cells:
        shows = "plt.show()" in text
        for name in ("data-alt", "data-caption"):
            assert shows == bool(option(options, name)), (name, options)


def test_one_figure_a_cell(post: Text) -> None:
    """A cell shows one figure, at its end, as a script would."""
    for text, _ in post.cells:
        assert text.count("plt.show()") in {0, 1}
        if "plt.show()" in text:
            assert text.endswith("plt.show()\n")


def test_sources_resolve(post: Text) -> None:
    """Every transcluded symbol exists."""
    specs = [spec for _, options in post.cells if (spec := option(options, "data-source"))]
    assert specs
    assert all(source(spec) for spec in specs)


def test_nothing_is_transcluded_twice(post: Text) -> None:
    """A function is in a post only once."""
    specs = [spec for _, options in post.cells if (spec := option(options, "data-source"))]
    assert len(set(specs)) == len(specs)


def test_code_is_python(post: Text) -> None:
    """Cells joined in order are one Python program."""
    ast.parse("\n".join(text for text, _ in code(post)))


def test_our_packages_are_not_imported(post: Text) -> None:
    """A reader needs nothing of ours."""
    text = "\n".join(text for text, _ in code(post))
    assert not re.search(r"(mnist_post|post_builder)", text)


def test_lines_of_code_fit_the_column(post: Text) -> None:
    """No line of code, comment or docstring is longer than a page shows unscrolled."""
    lines = [line for text, _ in code(post) for line in text.splitlines()]
    assert [] == [line for line in lines if len(line) > 88]


OUTDATED = [r"\.cuda\(", r"\bVariable\(", r"\.next\(\)", r"ToTensor", r"Dropout2d"]


@pytest.mark.parametrize("pattern", OUTDATED)
def test_no_outdated_api(post: Text, pattern: str) -> None:
    """Code that is taught is code of today."""
    assert not re.search(pattern, "\n".join(text for text, _ in code(post)))


def test_no_liquid_in_code(post: Text) -> None:
    """No code holds what Liquid would eat."""
    assert [] == [text for text, _ in code(post) if "{{" in text or "{%" in text]


def test_values_are_expressions(post: Text) -> None:
    """Every number in prose is the inside of the braces of an f-string."""
    values = VALUE.findall(post.prose)
    assert len(values) >= 12
    assert len(values) == post.prose.count("data-value")
    for expression, _ in values:
        ast.parse(f"f'''{{{expression}}}'''")


def test_values_are_below_a_cell(post: Text) -> None:
    """A value is computed by a cell above it."""
    assert post.body.index("```python") < post.body.index("data-value")


def test_no_percentage_is_typed(post: Text) -> None:
    """A percentage in prose is injected, or somebody else's, and then linked in that line."""
    prose = VALUE.sub("", post.prose)
    typed = [line for line in prose.splitlines() if re.search(r"\d ?%", line)]
    assert [] == [line for line in typed if "](https://" not in line]


def test_prose_is_safe_for_kramdown(post: Text) -> None:
    """No sentence becomes a table, and no quote is left inside an attribute."""
    lines = [line for line in post.prose.splitlines() if not line.startswith("| ")]  # a table
    assert [] == [line for line in lines if " | " in line]
    options = [options for _, options in post.cells]
    assert [] == [line for line in options if line.count('"') % 2 or "|" in line]


def test_a_sentence_a_line(post: Text) -> None:
    """Prose has one sentence on a line, so that a change shows as that sentence."""
    lines = [line for line in post.prose.splitlines() if not re.match(r"\d+\. |[#|<{]", line)]
    assert [] == [line for line in lines if re.search(r"[a-z)]\. [A-Z]", line)]


def part_1() -> Text:
    """Return Part I."""
    return next(post for post in POSTS if post.path.stem.endswith("pytorch-part-1"))


def test_part_1_has_its_figures() -> None:
    """Part I shows at least eight figures."""
    assert sum("plt.show()" in text for text, _ in part_1().cells) >= 8


def test_part_1_is_read_in_an_evening() -> None:
    """At 200 words and 20 open lines of code a minute it leaves five minutes of 30 for running."""
    text = re.sub(r"</?span[^>]*>|\]\([^)]*\)", " ", part_1().prose)
    words = len(re.findall(r"\w[\w'.,-]*", text))
    opened = [text for text, options in code(part_1()) if "hide-input" not in options]
    lines = sum(bool(line.strip()) for text in opened for line in text.splitlines())
    assert words < 2600
    assert lines < 200
    assert words / 200 + lines / 20 < 25


def defined(text: str) -> set[str]:
    """Return the functions and classes that a cell defines."""
    return {m[1] for m in re.finditer(r"^(?:def|class) (\w+)", text, re.MULTILINE)}


def made(part: int) -> set[str]:
    """Return what a part teaches: what it transcludes and no earlier part did."""
    cells = [text for text, options in code(POSTS[part]) if "data-source" in options]
    earlier = [made(number) for number in range(part)]
    return set().union(*map(defined, cells)).difference(*earlier)


@pytest.mark.parametrize(
    ("later", "earlier", "most"),
    [(1, 0, 1), (2, 0, 1), (2, 1, 2), (3, 0, 1), (3, 1, 2), (4, 0, 1), (4, 1, 1)],
)
def test_a_later_part_brings_what_an_earlier_one_made_folded(
    later: int, earlier: int, most: int
) -> None:
    """What was explained before is folded: a block per module that it comes from."""
    folds = [options for text, options in code(POSTS[later]) if defined(text) & made(earlier)]
    assert 1 <= len(folds) <= most
    assert all("hide-input" in options for options in folds)


def test_a_later_part_opens_with_one_fold(post: Text) -> None:
    """After the first block, a reader meets code of the part itself."""
    if post.path != POSTS[0].path:
        first, second, *_ = (options for _, options in post.cells)
        assert option(first, "data-source") in {
            "mnist_post.basics#basics",
            "mnist_post.basics#tools",
        }
        assert "hide-input" not in second
