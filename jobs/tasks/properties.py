"""What follows when hosts send photos, and take them away."""

from app import clock
from app.properties import lifecycle
from app.properties.events import PhotoDeleted, PhotoUploaded
from app.properties.photos import flows
from app.runtime import Runtime
from jobs.registry import LONGEST_SECONDS, sweep, task


@task("properties.make_photo", timeout_seconds=LONGEST_SECONDS)
async def make_photo(runtime: Runtime, event: PhotoUploaded) -> None:
    """Make a photo of what was sent. It waits for its turn: a few are made at a time."""
    await flows.make(runtime.db, runtime.storage, event.upload_id)


@task("properties.drop_unused_photo")
async def drop_unused_photo(runtime: Runtime, event: PhotoDeleted) -> None:
    await flows.drop_unused(runtime.db, runtime.storage, event.url)


@sweep("properties.forget_photo_uploads", every_seconds=600)
async def forget_photo_uploads(runtime: Runtime) -> None:
    """Delete what was never completed, and what is over."""
    await flows.forget(runtime.db, runtime.storage, clock.now())


@sweep("properties.wake_snoozed", every_seconds=60)
async def wake_snoozed(runtime: Runtime) -> None:
    """Publish again what has slept until today."""
    await runtime.db.run(lifecycle.wake_snoozed)
