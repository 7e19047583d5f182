"""What builds make beside a post: figures, products, downloads and its record."""
