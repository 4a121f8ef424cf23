"""Reading uploads of photos, which are their host's alone, and what has to be done about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, literal_column, select

from app.actor import Actor
from app.properties.photos import files
from app.properties.policy import acts_for
from db import rows
from db.enums import CoHostRight, PhotoUploadStatus
from db.models import Property, PropertyPhoto, PropertyPhotoUpload
from db.session import Database
from db.statements import Reader


class UploadRow(msgspec.Struct, frozen=True):
    """An upload, as its host sees it. As a photo it has the same key."""

    id: UUID
    property_id: UUID
    status: str
    failure: str | None
    created_at: datetime
    expires_at: datetime
    url: str
    size: int


# As the index has it: a parameter would not be seen to be the same.
_UPLOADED: ColumnElement[str] = literal_column(f"'{files.UPLOADED}%'")
_UPLOADS = rows.ByKey(PropertyPhotoUpload.id, UploadRow)
_UPLOADS_OF = rows.ByKey(
    PropertyPhotoUpload.property_id,
    UploadRow,
    PropertyPhotoUpload.property_id,
    PropertyPhotoUpload.position,
    PropertyPhotoUpload.id,
)


async def uploads(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, UploadRow]:
    """Uploads by id, whoever's."""
    return await _UPLOADS.one(reader, ids)


async def uploads_of(
    reader: Reader, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[UploadRow]]:
    """Properties' uploads that are no photos, or not yet, in the order that they will have."""
    found = await _UPLOADS_OF.many(reader, property_ids)
    return {
        key: [row for row in group if row.status != PhotoUploadStatus.READY]
        for key, group in found.items()
    }


async def hosted_uploads(db: Database, actor: Actor, ids: Sequence[UUID]) -> list[UploadRow]:
    """Those of the uploads whose property the caller hosts."""
    async with db.read() as connection:
        own = await connection.execute(
            select(PropertyPhotoUpload.id)
            .join(Property, Property.id == PropertyPhotoUpload.property_id)
            .where(
                PropertyPhotoUpload.id.in_(ids),
                acts_for(actor.require_user(), CoHostRight.ALL),
            )
        )
        keys = list(own.scalars())
    return list((await uploads(db, keys)).values())


async def to_forget(db: Database, now: datetime, most: int) -> list[UploadRow]:
    """Uploads of which nobody has to be told any more."""
    async with db.read() as connection:
        due = await connection.execute(
            select(PropertyPhotoUpload.id)
            .where(PropertyPhotoUpload.forget_at <= now)
            .order_by(PropertyPhotoUpload.forget_at)
            .limit(most)
        )
        keys = list(due.scalars())
    return list((await uploads(db, keys)).values())


async def is_shown(db: Database, url: str) -> bool:
    """Whether any property shows an uploaded photo."""
    async with db.read() as connection:
        found = await connection.execute(
            select(PropertyPhoto.id)
            .where(PropertyPhoto.url == url, PropertyPhoto.url.like(_UPLOADED))
            .limit(1)
        )
    return found.first() is not None
