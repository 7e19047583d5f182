"""Runs that never happened, so that tests of what follows a run need no kernel."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from post_builder.execution.observations import Observations, file_state
from post_builder.execution.run import CellRun, KernelFacts, Output, Run
from post_builder.freshness.site_files import Before, before_run
from post_builder.pipeline import publish as publishing
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.pipeline.publish import Published
from post_builder.site import open_site
from post_builder.sources.product_makers import product_makers
from post_builder.sources.transclusion import PreparedPost


def state_of(root: Path, post: str) -> PostState:
    """Prepare an executable post of a site."""
    site = open_site(root)
    state = prepare(site, root / post, post_names(site).get(root / post), product_makers(site))
    assert state is not None
    return state


def just_before(state: PostState) -> Before:
    """Return the state of files for a run that reads them as they are now."""
    patterns = state.post.front_matter.get("depends", ())
    before = before_run(patterns, state.site.root, state.post.place(1))
    return replace(before, time=math.inf)


def publish(state: PostState, run: Run, before: Before) -> Published:
    """Publish a run as a build of this post alone does."""
    return publishing.publish(state, run, before, MadeProducts(state.site))


def refresh(state: PostState) -> None:
    """Refresh a fresh post as a build of this post alone does."""
    publishing.refresh(state, MadeProducts(state.site))


def printed(text: str, name: str = "stdout") -> Output:
    """Return what a cell printed."""
    return {"output_type": "stream", "name": name, "text": text}


def drawing(text: str) -> Output:
    """Return a figure that shows a text."""
    svg = f'<svg width="9" height="9"><text>{text}</text></svg>'
    return {"output_type": "display_data", "data": {"image/svg+xml": svg}, "metadata": {}}


def made_up_run(
    prepared: PreparedPost,
    outputs: Iterable[Sequence[Output]],
    values: Sequence[str] = (),
    read: Iterable[Path] = (),
) -> Run:
    """Return a run of a post; the products of a cell are its outputs.

    Args:
        prepared: the post that ran.
        outputs: of each cell.
        values: the texts of all its values, in order.
        read: files that the run read.
    """
    texts = list(zip(prepared.post.values, values, strict=True))
    cells = tuple(
        CellRun(
            cell,
            tuple(given),
            number=index + 1,
            seconds=1.0,
            values=tuple(text for value, text in texts if value.after == index),
            products={path: repr(given).encode() for path in cell.options.products},
        )
        for index, (cell, given) in enumerate(zip(prepared.cells, outputs, strict=True))
    )
    facts = KernelFacts(python=platform.python_version())
    states = {str(path): frozenset({(file_state(path),)}) for path in read}
    return Run(cells, facts, Observations(read=frozenset(states), states=states))


def shown_text(text: str, kind: str = "stdout") -> str:
    """Return an output as a post holds it: escaped text in the structure of Rouge."""
    pre = f'<pre class="highlight">{text}</pre>'
    return f'<div class="output {kind} highlighter-rouge"><div class="highlight">{pre}</div></div>'
