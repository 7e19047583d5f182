"""How many posts run at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from post_builder.commands.building.turns import Turn, Turns


async def _begun_beside(jobs: int) -> list[str]:
    """Return what happened when the cells of as many posts as may run have run, and one waits."""
    turns, happened = Turns(jobs), list[str]()

    async def wait() -> None:
        async with Turn(turns):
            happened.append("another begins")

    async with AsyncExitStack() as stack:
        turn, *_ = [await stack.enter_async_context(Turn(turns)) for _ in range(jobs)]
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        happened.append("cells ended")
        turn.cells_ended()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        happened.append("written")
    await waiting
    return happened


def test_another_post_begins_while_one_is_written() -> None:
    """Its kernel starts while that of the other ends: neither keeps a processor busy."""
    assert ["cells ended", "another begins", "written"] == asyncio.run(_begun_beside(2))


def test_where_one_runs_at_a_time_it_is_alone() -> None:
    """Until it is written."""
    assert ["cells ended", "written", "another begins"] == asyncio.run(_begun_beside(1))


def test_a_turn_that_has_ended_does_not_end_again() -> None:
    """Or more posts would run than may."""

    async def count() -> int:
        turns = Turns(2)
        async with Turn(turns) as turn:
            turn.cells_ended()
            turn.cells_ended()
        return turns.free._value  # there is no public way to ask

    assert 2 == asyncio.run(count())
