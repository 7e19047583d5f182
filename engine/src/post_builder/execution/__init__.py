"""Running the cells of a post in a Jupyter kernel of its own."""
