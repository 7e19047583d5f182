"""What a build says about outputs that readers see otherwise than the code gave them."""

from __future__ import annotations

from msgspec import Struct

from post_builder.place import Place


class Note(Struct, frozen=True):
    """Something the author should know, though the post was built."""

    place: Place
    message: str

    def __str__(self) -> str:
        """Return the note as a line of a log."""
        return f"{self.place}: {self.message}"
