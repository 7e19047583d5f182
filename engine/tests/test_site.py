"""A Jekyll site: its posts, and where builds put things."""

import re
from pathlib import Path

import pytest

from post_builder.errors import SiteError
from post_builder.jekyll.publishing import zone_of
from post_builder.settings import Settings
from post_builder.site import open_site, slug_of


def _configure(root: Path, text: str) -> None:
    root.joinpath("_config.yml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("title: A\n", ""),
        ("url: https://a.example\n", "https://a.example"),
        ("url: https://a.example\nbaseurl: /blog\n", "https://a.example/blog"),
        ("url:\nbaseurl: /blog\n", "/blog"),
    ],
)
def test_a_site_knows_where_it_is_published(tmp_path: Path, text: str, url: str) -> None:
    """The address is that of `_config.yml`, with the base URL."""
    _configure(tmp_path, text)
    site = open_site(tmp_path)
    assert (tmp_path, Settings(), url) == (site.root, site.settings, site.url)


def test_settings_are_those_of_the_config_file(tmp_path: Path) -> None:
    """They are under `post_builder:`."""
    _configure(tmp_path, "jobs: 5\npost_builder: {jobs: 2}\n")
    assert Settings(jobs=2) == open_site(tmp_path).settings


def test_the_root_is_absolute_and_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths in outputs and observations are compared with it."""
    tmp_path.joinpath("site").mkdir()
    tmp_path.joinpath("link").symlink_to("site")
    _configure(tmp_path / "site", "")
    monkeypatch.chdir(tmp_path)
    assert tmp_path.resolve() / "site" == open_site(Path("link")).root


def test_a_config_file_with_odd_bytes_is_read(tmp_path: Path) -> None:
    """A title in another encoding is Jekyll's problem."""
    tmp_path.joinpath("_config.yml").write_bytes(b"title: caf\xe9\npost_builder: {jobs: 3}\n")
    assert 3 == open_site(tmp_path).settings.jobs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: 'x\n", "_config.yml:2: not valid YAML: found unexpected end of stream"),
        (
            "a: b: c\n",
            "_config.yml:1: not valid YAML: mapping values are not allowed in this context",
        ),
        ("date: 2020-99-01\n", "_config.yml:1: not valid YAML: month must be in 1..12"),
        ("- a\n", "_config.yml:1: not a mapping of keys to values"),
        (
            "\npost_builder:\n  timout: 3\n",
            "_config.yml:3: unknown setting timout\n    timout: 3\nhelp: did you mean timeout?",
        ),
    ],
)
def test_a_mistake_in_the_config_file_has_its_line(tmp_path: Path, text: str, message: str) -> None:
    """It is reported before anything runs."""
    _configure(tmp_path, text)
    with pytest.raises(SiteError, match=f"^{re.escape(message)}$"):
        open_site(tmp_path)


def test_a_folder_without_config_is_not_a_site(tmp_path: Path) -> None:
    """The message says how to name another folder."""
    expected = (
        f"there is no _config.yml in {tmp_path}\n"
        "help: run the command at the root of a Jekyll site, or name one with --site DIR"
    )
    with pytest.raises(SiteError) as caught:
        open_site(tmp_path)
    assert expected == str(caught.value)


def test_posts_are_the_markdown_files_under_posts(blog: Path) -> None:
    """They are found in subfolders too, in order; hidden files and other kinds are not posts."""
    posts = ["a.markdown", "b.md", "sub/c.mkd", "sub/d.mkdn", "sub/e.mkdown"]
    names = [*reversed(posts), ".hidden.md", "notes.txt", "d.html", "e.MD"]
    for name in names:
        path = blog / "_posts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("---\njupyter: python3\n---\n", encoding="utf-8")
    blog.joinpath("_posts/folder.md").mkdir()
    blog.joinpath("_posts/not-executable.md").write_text("---\n---\n", encoding="utf-8")
    site = open_site(blog)
    assert [f"_posts/{name}" for name in posts] == [site.relative(p) for p in site.posts()]


def test_a_site_without_posts_has_none(tmp_path: Path) -> None:
    """The folder need not exist."""
    _configure(tmp_path, "")
    assert [] == list(open_site(tmp_path).posts())
    assert [] == open_site(tmp_path).records()


def test_what_builds_make_has_its_place(blog: Path) -> None:
    """Records, figures and downloads are named after the slug of their post."""
    site = open_site(blog)
    assert blog / "_data/builds/a.json" == site.record("a")
    assert "assets/images/a" == site.figures("a")
    assert "assets/notebooks/a.ipynb" == site.download("a", ".ipynb")
    site.record("a").parent.mkdir(parents=True)
    for name in ("b.json", "a.json", "notes.md"):
        site.record("a").with_name(name).touch()
    assert [site.record("a"), site.record("b")] == site.records()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("2018-01-28-mnist-part-1.md", "mnist-part-1"),
        ("2018-1-8-2-times-2.md", "2-times-2"),
        ("undated.md", "undated"),
        ("2020-01-01-a.b.md", "a.b"),
        ("part-2020-01-01-a.md", "part-2020-01-01-a"),
    ],
)
def test_a_slug_is_the_name_without_its_date(name: str, slug: str) -> None:
    """It is the name that Jekyll gives the post."""
    assert slug == slug_of(Path("_posts", name))


@pytest.mark.parametrize("source", ["..", "../other", "link", "docs/../../other"])
def test_sources_out_of_the_site_are_refused(tmp_path: Path, source: str) -> None:
    """Else `clean` would empty, and `init` change, another folder than the one it is given."""
    root = tmp_path / "site"
    for folder in (root / "docs", tmp_path / "other"):
        folder.mkdir(parents=True)
    root.joinpath("link").symlink_to(tmp_path / "other")
    root.joinpath("_config.yml").write_text(f"source: {source}\n", encoding="utf-8")
    with pytest.raises(SiteError, match=f"_config.yml:1: source: {source} leads out of the site"):
        open_site(root)


@pytest.mark.parametrize("name", ["a" * 5000, '"\\0"', "../..", "x/../../.."])
def test_names_that_no_folder_has_count_as_not_given(tmp_path: Path, name: str) -> None:
    """As Jekyll's own; one of `source:` is an error, since all else would be elsewhere."""
    text = f"collections_dir: {name}\ncollections: [{name}]\ndestination: {name}\ntimezone: {name}"
    tmp_path.joinpath("_config.yml").write_text(text, encoding="utf-8")
    tmp_path.joinpath("_posts").mkdir()
    site = open_site(tmp_path)
    assert ("", (), "_site") == (
        site.jekyll.collections_dir,
        site.jekyll.collections,
        site.jekyll.destination,
    )
    assert [] == list(site.posts())
    assert zone_of(site.jekyll) is None
    tmp_path.joinpath("_config.yml").write_text(f"source: {name}\n", encoding="utf-8")
    with pytest.raises(SiteError, match=r"_config.yml:1: "):
        open_site(tmp_path)
