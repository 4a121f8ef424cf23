"""Reading reviews, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from db import rows
from db.models import Review


class ReviewRow(msgspec.Struct, frozen=True):
    """A guest's word on a property."""

    id: UUID
    booking_id: UUID
    property_id: UUID
    author_id: UUID
    rating: int
    comment: str
    created_at: datetime


REVIEWS_OF_PROPERTY = rows.Listing(model=Review, row=ReviewRow, parent=Review.property_id)


async def reviews(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, ReviewRow]:
    """Reviews by id."""
    return await rows.by_id(connection, Review, ReviewRow, ids)


async def of_bookings(
    connection: AsyncConnection, booking_ids: Sequence[UUID]
) -> Mapping[UUID, ReviewRow]:
    """The reviews of stays, by booking."""
    return await rows.by_id(connection, Review, ReviewRow, booking_ids, key=Review.booking_id)
