"""Reading documents, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.accounting.rules import Content
from app.line_items import LineItem
from app.money import Money, sum_of
from db import rows
from db.models import Document
from db.shapes import in_sql
from db.statements import Reader


class DocumentRow(msgspec.Struct, frozen=True):
    """A document; its recipient's alone."""

    id: UUID
    user_id: UUID
    booking_id: UUID
    corrects_id: UUID | None
    kind: str
    number: str
    currency: str
    total_minor: int
    content: Content
    issued_at: datetime

    @property
    @in_sql(sum_of("total_minor"))
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def line_items(self) -> tuple[LineItem, ...]:
        return self.content.line_items


DOCUMENTS_OF = rows.Listing(
    model=Document, row=DocumentRow, parent=Document.user_id, status=Document.kind
)
_DOCUMENTS = rows.ByKey(Document.id, DocumentRow)
_DOCUMENTS_OF_BOOKING = rows.ByKey(Document.booking_id, DocumentRow, Document.id)


async def documents(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, DocumentRow]:
    """Documents by id."""
    return await _DOCUMENTS.one(reader, ids)


async def documents_of(
    reader: Reader, booking_ids: Sequence[UUID]
) -> Mapping[UUID, list[DocumentRow]]:
    """Everybody's documents about bookings, by booking, oldest first."""
    return await _DOCUMENTS_OF_BOOKING.many(reader, booking_ids)
