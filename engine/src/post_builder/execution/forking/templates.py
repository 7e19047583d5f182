"""Where the kernels of a build come from: templates for those that import the same.

Imports nothing of Jupyter before the first kernel is needed: templates start before that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from msgspec import Struct, field

from post_builder.document.post import Post
from post_builder.execution.forking.imports import Statement, imports_of
from post_builder.execution.forking.starting import TemplateProcess, may_fork
from post_builder.execution.forking.template import Template
from post_builder.site import Site

if TYPE_CHECKING:
    from post_builder.execution.kernels import Kernel, Kernels
    from post_builder.sources.transclusion import PreparedPost


def kind_of(post: Post, site: Site) -> str:
    """Return what a kernel depends on when it has imported what its post is known to import."""
    return repr((post.kernel, post.language, site, statements_of(post)))


def statements_of(post: Post) -> tuple[Statement, ...]:
    """Return the imports of a post that a template takes over."""
    return imports_of(cell.code for cell in post.cells) if post.language == "python" else ()


class Templates(Struct):
    """Forks the kernels of posts that import the same from one process."""

    ahead: Callable[[], TemplateProcess | None] = lambda: None
    """Returns a process that was started before it was known what posts import, once."""
    with_checkpoints: bool = False
    """Whether the kernels can be forked between cells."""
    _templates: dict[str, Template] = field(default_factory=dict)
    _retired: list[Template] = field(default_factory=list)
    """Templates that are not used any more, and may have kernels that run."""
    _used: Counter[Template] = field(default_factory=Counter)

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Start templates for posts that will run: they import while the engine does, too."""
        for post in posts:
            kind = kind_of(post, site)
            if kind not in self._templates and may_fork(post.kernel, post.language, site):
                with suppress(OSError):  # a kernel without one says what is wrong
                    process = self.ahead() or TemplateProcess(site)
                    self._templates[kind] = Template(
                        process, statements_of(post), with_checkpoints=self.with_checkpoints
                    )

    def for_run(self, prepared: PreparedPost, declared: Mapping[str, str]) -> Kernels:
        """Return where the kernel of a post comes from: it has run none of its cells."""
        del prepared, declared
        return self

    @asynccontextmanager
    async def __call__(self, post: Post, site: Site) -> AsyncIterator[Kernel]:
        """Provide a fresh kernel for a post: forked from its template, if it has one."""
        from post_builder.execution.kernels import fresh_kernel  # noqa: PLC0415

        template = await self._template(post, site)
        self._used.update([template] if template else [])
        try:
            async with fresh_kernel(post, site, template) as kernel:
                if template and not kernel.template:
                    await self._renew(template, post, site)
                yield kernel
        finally:
            self._used.subtract([template] if template else [])
            await self._end_retired()

    async def _template(self, post: Post, site: Site) -> Template | None:
        """Return a template; None if there is none, or it cannot be forked.

        One that still imports is returned as well: until a kernel is forked, there is other work.
        One that is out of date says so when it is forked, and a plain kernel runs the post; only
        where that has no checkpoints is it asked before, which takes as long as a fork.
        """
        template = self._templates.get(kind_of(post, site))
        if template is None or template.is_loading:
            return template
        if self.with_checkpoints or not template.scratch.is_dir():
            await self._renew(template, post, site)
            template = self._templates.get(kind_of(post, site))
        return template if template and await template.ready() else None

    async def _renew(self, template: Template, post: Post, site: Site) -> None:
        """Start another template in the place of one that is out of date."""
        is_own = self._templates.get(kind_of(post, site)) is template
        if is_own and await template.ready() and not await template.is_current():
            self._retire(kind_of(post, site))
            self.expect([post], site)

    async def keep(self, kinds: Collection[str]) -> None:
        """End the templates of all other kinds, as soon as their last kernels have ended."""
        await self.drop([kind for kind in self._templates if kind not in kinds])

    async def drop(self, kinds: Collection[str]) -> None:
        """End the templates of some kinds, as soon as their last kernels have ended."""
        for kind in kinds:
            self._retire(kind)
        await self._end_retired()

    def _retire(self, kind: str) -> None:
        if template := self._templates.pop(kind, None):
            self._retired.append(template)

    async def _end_retired(self) -> None:
        for template in [one for one in self._retired if not self._used[one]]:
            self._retired.remove(template)
            await template.close()

    async def close(self) -> None:
        """End all templates, and the kernels that are left."""
        templates = [*self._templates.values(), *self._retired]
        self._templates.clear()
        self._retired.clear()
        await asyncio.gather(*(template.close() for template in templates))
