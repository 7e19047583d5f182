"""HTML, Markdown and formulas in outputs: what of them may be on a page, and how it is written."""
