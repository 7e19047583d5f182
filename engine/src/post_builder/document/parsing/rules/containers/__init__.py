"""The rules for blocks that contain blocks: lists and quotes."""
