"""What is done with what people keep."""

from app import clock
from app.properties.terms import fees_of
from app.runtime import Runtime
from app.saved import flows
from jobs.registry import sweep


@sweep("saved.look_for_new_matches", timeout_seconds=300)
async def look_for_new_matches(runtime: Runtime) -> None:
    """Look at the saved searches whose morning has come, or whose alerts were switched on."""
    fees = fees_of(runtime.settings)
    while await flows.look_at_due(runtime.db, clock.now(), fees) == flows.MOST:
        pass
