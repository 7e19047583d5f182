"""A post on its way in (read, transcluded, compared with its record) and out (published)."""
