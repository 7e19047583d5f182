"""The prose of posts and notebooks: which parts of a Markdown text are code, HTML or formulas."""
