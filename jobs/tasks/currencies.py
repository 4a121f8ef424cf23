"""Exchange rates, once a day."""

from app import clock
from app.currencies import flows
from app.runtime import Runtime
from jobs.registry import sweep


@sweep("currencies.refresh", every_seconds=300)
async def refresh(runtime: Runtime) -> None:
    """Fetch the day's rates when it is time to."""
    await flows.refresh(runtime.db, runtime.settings, clock.now())
