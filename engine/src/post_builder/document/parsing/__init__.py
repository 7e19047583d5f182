"""Finding the parts of a post that run, as exact spans of its text."""
