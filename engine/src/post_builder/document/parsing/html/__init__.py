"""HTML blocks as kramdown delimits them."""
