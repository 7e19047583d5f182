"""What `watch` looks at."""
