"""The code that the posts teach: MNIST with PyTorch, in functions that fit a page.

Posts show this code whole and never import it, so each function uses only names that
the post has imported above it.
"""
