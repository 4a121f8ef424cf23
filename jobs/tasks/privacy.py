"""What follows when people want their data, or go."""

from datetime import timedelta

from app import clock
from app.privacy import erasure, flows, retention
from app.privacy.events import DataExportRequested
from app.runtime import Runtime
from jobs.registry import LONGEST_SECONDS, sweep, task


@task("privacy.make_export", timeout_seconds=LONGEST_SECONDS)
async def make_export(runtime: Runtime, event: DataExportRequested) -> None:
    """Put somebody's data together."""
    lasts = timedelta(days=runtime.settings.export_days)
    await flows.make_export(runtime.db, lasts, event.export_id)


@sweep("privacy.erase_due", timeout_seconds=300)
async def erase_due(runtime: Runtime) -> None:
    """Erase those whose grace period is over, and go on with what was cut short."""
    await erasure.erase_due(runtime.db, runtime.storage, clock.now())


@sweep("privacy.forget", every_seconds=3600, timeout_seconds=600)
async def forget(runtime: Runtime) -> None:
    """Forget what has served its time."""
    await retention.forget(runtime.db, runtime.settings, clock.now())
