"""Part V: how fast one machine learns, what two processes add, and what kills them."""
