"""Names of posts: of their records, downloads and folders of figures."""

from pathlib import Path

import pytest
from toysite import HEADER

from post_builder.errors import FileError
from post_builder.pipeline.names import post_names
from post_builder.site import open_site


def _names(root: Path, *posts: str, header: str = HEADER) -> list[str]:
    """Write posts, and return their names."""
    for post in posts:
        path = root / "_posts" / post
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(header, encoding="utf-8")
    names = post_names(open_site(root))
    return [names.get(root / "_posts" / post, "") for post in posts]


def test_a_post_is_named_after_its_slug(blog: Path) -> None:
    """Posts that do not run have no name, and take none from others."""
    plain = _names(blog, "2019-01-01-a.md", header="---\ntitle: x\n---\n")
    assert [""] == plain
    assert ["a", "b_C-2"] == _names(blog, "2020-01-01-a.md", "2020-01-02-b_C-2.md")


def test_posts_of_one_slug_are_named_after_their_dates(blog: Path) -> None:
    """Neither takes the other's record, whatever was built first."""
    expected = ["2018-01-01-new-year", "2019-01-01-new-year", "other"]
    posts = "2018-01-01-new-year.md", "2019-01-01-new-year.md", "2019-01-01-other.md"
    assert expected == _names(blog, *posts)


def test_posts_of_one_slug_and_date_are_named_after_their_folders(blog: Path) -> None:
    """Two languages, for instance."""
    expected = ["de-2020-01-01-a", "en-2020-01-01-a"]
    assert expected == _names(blog, "de/2020-01-01-a.md", "en/2020-01-01-a.md")


def test_no_two_posts_ever_share_a_name(blog: Path) -> None:
    """Not by their extension, by case, or because a slug is like another post's date."""
    posts = (
        *("2020-01-01-a.md", "2020-01-01-a.markdown", "2020-01-02-A.md", "2020-01-03-Über.md"),
        *("2020-01-04-über.md", "x/2020-01-01-a.md", "x-2020-01-01-a.md", "2020-01-01-....md"),
    )
    names = _names(blog, *posts)
    assert len(posts) == len({name.casefold() for name in names})
    assert all(names)


def test_the_slug_of_the_front_matter_counts(blog: Path) -> None:
    """As it does for Jekyll; a number is a slug as well, and a list is not."""
    for slug, expected in (("kurz", "kurz"), ("2020", "2020"), ("[a]", "a"), ("''", "a")):
        header = HEADER.replace("---\n", f"---\nslug: {slug}\n", 1)
        assert [expected] == _names(blog, "2020-01-01-a.md", header=header)


@pytest.mark.parametrize(
    ("post", "name"),
    [
        ("2020-01-01-pytorch-2.0.md", "pytorch-2-0"),
        ("2020-01-01-...md", "2020-01-01"),
        ("2020-01-01-Über Größe.md", "Uber-Grosse"),
        ("2020-01-01-東京の雨.md", "Dong-Jing-noYu"),
        ("2020-01-01-_draft.md", "draft"),
        (f"2020-01-01-{'x' * 200}.md", "x" * 100),
        ("..md", ""),
    ],
)
def test_a_name_is_one_for_jekyll_and_for_every_file_system(
    blog: Path, post: str, name: str
) -> None:
    """Jekyll drops dots from keys of data, and does not publish what starts with `_`."""
    assert [name] == _names(blog, post)


def test_a_slug_cannot_lead_to_another_folder(blog: Path) -> None:
    """`..` would write `assets/favicon.svg`."""
    header = HEADER.replace("---\n", "---\nslug: ../../x\n", 1)
    assert ["x"] == _names(blog, "2020-01-01-a.md", header=header)
    header = HEADER.replace("---\n", "---\nslug: '..'\n", 1)
    assert ["2020-01-01-a"] == _names(blog, "2020-01-01-a.md", header=header)


def test_a_post_that_cannot_be_read_keeps_its_name(blog: Path) -> None:
    """Its author is probably editing it; another of its slug is not renamed for that."""
    _names(blog, "2020-01-01-a.md")
    assert [HEADER, "a"] == [HEADER, *_names(blog, "2020-01-01-a.md", header="---\n: [\n---\n")]


def test_a_folder_that_cannot_be_listed_is_an_error(
    blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all its posts would seem to be gone."""

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(FileError, match=r"^_posts: this folder cannot be listed: Permission den"):
        post_names(open_site(blog))
