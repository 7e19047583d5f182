"""Running a command: what its arguments mean, and what its errors do."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from post_builder.cli.parser import make_parser
from post_builder.cli.results import FAILED
from post_builder.cli.witness import Look
from post_builder.errors import FileError, PostBuilderError, SiteError
from post_builder.site import open_site
from post_builder.ui.interrupts import end_as_by_interrupt
from post_builder.ui.printing import show

MISUSED, INTERRUPTED = 2, 130
"""Exit statuses other than 0 and that of a failure."""


def run(argv: Sequence[str]) -> int:
    """Run a command and return the exit status: 0, 1 if a post failed, 2 for a wrong call."""
    arguments = make_parser().parse_args(argv)
    end_as_by_interrupt()
    try:
        with Look(argv) as arguments.look:
            status: int = arguments.run(open_site(arguments.site), arguments)
    except SiteError as error:
        show(error, sys.stderr)
        return MISUSED
    except PostBuilderError as error:
        show(error, sys.stderr)
        return FAILED
    except PermissionError as error:  # of a folder that may be listed and not entered, say
        show(FileError.of(error, "cannot be reached", str(error.filename)), sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted: unfinished posts are unchanged", file=sys.stderr)
        return INTERRUPTED
    return status
