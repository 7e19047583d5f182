"""Run every stale post and write its outputs into it: `post-builder build`, as `make` calls it."""

import sys

from post_builder.cli import main

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
