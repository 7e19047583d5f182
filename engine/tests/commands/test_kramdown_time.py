"""Asking kramdown has an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from post_builder.commands.kramdown import compare
from post_builder.document.parsing.parser import parse
from post_builder.errors import SiteError
from post_builder.site import Site

POST = "---\ntitle: T\njupyter: python3\n---\n\n```python\nx\n```\n"


def test_kramdown_that_takes_too_long_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which says what to do; here a Ruby that never answers stands for a huge post."""
    ruby = tmp_path / "ruby"
    ruby.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    ruby.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(compare, "_TIMEOUT", 0.2)
    post = parse(POST)
    assert post is not None
    with pytest.raises(SiteError, match="name fewer posts at a time"):
        compare.compare_with_kramdown(Site(tmp_path), [post])
