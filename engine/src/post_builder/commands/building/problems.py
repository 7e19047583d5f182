"""What is wrong with posts before any of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from post_builder.document.parsing.parser import inspect_post
from post_builder.site import Site
from post_builder.ui.progress import Progress


class Problems(Struct):
    """What is wrong with the text of any post, reported before the first one runs."""

    site: Site
    paths: Sequence[Path]
    progress: Progress
    reported: bool = False

    def report(self) -> None:
        """Report all problems, the first time that this is called."""
        if not self.reported:
            self.reported = True
            found = [inspect_post(self.site, path)[1] for path in self.paths]
            self.progress.problems_found([error for errors in found for error in errors])
