"""Money that was taken and given back, as rows: no provider is asked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.accounting import documents
from app.accounting.rules import Issuer
from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.line_items import LineItem, line_items_to_builtins
from app.payments import service as payments
from app.payments.rules import PaymentRecord
from db.enums import LineItemKind, PaymentProvider
from db.models import Booking, Document, Payment, Refund
from db.session import Database
from tests.support import world
from tests.support.money import HOST, LINES, PLATFORM, TAX, TOTAL, line

ISSUER = Issuer(
    name="Roost Stays, Lda.",
    address=("Rua Augusta 1", "1100-048 Lisbon", "Portugal"),
    tax_id="PT 500 000 000",
    note="",
    timezone="Europe/Lisbon",
)
# A cancellation that gives back one of two nights, none of the guest's fee, and 4.50 of the host's.
BACK = (line(LineItemKind.NIGHTS, 125_00, "2 nights"), line(LineItemKind.TAX, 7_50, "City tax"))


async def stay(db: Database, host_id: UUID | None = None, **booking: Any) -> UUID:
    """A confirmed booking of a place in Lisbon."""
    host_id = host_id or await world.add_host(db)
    place = await world.add_property(db, host_id)
    return await world.add_booking(db, place, await world.add_user(db), host_id, **booking)


async def paid(db: Database, booking_id: UUID, at: datetime, **columns: Any) -> PaymentRecord:
    """A payment that was taken, with its entry in the books."""
    booking = await _booking(db, booking_id)
    items: tuple[LineItem, ...] = columns.pop("line_items", LINES)
    row = {
        "id": new_id(),
        "booking_id": booking_id,
        "attempt": 1,
        "provider": PaymentProvider.STRIPE,
        "method": "CARD",
        "status": "PAID",
        "amount_minor": TOTAL,
        "captured_minor": TOTAL,
        "currency": "EUR",
        "guest_id": booking.guest_id,
        "host_id": booking.host_id,
        "host_minor": HOST,
        "platform_minor": PLATFORM,
        "tax_minor": TAX,
        "line_items": line_items_to_builtins(items),
        "country": "PT",
        "region": "Lisbon",
        "manual_capture": False,
        "paid_at": at,
        "created_at": at,
    } | columns
    async with db.transaction() as session:
        await session.execute(insert(Payment).values(row))
        payment = await payments.get(session, row["id"])
        ids = (payment.id, booking_id, payment.host_id, payment.provider, payment.currency)
        await ledger.post(session, entries.capture(*ids, payment.shares), at)
    return payment


async def given_back(db: Database, payment: PaymentRecord, at: datetime, **columns: Any) -> UUID:
    """A refund that was sent, with its entries in the books."""
    items: tuple[LineItem, ...] = columns.pop("line_items", BACK)
    row: dict[str, Any] = {
        "id": new_id(),
        "payment_id": payment.id,
        "reason": "CANCELLATION",
        "status": "SUCCEEDED",
        "amount_minor": 132_50,
        "host_minor": 120_50,
        "platform_minor": 4_50,
        "tax_minor": 7_50,
        "line_items": line_items_to_builtins(items),
        "created_at": at,
        "settled_at": at,
    } | columns
    async with db.transaction() as session:
        await session.execute(insert(Refund).values(row))
        refund = await payments.get_refund(session, row["id"])
        ids = (refund.id, payment.booking_id, payment.guest_id)
        shares = refund.shares(payment)
        due = entries.refund_due(*ids, payment.host_id, payment.currency, shares)
        await ledger.post(session, due, at)
        money = (payment.provider, payment.currency, refund.amount_minor)
        await ledger.post(session, entries.refund_sent(*ids, *money), at)
    return refund.id


async def document(db: Database, payment: PaymentRecord, at: datetime) -> None:
    """Issue what belongs to a payment."""
    await db.run(lambda session: documents.document_payment(session, ISSUER, payment.id, at))


async def document_refund(db: Database, refund_id: UUID, at: datetime) -> None:
    """Issue what belongs to a refund."""
    await db.run(lambda session: documents.document_refund(session, ISSUER, refund_id, at))


async def issued(db: Database) -> list[Document]:
    """All documents, in the order of their numbers."""
    async with db.transaction() as session:
        return list(await session.scalars(select(Document).order_by(Document.number)))


async def _booking(db: Database, booking_id: UUID) -> Any:
    async with db.read() as connection:
        query = select(Booking.guest_id, Booking.host_id).where(Booking.id == booking_id)
        return (await connection.execute(query)).one()
