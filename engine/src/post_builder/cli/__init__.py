"""The command line: `post-builder COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from post_builder.cli.witness import recall

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 if a post failed, 2 for a wrong call."""
    given = tuple(sys.argv[1:] if argv is None else argv)
    if (text := recall(given)) is not None:
        sys.stdout.write(text)
        return 0
    # a build with nothing to do ends above
    from post_builder.cli.garbage import collect_seldom  # noqa: PLC0415

    collect_seldom()
    from post_builder.cli.run import run  # noqa: PLC0415

    return run(given)
