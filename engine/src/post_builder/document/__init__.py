"""The text of a post: finding its parts, and writing into them."""
