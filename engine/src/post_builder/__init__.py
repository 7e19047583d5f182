"""The engine that runs posts: code in, the same post with its outputs back."""
