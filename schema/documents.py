"""Receipts, invoices and credit notes: each for its recipient alone."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.accounting.downloads import DocumentFile, address_of
from app.accounting.queries import DocumentRow
from app.bookings.queries import BookingRow
from app.identity.policy import is_own
from schema.context import Context, Info, absolute
from schema.enums import DocumentKind
from schema.money import LineItem, LineRow, Money, lines
from schema.node import Node, shows
from schema.paging import Page
from schema.reading import reads

if TYPE_CHECKING:
    from schema.bookings.types import Booking

Parent: TypeAlias = strawberry.Parent[DocumentRow]
Booked: TypeAlias = Annotated["Booking", strawberry.lazy("schema.bookings.types")]
Kinds: TypeAlias = Annotated[
    list[DocumentKind] | None, strawberry.argument(description="Only these kinds.")
]


@reads("booking_id")
def booking_of(document: Parent, info: Info) -> Awaitable[BookingRow | None]:
    return info.context.loaders.bookings.load(document.booking_id)


@reads("corrects_id")
def corrected(document: Parent, info: Info) -> Awaitable[DocumentRow | None] | None:
    key = document.corrects_id
    return None if key is None else info.context.loaders.documents.load(key)


@reads("content", "currency")
def line_items(document: Parent) -> list[LineRow]:
    return lines(document.line_items, document.currency)


@reads("id")
def pdf_url(document: Parent, info: Info) -> str:
    context = info.context
    return absolute(address_of(context.keys, DocumentFile(document.id), context.now), info)


@strawberry.type(
    description="What was written about money once and for all. Only for whom it is for."
)
class Document(Node):
    is_type_of = shows(DocumentRow)

    kind: DocumentKind = strawberry.field(description="What it is.")
    number: str = strawberry.field(description="`R-2026-000123`. Without gaps in a year.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    total: Money = strawberry.field(
        description="How much; less than nothing of a refund receipt and a credit note."
    )
    line_items = strawberry.field(
        resolver=line_items,
        graphql_type=list[LineItem],
        description="What it is about; all lines together are the total.",
    )
    booking = strawberry.field(
        resolver=booking_of, graphql_type=Booked, description="The stay that it is about."
    )
    corrects = strawberry.field(
        resolver=corrected,
        graphql_type=Annotated["Document", strawberry.lazy("schema.documents")] | None,
        description="The invoice or receipt of which this takes something back.",
    )
    pdf_url = strawberry.field(
        resolver=pdf_url,
        description="Where a browser gets it as a PDF, without a token, for a quarter of an hour.",
    )


@strawberry.type(description="A document in its place in a list.")
class DocumentEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Document = strawberry.field(description="The document.")


@strawberry.type(description="One page of a list of documents.")
class DocumentConnection(Page):
    edges: list[DocumentEdge] = strawberry.field(description="The documents, in order.")


@reads("id")
async def documents_of(booking: strawberry.Parent[BookingRow], info: Info) -> list[DocumentRow]:
    found = await info.context.loaders.documents_of.load(booking.id)
    return [each for each in found if is_own(each.user_id, info.context.actor)]


async def visible_document(context: Context, key: UUID) -> DocumentRow | None:
    """The document, if it is the viewer's."""
    found = await context.loaders.documents.load(key)
    return found if found and is_own(found.user_id, context.actor) else None
