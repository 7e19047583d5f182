"""Removing files that builds made, and no others."""

from dataclasses import replace
from pathlib import Path

import pytest

from post_builder.files import digest
from post_builder.freshness.record import Record
from post_builder.pipeline.made_files import remove_all, remove_orphans, remove_outdated
from post_builder.site import Site, open_site


def _record(site: Site, slug: str, *made: str) -> Record:
    """Write files, and the record of a post that made them."""
    for path in made:
        site.root.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
        site.root.joinpath(path).write_text(path, encoding="utf-8")
    record = Record(
        post=f"_posts/{slug}.md",
        text="",
        kernel="python3",
        settings="",
        cells=(),
        values=(),
        figures={path: digest(path) for path in made if "images" in path},
        downloads={path: digest(path) for path in made if "images" not in path},
        files={},
        declared={},
        python="",
        packages={},
    )
    site.record(slug).parent.mkdir(parents=True, exist_ok=True)
    site.record(slug).write_text(record.to_json(), encoding="utf-8")
    return record


def _files(site: Site) -> set[str]:
    return {site.relative(path) for path in site.root.rglob("*") if path.is_file()}


@pytest.fixture
def site(blog: Path) -> Site:
    """Open the smallest site."""
    return open_site(blog)


def test_what_a_build_no_longer_makes_is_removed(site: Site) -> None:
    """A file that it makes again stays, with whatever content."""
    before = _record(site, "a", "assets/images/a/x.svg", "assets/images/a/y.svg")
    now = replace(before, figures={"assets/images/a/y.svg": "other"})
    assert ["assets/images/a/x.svg"] == remove_outdated(site, before, now)
    assert {"_config.yml", "_data/builds/a.json", "assets/images/a/y.svg"} == _files(site)


def test_a_first_build_removes_nothing(site: Site) -> None:
    """There is no record of what was made."""
    now = _record(site, "a", "assets/images/a/x.svg")
    before = _files(site)
    assert [] == remove_outdated(site, None, now)
    assert before == _files(site)


def test_a_post_goes_with_everything_that_was_made_for_it(site: Site) -> None:
    """Figures, downloads, record and the folders that become empty; the site's folder stays."""
    made = "assets/images/a/x.svg", "assets/notebooks/a.ipynb"
    record = _record(site, "a", *made)
    assert [*made, "_data/builds/a.json"] == remove_all(site, "a", record)
    assert {"_config.yml"} == _files(site)
    assert not site.root.joinpath("assets").exists()


def test_files_of_the_author_stay(site: Site) -> None:
    """So do files that were changed since the build, and those that another post made."""
    made = "assets/images/a/x.svg", "assets/images/a/y.svg", "assets/images/a/z.svg"
    record = _record(site, "a", *made)
    _record(site, "b", "assets/images/a/y.svg")
    site.root.joinpath("assets/images/a/z.svg").write_text("edited", encoding="utf-8")
    site.root.joinpath("assets/images/a/own.png").touch()
    assert ["assets/images/a/x.svg", "_data/builds/a.json"] == remove_all(site, "a", record)
    names = {path.name for path in site.root.joinpath("assets/images/a").iterdir()}
    assert {"y.svg", "z.svg", "own.png"} == names


def test_a_file_that_is_gone_is_not_missed(site: Site) -> None:
    """Its author removed it first."""
    record = _record(site, "a", "assets/images/a/x.svg")
    site.root.joinpath("assets/images/a/x.svg").unlink()
    assert ["_data/builds/a.json"] == remove_all(site, "a", record)


def test_only_posts_that_are_gone_leave_orphans(site: Site) -> None:
    """What was made for a post that exists is not touched."""
    _record(site, "a", "assets/images/a/x.svg")
    _record(site, "b", "assets/images/b/x.svg")
    site.root.joinpath("_posts/b.md").touch()
    assert ["assets/images/a/x.svg", "_data/builds/a.json"] == remove_orphans(site)
    assert [] == remove_orphans(site)
    assert site.root.joinpath("assets/images/b/x.svg").exists()


@pytest.mark.parametrize("data", [b"{", b'{"format": 1}'])
def test_no_orphan_is_removed_while_a_record_cannot_be_read(site: Site, data: bytes) -> None:
    """The post of that record may have made the same files."""
    _record(site, "a", "assets/images/a/x.svg")
    site.record("b").write_bytes(data)
    before = _files(site)
    assert [] == remove_orphans(site)
    assert before == _files(site)


def test_records_of_another_format_are_left_alone(site: Site) -> None:
    """What they say cannot be known."""
    site.record("a").parent.mkdir(parents=True)
    site.record("a").write_text('{"format": 0, "post": "_posts/a.md"}', encoding="utf-8")
    assert [] == remove_orphans(site)
    assert site.record("a").exists()
