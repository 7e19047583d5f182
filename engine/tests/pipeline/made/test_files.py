"""Removing files that builds made, and no others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from post_builder.files import digest
from post_builder.freshness.record import Made, Record
from post_builder.pipeline.made import removed
from post_builder.pipeline.made.files import Orphans, remove_all, remove_orphans, remove_outdated
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import post_names
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
        downloads={path: digest(path) for path in made if "notebooks" in path},
        products={path: digest(path) for path in made if "models" in path},
        files={},
        declared={},
        python="",
        packages={},
    )
    site.record(slug).parent.mkdir(parents=True, exist_ok=True)
    site.record(slug).write_text(record.to_json(), encoding="utf-8")
    return record


def _made(record: Record) -> Made:
    files = record.figures, record.downloads
    return Made(record.format, record.post, *files, products=record.products)


def _remove_orphans(site: Site) -> Orphans:
    return remove_orphans(site, post_names(site))


def _files(site: Site) -> set[str]:
    """Return all files but the engine's own."""
    paths = {site.relative(path) for path in site.root.rglob("*") if path.is_file()}
    return {path for path in paths if not path.startswith(".post-builder/")}


def _put_away(site: Site) -> list[str]:
    """Return the contents of what was removed, oldest first."""
    files = sorted((site.root / ".post-builder/removed").glob("*"))
    return [file.read_text(encoding="utf-8") for file in files]


@pytest.fixture
def site(blog: Path) -> Site:
    """Open the smallest site."""
    return open_site(blog)


def test_what_a_build_no_longer_makes_is_removed(site: Site) -> None:
    """A file that it makes again stays, with whatever content."""
    before = _record(site, "a", "assets/images/a/x.svg", "assets/images/a/y.svg")
    now = replace(before, figures={"assets/images/a/y.svg": "other"})
    assert remove_outdated(MadeProducts(site), "a", _made(before), now) == ["assets/images/a/x.svg"]
    assert {"_config.yml", "_data/builds/a.json", "assets/images/a/y.svg"} == _files(site)


def test_a_first_build_removes_nothing(site: Site) -> None:
    """There is no record of what was made."""
    now = _record(site, "a", "assets/images/a/x.svg")
    before = _files(site)
    assert [] == remove_outdated(MadeProducts(site), "a", None, now)
    assert before == _files(site)


def test_a_post_goes_with_everything_that_was_made_for_it(site: Site) -> None:
    """Figures, downloads, record and the folders that become empty; the site's folder stays."""
    made = "assets/images/a/x.svg", "assets/notebooks/a.ipynb"
    record = _record(site, "a", *made)
    assert [*made, "_data/builds/a.json"] == remove_all(MadeProducts(site), "a", _made(record))
    assert {"_config.yml"} == _files(site)
    assert not site.root.joinpath("assets").exists()


def test_files_of_the_author_stay(site: Site) -> None:
    """So do files that were changed since the build."""
    record = _record(site, "a", "assets/images/a/x.svg", "assets/images/a/z.svg")
    site.root.joinpath("assets/images/a/z.svg").write_text("edited", encoding="utf-8")
    site.root.joinpath("assets/images/a/own.png").touch()
    assert remove_all(MadeProducts(site), "a", _made(record)) == [
        "assets/images/a/x.svg",
        "_data/builds/a.json",
    ]
    names = {path.name for path in site.root.joinpath("assets/images/a").iterdir()}
    assert {"z.svg", "own.png"} == names


def test_a_file_that_is_gone_is_not_missed(site: Site) -> None:
    """Its author removed it first."""
    record = _record(site, "a", "assets/images/a/x.svg")
    site.root.joinpath("assets/images/a/x.svg").unlink()
    assert remove_all(MadeProducts(site), "a", _made(record)) == ["_data/builds/a.json"]


def test_only_posts_that_are_gone_leave_orphans(site: Site) -> None:
    """What was made for a post that exists is not touched."""
    _record(site, "a", "assets/images/a/x.svg")
    _record(site, "b", "assets/images/b/x.svg")
    site.root.joinpath("_posts/b.md").touch()
    gone = "assets/images/a/x.svg", "_data/builds/a.json"
    assert Orphans(gone) == _remove_orphans(site)
    assert Orphans() == _remove_orphans(site)
    assert site.root.joinpath("assets/images/b/x.svg").exists()


