"""Kernels for tests whose subject is not how kernels start: forked from one process of the tests.

A post cannot tell them from kernels of their own (`execution/forking/test_templates.py`), and they
take a third of the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from post_builder.document.post import Post
from post_builder.execution.forking.starting import TemplateProcess, can_fork
from post_builder.execution.forking.template import Template
from post_builder.execution.forking.templates import Templates
from post_builder.execution.kernelspecs import find_launch
from post_builder.site import Site, open_site

_IMPORTS = [("numpy", ()), ("matplotlib", ("pyplot",))]
"""What posts of tests import."""


class SharedTemplate:
    """A process with those imports, which starts when the first kernel is needed."""

    def __init__(self, folder: Path) -> None:
        """Take an empty folder for its site."""
        folder.joinpath("_config.yml").write_text("title: None\n", encoding="utf-8")
        self._site = open_site(folder)
        self._template: Template | None = None

    async def __call__(self) -> Template:
        """Return the process once it is ready."""
        if self._template is None:
            self._template = Template(TemplateProcess(self._site), _IMPORTS)
        assert await self._template.ready()
        return self._template

    def close(self) -> None:
        """End it."""
        if self._template is not None:
            asyncio.run(self._template.close())


def fork_all(shared: SharedTemplate, patch: pytest.MonkeyPatch) -> None:
    """Fork the kernels of builds in this process, unless their site has an environment."""
    own_expect, own_template = Templates.expect, Templates._template

    def usual(post: Post, site: Site) -> bool:
        return not site.settings.environment and can_fork(find_launch(post.kernel))

    def expect(templates: Templates, posts: Iterable[Post], site: Site) -> None:
        own_expect(templates, [post for post in posts if not usual(post, site)], site)

    async def template(templates: Templates, post: Post, site: Site) -> Template | None:
        if usual(post, site):
            return await shared()
        return await own_template(templates, post, site)

    patch.setattr(Templates, "expect", expect)
    patch.setattr(Templates, "_template", template)
