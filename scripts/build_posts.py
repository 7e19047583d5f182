"""Run every stale post and put its outputs back into it: a thin door to `post_builder`."""

import sys

from post_builder.cli import main

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
