"""Posts of which nothing has changed, found without parsing their Markdown."""
