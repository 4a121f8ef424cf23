"""A host's photos, each function inside the caller's transaction.

An upload is a row of its own until it has become a photo, so whoever reads photos reads no more
than before, and sees none that is not ready. Lock order: user, property, upload.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.outbox import emit
from app.pictures.views import Facts
from app.properties.events import PhotoDeleted, PhotoUploaded
from app.properties.photos import files
from app.properties.service import SHOWN, hosted_for_update, write
from app.text import plain_text
from db.enums import CoHostRight, PhotoFailure, PhotoUploadStatus
from db.models import Property, PropertyPhoto, PropertyPhotoUpload

MAX_PHOTOS = 50
MAX_BYTES = 20 * 1024 * 1024
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
MAX_CAPTION = 300
# How long an address takes a file; who has sent none soon after is not going to.
LASTS = timedelta(hours=1)
ABANDONED = timedelta(hours=2)
# How long a host is told what became of an upload. What failed to be made is tried for a day.
TOLD_READY = timedelta(days=1)
TOLD_FAILED = timedelta(days=7)


class NewPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a host is going to send."""

    media_type: str
    size: int
    caption: str = ""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that waits for its file."""

    id: UUID
    url: str
    media_type: str
    size: int
    expires_at: datetime


async def begin(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    photos: Sequence[NewPhoto],
    now: datetime,
) -> list[Begun]:
    """Make room for photos behind those that there are. Raises NotFound and Invalid."""
    await hosted_for_update(session, actor, property_id, CoHostRight.ALL)
    captions = [_checked(photo) for photo in photos]
    there = await session.execute(_positions(PropertyPhoto, property_id))
    coming = await session.execute(
        _positions(PropertyPhotoUpload, property_id).where(
            PropertyPhotoUpload.status.in_(
                [PhotoUploadStatus.AWAITING_FILE, PhotoUploadStatus.PROCESSING]
            )
        )
    )
    taken = [*there.scalars(), *coming.scalars()]
    if not 1 <= len(photos) <= MAX_PHOTOS - len(taken):
        raise Invalid(f"A place has at most {MAX_PHOTOS} photos.", field="files")
    first, expires_at = max(taken, default=-1) + 1, now + LASTS
    begun = [
        Begun(
            id=new_id(),
            url=files.path_of(token_hex(16)),
            media_type=photo.media_type,
            size=photo.size,
            expires_at=expires_at,
        )
        for photo in photos
    ]
    await session.execute(
        insert(PropertyPhotoUpload),
        [
            {
                "id": upload.id,
                "property_id": property_id,
                "position": position,
                "caption": caption,
                "url": upload.url,
                "size": upload.size,
                "status": PhotoUploadStatus.AWAITING_FILE,
                "expires_at": expires_at,
                "forget_at": now + ABANDONED,
                "created_at": now,
            }
            for position, (upload, caption) in enumerate(zip(begun, captions, strict=True), first)
        ],
    )
    return begun


async def complete(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    upload_ids: Collection[UUID],
    now: datetime,
) -> None:
    """Have photos made of files that are there; again changes nothing. Raises NotFound."""
    await hosted_for_update(session, actor, property_id, CoHostRight.ALL)
    moved = await session.execute(
        update(PropertyPhotoUpload)
        .where(
            PropertyPhotoUpload.id.in_(upload_ids),
            PropertyPhotoUpload.property_id == property_id,
            PropertyPhotoUpload.status == PhotoUploadStatus.AWAITING_FILE,
        )
        .values(status=PhotoUploadStatus.PROCESSING, forget_at=now + TOLD_FAILED)
        .returning(PropertyPhotoUpload.id)
    )
    for upload_id in sorted(moved.scalars()):
        await emit(session, PhotoUploaded(upload_id=upload_id))


async def finish(session: AsyncSession, upload_id: UUID, facts: Facts, now: datetime) -> bool:
    """Show the photo from now on, in the place that was kept for it or behind the others.

    False when nobody waits for it any more.
    """
    upload = await _processing(session, upload_id)
    if upload is None:
        return False
    there = await session.execute(_positions(PropertyPhoto, upload["property_id"]))
    taken = set(there.scalars())
    position = upload["position"]
    if position in taken:
        position = max(taken) + 1
    await session.execute(
        insert(PropertyPhoto).values(
            id=upload_id,
            property_id=upload["property_id"],
            position=position,
            url=upload["url"],
            caption=upload["caption"],
            width=facts.width,
            height=facts.height,
            placeholder=facts.placeholder,
        )
    )
    await _end(session, upload_id, now + TOLD_READY, status=PhotoUploadStatus.READY)
    return True


async def fail(
    session: AsyncSession, upload_id: UUID, failure: PhotoFailure, now: datetime
) -> None:
    """Tell the host that the file becomes no photo, and why."""
    if await _processing(session, upload_id) is not None:
        status = PhotoUploadStatus.FAILED
        await _end(session, upload_id, now + TOLD_FAILED, status=status, failure=failure)


async def describe(
    session: AsyncSession,
    actor: Actor,
    photo_id: UUID,
    caption: str,
    now: datetime,
    expected_version: int | None = None,
) -> UUID:
    """Give a photo another caption. Returns its property.

    Raises NotFound, StaleVersion, Invalid.
    """
    caption = plain_text(caption, "caption", 0, MAX_CAPTION)
    property_id = await _property_of(session, photo_id)
    await hosted_for_update(session, actor, property_id, CoHostRight.ALL, expected_version)
    changed = await session.execute(
        update(PropertyPhoto)
        .where(PropertyPhoto.id == photo_id)
        .values(caption=caption)
        .returning(PropertyPhoto.id)
    )
    if changed.first() is None:
        raise NotFound("There is no such photo.")
    await write(session, property_id, now)
    return property_id


async def reorder(
    session: AsyncSession,
    actor: Actor,
    property_id: UUID,
    photo_ids: Sequence[UUID],
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """Show the photos in this order; the first is the cover. Raises NotFound, StaleVersion, and
    Invalid unless these are all of them, each once."""
    await hosted_for_update(session, actor, property_id, CoHostRight.ALL, expected_version)
    found = await session.execute(
        select(PropertyPhoto.id).where(PropertyPhoto.property_id == property_id)
    )
    if sorted(found.scalars()) != sorted(photo_ids):
        raise Invalid("Expected all of the photos, each once.", field="photoIds")
    order = {photo_id: position for position, photo_id in enumerate(photo_ids)}
    if order:
        await session.execute(
            update(PropertyPhoto), [{"id": key, "position": place} for key, place in order.items()]
        )
        await write(session, property_id, now)


async def remove(
    session: AsyncSession,
    actor: Actor,
    photo_id: UUID,
    now: datetime,
    expected_version: int | None = None,
) -> UUID:
    """Take a photo away; its files go after the commit. Returns its property.

    Raises NotFound, StaleVersion, and Invalid for the last one of a published property.
    """
    property_id = await _property_of(session, photo_id)
    before = await hosted_for_update(session, actor, property_id, CoHostRight.ALL, expected_version)
    deleted = await session.execute(
        delete(PropertyPhoto)
        .where(PropertyPhoto.id == photo_id)
        .returning(PropertyPhoto.url, PropertyPhoto.position)
    )
    gone = deleted.one_or_none()
    if gone is None:
        raise NotFound("There is no such photo.")
    left = await session.execute(_positions(PropertyPhoto, property_id).limit(1))
    if left.first() is None and before["status"] in SHOWN:
        raise Invalid("A published place cannot be without photos.", field="photoId")
    await session.execute(
        update(PropertyPhoto)
        .where(PropertyPhoto.property_id == property_id, PropertyPhoto.position > gone.position)
        .values(position=PropertyPhoto.position - 1)
    )
    await emit(session, PhotoDeleted(url=gone.url))
    await write(session, property_id, now)
    return property_id


def _checked(photo: NewPhoto) -> str:
    """The caption. Raises Invalid for what could never become a photo."""
    if photo.media_type not in MEDIA_TYPES:
        raise Invalid(f"Expected one of {', '.join(MEDIA_TYPES)}.", field="files.contentType")
    if not 1 <= photo.size <= MAX_BYTES:
        raise Invalid(f"Expected 1 to {MAX_BYTES:,} bytes.", field="files.size")
    return plain_text(photo.caption, "files.caption", 0, MAX_CAPTION)


def _positions(model: Any, property_id: UUID) -> Any:
    return select(model.position).where(model.property_id == property_id)


async def _property_of(session: AsyncSession, photo_id: UUID) -> UUID:
    found = await session.execute(
        select(PropertyPhoto.property_id).where(PropertyPhoto.id == photo_id)
    )
    property_id = found.scalar_one_or_none()
    if property_id is None:
        raise NotFound("There is no such photo.")
    return property_id


async def _processing(session: AsyncSession, upload_id: UUID) -> Any:
    """The upload, locked with its property; None unless it is being made into a photo."""
    owner = select(PropertyPhotoUpload.property_id).where(PropertyPhotoUpload.id == upload_id)
    await session.execute(
        select(Property.id)
        .where(Property.id == owner.scalar_subquery())
        .with_for_update(key_share=True)
    )
    found = await session.execute(
        select(PropertyPhotoUpload.__table__)
        .where(
            PropertyPhotoUpload.id == upload_id,
            PropertyPhotoUpload.status == PhotoUploadStatus.PROCESSING,
        )
        .with_for_update()
    )
    return found.mappings().one_or_none()


async def _end(session: AsyncSession, upload_id: UUID, forget_at: datetime, **values: Any) -> None:
    await session.execute(
        update(PropertyPhotoUpload)
        .where(PropertyPhotoUpload.id == upload_id)
        .values(forget_at=forget_at, **values)
    )
