"""Random posts and random sequences of edits: each save gives the bytes of a whole build."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from author import Author, at_work
from edits import Draft

from post_builder.execution.checkpoints import recording

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels")


async def edit_and_compare(author: Author, seed: int, edits: int) -> int:
    """Edit a random post, and compare after each save; return how many cells did not run again."""
    draft, spared = Draft(random.Random(seed)), 0  # noqa: S311  # not a secret
    for name in ("data.txt", "lines.txt"):
        author.root.joinpath(name).write_text("one\ntwo\nthree\n" * 9, "utf-8")
    draft.grow(draft.chance.randint(3, 8))
    done = ["first"]
    for number in range(edits + 1):
        outcome = await author.save(draft.cells, draft.value)
        spared += len(draft.cells) - outcome.cells
        try:
            await author.compare(outcome)
        except AssertionError as error:
            raise AssertionError(
                f"seed {seed}: {done}\n{draft.cells}\n{author.said.results[-1]}"
            ) from error
        done.append(draft.edit())
        name = done[-1].split()[0]
        if name in {"data", "lines"}:
            author.root.joinpath(f"{name}.txt").write_text(f"{number}\n" * 50, "utf-8")
    return spared


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_a_save_gives_what_a_whole_build_gives(
    blog: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, and cells before the edit do not run again."""
    monkeypatch.setattr(recording, "SLOW", 0.0)
    monkeypatch.setattr(recording, "DEAR", 0)

    async def work(author: Author) -> None:
        assert await edit_and_compare(author, seed, 4)

    at_work(blog, work)


@pytest.mark.faults
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(40))
def test_many_sequences_of_edits(blog: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above: twelve edits each, of posts that differ."""
    monkeypatch.setattr(recording, "SLOW", 0.0)
    monkeypatch.setattr(recording, "DEAR", 0)

    async def work(author: Author) -> None:
        await edit_and_compare(author, seed, 12)

    at_work(blog, work)
