"""`python -m post_builder`."""

import sys

from post_builder.cli import main

sys.exit(main())
