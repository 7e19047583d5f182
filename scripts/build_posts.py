"""Run every stale post and write its outputs into it, then draw the social cards that changed."""

import sys
from pathlib import Path

import cards

from post_builder.cli import main

if __name__ == "__main__":
    status = main(["build", *sys.argv[1:]])
    if status == 0:  # a post that failed may have no figure for its card
        cards.draw_stale(Path(__file__).resolve().parents[1])
    sys.exit(status)
