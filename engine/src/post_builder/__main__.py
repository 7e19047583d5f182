"""`python -m post_builder`."""

import os
import sys

if sys.path[:1] == [os.getcwd()]:  # noqa: PTH109  # `-m` adds it: a site may have a `json.py`
    del sys.path[0]

from post_builder.cli import main

sys.exit(main())
