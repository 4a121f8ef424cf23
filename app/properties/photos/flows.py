"""Photos between the database and the storage: never a transaction across the network.

No step can lose a file or leave one behind: an upload's row names them all, and goes last.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import delete

from app import clock
from app.actor import Actor
from app.errors import Invalid, NotFound
from app.limits import Limit, Limiter, bucket, network
from app.pictures.room import NotAPicture
from app.pictures.views import Views, views
from app.properties.photos import files, queries, service
from app.properties.photos.queries import UploadRow
from app.properties.photos.service import Begun, NewPhoto
from app.storage import Storage, Upload
from db.enums import PhotoFailure, PhotoUploadStatus
from db.models import PropertyPhotoUpload
from db.session import Database

log = structlog.get_logger(__name__)

HOUR = 3600
BATCH = 100


def limits(actor: Actor, address: str) -> list[Limit]:
    """Photos to be made, each of which keeps a core busy for a second."""
    return [
        bucket("photo:account", str(actor.require_user()), 200, HOUR),
        bucket("photo:address", network(address), 600, HOUR),
    ]


async def begin(
    db: Database,
    storage: Storage,
    limiter: Limiter,
    actor: Actor,
    address: str,
    property_id: UUID,
    photos: Sequence[NewPhoto],
    now: datetime,
) -> list[tuple[Begun, Upload]]:
    """Requests by which a host sends files that are to become photos.

    Raises RateLimited, NotFound, Invalid, Unavailable.
    """
    await limiter.take(limits(actor, address), cost=max(1, len(photos)))
    begun = await db.run(lambda session: service.begin(session, actor, property_id, photos, now))
    requests = await asyncio.gather(
        *(
            storage.upload(files.original(each.url), each.size, each.media_type, each.expires_at)
            for each in begun
        )
    )
    return list(zip(begun, requests, strict=True))


async def complete(
    db: Database, storage: Storage, actor: Actor, upload_ids: Sequence[UUID], now: datetime
) -> UUID:
    """Have photos made of files of one property that have been sent; again changes nothing.

    Returns the property.

    Raises NotFound, Invalid for one that has not been sent, Unavailable.
    """
    found = await queries.hosted_uploads(db, actor, upload_ids)
    if not found or {row.id for row in found} != set(upload_ids):
        raise NotFound("There is no such upload.")
    property_id = found[0].property_id
    if any(row.property_id != property_id for row in found):
        raise Invalid("These belong to several properties.", field="uploadIds")
    waiting = [row for row in found if row.status == PhotoUploadStatus.AWAITING_FILE]
    sizes = await asyncio.gather(*(storage.size(files.original(row.url)) for row in waiting))
    if None in sizes:
        raise Invalid("Send the file first.", field="uploadIds")
    await db.run(lambda session: service.complete(session, actor, property_id, upload_ids, now))
    return property_id


async def make(db: Database, storage: Storage, upload_id: UUID) -> None:
    """Make a photo of what a host has sent, or tell them why it is none. Again changes nothing."""
    upload = (await queries.uploads(db, [upload_id])).get(upload_id)
    if upload is None:
        return
    if upload.status == PhotoUploadStatus.PROCESSING:
        made = await _made(storage, upload)
        if isinstance(made, PhotoFailure):
            log.info("an upload is no photo", upload_id=str(upload_id), failure=made)
            await db.run(lambda session: service.fail(session, upload_id, made, clock.now()))
        else:
            await _show(db, storage, upload, made)
    await storage.remove(files.original(upload.url))


async def forget(db: Database, storage: Storage, now: datetime) -> None:
    """Delete uploads that are over, with every file that is not a photo's."""
    while True:
        due = await queries.to_forget(db, now, BATCH)
        for row in due:
            is_shown = row.status == PhotoUploadStatus.READY
            made = [] if is_shown else files.keys(row.url)
            await storage.remove(files.original(row.url), *made)
        gone = delete(PropertyPhotoUpload).where(
            PropertyPhotoUpload.id.in_([row.id for row in due]),
            # One that has just been completed after all: it will be told that its file is gone.
            PropertyPhotoUpload.forget_at <= now,
        )
        await db.run(lambda session: session.execute(gone))  # noqa: B023
        if len(due) < BATCH:
            return


async def drop_unused(db: Database, storage: Storage, url: str) -> None:
    """Delete a photo's files unless a property shows it: one that was copied from another."""
    keys = files.keys(url)
    if keys and not await queries.is_shown(db, url):
        await storage.remove(*keys)


async def _made(storage: Storage, upload: UploadRow) -> Views | PhotoFailure:
    key = files.original(upload.url)
    size = await storage.size(key)
    if size is None:
        return PhotoFailure.MISSING
    if size != upload.size:
        # Unread: a bucket takes whatever it is sent.
        return PhotoFailure.WRONG_SIZE
    try:
        return await views(lambda: storage.read(key), list(files.SIDES.values()))
    except NotAPicture as refusal:
        return PhotoFailure(refusal.fault.value)


async def _show(db: Database, storage: Storage, upload: UploadRow, made: Views) -> None:
    keys = files.keys(upload.url)
    for key, content in zip(keys, made.contents, strict=True):
        await storage.put(key, content, files.MEDIA_TYPE)
    now = clock.now()
    shown = await db.run(lambda session: service.finish(session, upload.id, made.facts, now))
    # Unless another run has shown it, it was forgotten or erased meanwhile.
    if not shown and not await queries.is_shown(db, upload.url):
        await storage.remove(*keys)
