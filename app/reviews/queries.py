"""Reading reviews, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from db import rows
from db.models import Review
from db.shapes import Related
from db.statements import Reader


class ReviewRow(msgspec.Struct, frozen=True):
    """A guest's word on a property."""

    id: UUID
    booking_id: UUID
    property_id: UUID
    host_id: UUID
    author_id: UUID
    rating: int
    comment: str
    created_at: datetime


REVIEWS_OF_PROPERTY = rows.Listing(model=Review, row=ReviewRow, parent=Review.property_id)
REVIEWS_OF_HOST = rows.Listing(model=Review, row=ReviewRow, parent=Review.host_id)
# Of a booking.
REVIEW = Related(name="its_review", model=Review, row=ReviewRow, key="booking_id", parent="id")

_REVIEWS = rows.ByKey(Review.id, ReviewRow)
_OF_BOOKINGS = rows.ByKey(Review.booking_id, ReviewRow)


async def reviews(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, ReviewRow]:
    """Reviews by id."""
    return await _REVIEWS.one(reader, ids)


async def of_bookings(reader: Reader, booking_ids: Sequence[UUID]) -> Mapping[UUID, ReviewRow]:
    """The reviews of stays, by booking."""
    return await _OF_BOOKINGS.one(reader, booking_ids)