def test_a_record_does_not_take_the_product_of_another_post(site: Site) -> None:
    """Whether its own post took it over from one that is gone, or a stranger wrote the record."""
    _record(site, "a", "assets/models/x.bin", "assets/models/y.bin")
    _record(site, "b", "assets/models/x.bin")
    site.root.joinpath("_posts/b.md").touch()
    assert Orphans(("assets/models/y.bin", "_data/builds/a.json")) == _remove_orphans(site)
    assert {"_config.yml", "_posts/b.md", "_data/builds/b.json", "assets/models/x.bin"} == _files(
        site
    )


def test_a_file_of_the_author_that_a_record_names_can_be_had_back(site: Site) -> None:
    """A stranger may know its digest, and write a record with it; many do not push it out."""
    files = [f"assets/models/{number:02}.bin" for number in range(30)]
    _record(site, "a", "assets/images/a/x.svg", "assets/notebooks/a.py", *files)
    gone = _remove_orphans(site).removed
    assert {"_config.yml"} == _files(site)
    assert {*gone} - {"_data/builds/a.json"} == {*_put_away(site)}


def test_what_was_removed_is_kept_for_a_month(site: Site) -> None:
    """What is older goes with the next removal; files of another name stay."""
    folder = site.root / ".post-builder/removed"
    folder.mkdir(parents=True)
    for name in ("20200101T000000.000000Z-old.svg", "notes.txt"):
        folder.joinpath(name).write_text(name, encoding="utf-8")
    _record(site, "a", "assets/images/a/x.svg")
    _remove_orphans(site)
    assert ["assets/images/a/x.svg", "notes.txt"] == _put_away(site)


def test_files_of_one_name_that_are_removed_at_one_moment_are_both_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clocks may be coarse, or set back."""

    class Stopped(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Stopped:
            return cls(2026, 1, 1, tzinfo=tz)

    monkeypatch.setattr(removed, "dt", SimpleNamespace(UTC=dt.UTC, datetime=Stopped))
    made = ["assets/images/a/x.svg", "assets/models/x.svg"]
    _record(site, "a", *made)
    assert made == list(_remove_orphans(site).removed[:2])
    assert made == _put_away(site)


def test_what_an_author_puts_among_removed_files_stays(site: Site) -> None:
    """Also a folder of a name that a file would have had long ago."""
    folder = site.root / ".post-builder/removed"
    folder.joinpath("20200101T000000.000000Z-folder").mkdir(parents=True)
    folder.joinpath("20209999T000000.000000Z-x.svg").write_text("mine", encoding="utf-8")
    _record(site, "a", "assets/images/a/x.svg")
    _remove_orphans(site)
    assert folder.joinpath("20200101T000000.000000Z-folder").is_dir()
    assert folder.joinpath("20209999T000000.000000Z-x.svg").is_file()


@pytest.mark.parametrize("data", [b"{", b'{"format": 2}'])
def test_a_record_that_cannot_be_read_is_named_and_stays(site: Site, data: bytes) -> None:
    """It, and what was made for its post; a post's files are its own, so others are removed."""
    _record(site, "a", "assets/images/a/x.svg")
    _record(site, "b", "assets/images/b/x.svg")
    site.record("b").write_bytes(data)
    orphans = _remove_orphans(site)
    assert [str(error.place) for error in orphans.errors] == ["_data/builds/b.json"]
    assert {"_config.yml", "_data/builds/b.json", "assets/images/b/x.svg"} == _files(site)


def test_records_of_another_format_are_left_alone(site: Site) -> None:
    """What they say cannot be known."""
    site.record("a").parent.mkdir(parents=True)
    site.record("a").write_text('{"format": 0, "post": "_posts/a.md"}', encoding="utf-8")
    assert Orphans() == _remove_orphans(site)
    assert site.record("a").exists()
