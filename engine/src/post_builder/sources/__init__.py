"""What the text of a transcluded cell comes from, found by parsing and never by importing."""
