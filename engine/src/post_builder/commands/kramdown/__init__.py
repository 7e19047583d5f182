"""Asking kramdown which code readers see."""
