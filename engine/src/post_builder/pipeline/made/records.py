"""What the records of a site say that builds made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress

from msgspec import Struct, field

from post_builder.errors import PostBuilderError
from post_builder.freshness.record import Made, Record, load_made
from post_builder.site import Site


def made_records(site: Site, but: Collection[str] = ()) -> Iterator[tuple[str, Made]]:
    """Yield the records that can be read, each with its name; others are reported elsewhere.

    Args:
        site: that has the records.
        but: names of records to leave out.
    """
    for path in (path for path in site.records() if path.stem not in but):
        with suppress(PostBuilderError):
            if record := load_made(site, path.stem):
                yield path.stem, record


class MadeProducts(Struct):
    """The products that builds of any post are known to have made.

    A command that works on a site alone has one, from when it begins until it ends. It reads the
    records once, when they are first asked for; what writes or removes a record says so.
    """

    site: Site
    _records: dict[str, Made | Record] | None = None
    """By name; None if they were not read yet."""
    _makers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """For each product the names of the records that have it."""

    def __contains__(self, path: str) -> bool:
        """Return whether builds of any post made a product.

        No two posts declare one, so a post that declares what another made takes it over.
        """
        self._read()
        return bool(self._makers.get(path))

    def has_other_maker(self, path: str, name: str) -> bool:
        """Return whether another record than that of a name has a product.

        It may be of the same post, which has another name now.
        """
        self._read()
        return bool(self._makers.get(path, set()) - {name})

    def written(self, name: str, record: Made | Record) -> None:
        """Take note of a record that was written."""
        if self._records is not None:
            self.removed(name)
            self._add(self._records, name, record)

    def removed(self, name: str) -> None:
        """Take note of a record that was removed."""
        if self._records and (record := self._records.pop(name, None)):
            for path in record.products:
                self._makers[path].discard(name)

    def _read(self) -> dict[str, Made | Record]:
        if self._records is None:
            self._records = {}
            for name, record in made_records(self.site):
                self._add(self._records, name, record)
        return self._records

    def _add(self, records: dict[str, Made | Record], name: str, record: Made | Record) -> None:
        records[name] = record
        for path in record.products:
            self._makers[path].add(name)
