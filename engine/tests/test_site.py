import re
from pathlib import Path

import pytest

from post_builder.errors import SiteError
from post_builder.site import Settings, open_site, slug_of


def _configure(root: Path, text: str) -> None:
    root.joinpath("_config.yml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "title: A\n", "post_builder:\n", "post_builder: {}\n"]
)
def test_every_setting_has_a_default(tmp_path: Path, text: str) -> None:
    """A site that says nothing gets what serves."""
    _configure(tmp_path, text)
    assert Settings() == open_site(tmp_path).settings


def test_settings_are_read(tmp_path: Path) -> None:
    """Each setting lands in its field; numbers of the environment become text."""
    _configure(
        tmp_path,
        "post_builder:\n  timeout: 1.5\n  jobs: 3\n  figure_format: png\n  figure_dpi: 96\n"
        "  output_limit: 10\n  tolerance: 1.0e-3\n  environment: {A: 2, B: 'yes'}\n",
    )
    expected = Settings(1.5, 3, "png", 96, 10, 1e-3, {"A": "2", "B": "yes"})
    assert expected == open_site(tmp_path).settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "post_builder:\n  timout: 3\n",
            "_config.yml:2: unknown setting timout\n    timout: 3\nhelp: did you mean timeout?",
        ),
        ("post_builder:\n  colour: 3\n", "_config.yml:2: unknown setting colour"),
        ("timeout: x\npost_builder:\n  timeout: soon\n", "_config.yml:3: timeout must be a number"),
        ("post_builder:\n  timeout: -1\n", "_config.yml:2: timeout must be"),
        ("post_builder:\n  timeout: .nan\n", "_config.yml:2: timeout must be"),
        (
            "post_builder:\n\n  jobs: 0\n",
            "_config.yml:3: jobs must be a whole number above 0, not 0",
        ),
        ("post_builder:\n  jobs: true\n", "_config.yml:2: jobs must be"),
        ("post_builder:\n  jobs: 1.5\n", "_config.yml:2: jobs must be"),
        ("post_builder: {figure_format: pdf}\n", "_config.yml:1: figure_format must be svg or png"),
        ("post_builder:\n  figure_format: [svg]\n", "_config.yml:2: figure_format must be"),
        ("post_builder:\n  output_limit: many\n", "_config.yml:2: output_limit must be"),
        ("post_builder:\n  environment: [A]\n", "_config.yml:2: environment must be"),
        ("post_builder:\n  environment:\n    A: on\n", "_config.yml:2: environment must be"),
        ("post_builder: 3\n", "_config.yml:1: post_builder: must be a mapping"),
        ("title: 'x\n", "_config.yml:2: not valid YAML"),
        ("a: b: c\n", "_config.yml:1: not valid YAML"),
        ("date: 2020-99-01\n", "_config.yml: not valid YAML: month must be in 1..12"),
        ("- a\n", "_config.yml:1: no mapping"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    """A slip in `_config.yml` is said before anything runs."""
    _configure(tmp_path, text)
    with pytest.raises(SiteError, match=re.escape(message)):
        open_site(tmp_path)


def test_a_folder_without_config_is_no_site(tmp_path: Path) -> None:
    """The message says how to name another folder."""
    with pytest.raises(SiteError, match="--site DIR"):
        open_site(tmp_path)


def test_posts_are_the_markdown_files_under_posts(blog: Path) -> None:
    """In subfolders too, in order; hidden files and others are none."""
    for name in ("b.md", "a.markdown", "sub/c.md", ".hidden.md", "notes.txt", "d.html"):
        path = blog / "_posts" / f"2020-01-01-{name}"
        path = blog / "_posts" / name if name.startswith(("sub", ".")) else path
        path.parent.mkdir(exist_ok=True)
        path.touch()
    blog.joinpath("_posts/folder.md").mkdir()
    site = open_site(blog)
    expected = ["_posts/2020-01-01-a.markdown", "_posts/2020-01-01-b.md", "_posts/sub/c.md"]
    assert expected == [site.shown(path) for path in site.posts()]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("2018-01-28-mnist-part-1.md", "mnist-part-1"),
        ("2018-1-8-2-times-2.md", "2-times-2"),
        ("undated.md", "undated"),
        ("2020-01-01-a.b.md", "a.b"),
    ],
)
def test_a_slug_is_the_name_without_its_date(name: str, slug: str) -> None:
    """As Jekyll names a post."""
    assert slug == slug_of(Path("_posts", name))
