"""Whether a post is as its last build left it, and whether a rerun says the same."""
