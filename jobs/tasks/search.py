"""What is done for search in the background."""

from app import clock
from app.runtime import Runtime
from app.search import cache, lists
from jobs.registry import sweep


@sweep("search.forget_lists", every_seconds=600)
async def forget_lists(runtime: Runtime) -> None:
    """Delete lists by price that nobody pages through any more."""
    while True:
        now = clock.now()
        forgotten = await runtime.db.run(lambda session: lists.forget(session, now))  # noqa: B023
        if forgotten < lists.BATCH:
            return


@sweep("search.forget_changes", every_seconds=60)
async def forget_changes(runtime: Runtime) -> None:
    """Delete changes that are older than any answer that is kept."""
    while True:
        now = clock.now()
        forgotten = await runtime.db.run(lambda session: cache.forget_changes(session, now))  # noqa: B023
        if forgotten < cache.BATCH:
            return
