"""Issuing documents: each once, numbered in the transaction that issues it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounting import rules
from app.accounting.rules import Content, Draft, Issuer, Money, Party, Stay
from app.config import Settings
from app.countries import country_name
from app.ids import new_id
from app.payments import service as payments
from app.payments.rules import TAKEN, PaymentRecord
from db.enums import DocumentKind, HostKind, PaymentMethod, RefundStatus, Side
from db.models import Booking, Document, DocumentCounter, HostDetails, Property, Refund, User

Guest, Host = aliased(User), aliased(User)


class Issued(msgspec.Struct, frozen=True):
    """A document of a payment that there is already."""

    id: UUID
    refund_id: UUID | None
    kind: DocumentKind
    side: Side
    number: str


def issuer_of(settings: Settings) -> Issuer:
    """Who issues documents."""
    return Issuer(
        name=settings.issuer_name,
        address=settings.issuer_address,
        tax_id=settings.issuer_tax_id,
        note=settings.issuer_note,
        timezone=settings.issuer_timezone,
    )


async def document_payment(
    session: AsyncSession, issuer: Issuer, payment_id: UUID, now: datetime
) -> None:
    """Issue what belongs to money that was taken; nothing the second time. Raises NotFound."""
    # Whoever does the same at this moment waits here, and then finds it done.
    payment = await payments.get_for_update(session, payment_id)
    if payment.status in TAKEN:
        await _document_payment(session, issuer, payment, now)


async def document_refund(
    session: AsyncSession, issuer: Issuer, refund_id: UUID, now: datetime
) -> None:
    """Issue what belongs to money that was given back; nothing the second time.

    What belongs to the payment comes first, if its turn had not come. Raises NotFound.
    """
    payment_id = (await payments.get_refund(session, refund_id)).payment_id
    payment = await payments.get_for_update(session, payment_id)
    await _document_payment(session, issuer, payment, now)
    refund = await payments.get_refund(session, refund_id)
    if refund.status is RefundStatus.PENDING:
        return
    money = Money(
        amount_minor=refund.amount_minor,
        platform_minor=refund.platform_minor,
        line_items=refund.line_items,
    )
    moved_at = await session.scalar(select(Refund.settled_at).where(Refund.id == refund_id))
    found = rules.drafts(money, is_refund=True)
    await _issue(session, issuer, payment, found, moved_at or now, now, refund_id)


async def _document_payment(
    session: AsyncSession, issuer: Issuer, payment: PaymentRecord, now: datetime
) -> None:
    money = Money(
        amount_minor=payment.captured_minor,
        platform_minor=payment.platform_minor,
        line_items=payment.line_items,
    )
    found = rules.drafts(money, is_refund=False)
    await _issue(session, issuer, payment, found, payment.paid_at or now, now, None)


async def _issue(
    session: AsyncSession,
    issuer: Issuer,
    payment: PaymentRecord,
    found: Sequence[Draft],
    moved_at: datetime,
    now: datetime,
    refund_id: UUID | None,
) -> None:
    known = await _issued(session, payment.id)
    done = {(each.kind, each.side) for each in known if each.refund_id == refund_id}
    found = [each for each in found if (each.kind, each.side) not in done]
    if not found:
        return
    facts = await _facts(session, payment.booking_id)
    year = now.astimezone(issuer.zone).year
    counters = await _take(session, issuer.name, year, rules.counted(found), now)
    corrected = {each.side: each for each in known if each.kind is DocumentKind.INVOICE}
    receipt = next((each for each in known if each.kind is DocumentKind.RECEIPT), None)
    rows = []
    for draft in found:
        series = rules.SERIES[draft.kind]
        serial, issued_at = counters[series]
        counters[series] = serial + 1, issued_at
        corrects = None
        if refund_id is not None:
            is_credit = draft.kind is DocumentKind.CREDIT_NOTE
            corrects = corrected.get(draft.side) if is_credit else receipt
        content = _content(issuer, draft, facts, payment.method, moved_at, corrects)
        rows.append(
            {
                "id": new_id(),
                "issuer": issuer.name,
                "number": rules.number(draft.kind, year, serial),
                "kind": draft.kind,
                "side": draft.side,
                "user_id": facts.guest_id if draft.side is Side.GUEST else facts.host_id,
                "booking_id": payment.booking_id,
                "payment_id": payment.id,
                "refund_id": refund_id,
                "corrects_id": corrects and corrects.id,
                "currency": payment.currency,
                "total_minor": draft.total_minor,
                "content": msgspec.to_builtins(content),
                "issued_at": issued_at,
            }
        )
    await session.execute(insert(Document), rows)


async def _take(
    session: AsyncSession, issuer: str, year: int, wanted: dict[str, int], now: datetime
) -> dict[str, tuple[int, datetime]]:
    """The first of so many numbers of each series, and when they are issued.

    A rollback gives them back. Numbers and instants grow together: who had to wait for the
    counter may have looked at the clock before whoever had it.
    """
    taken: dict[str, tuple[int, datetime]] = {}
    for series, count in wanted.items():
        new = upsert(DocumentCounter).values(
            issuer=issuer, series=series, year=year, last=count, issued_at=now
        )
        greatest = func.greatest(DocumentCounter.issued_at, new.excluded.issued_at)
        row = await session.execute(
            new.on_conflict_do_update(
                index_elements=["issuer", "series", "year"],
                set_={"last": DocumentCounter.last + count, "issued_at": greatest},
            ).returning(DocumentCounter.last, DocumentCounter.issued_at)
        )
        last, issued_at = row.one()
        taken[series] = last - count + 1, issued_at
    return taken


async def _issued(session: AsyncSession, payment_id: UUID) -> list[Issued]:
    columns = [getattr(Document, name) for name in Issued.__struct_fields__]
    rows = await session.execute(select(*columns).where(Document.payment_id == payment_id))
    return [msgspec.convert(row._asdict(), Issued) for row in rows]


async def _facts(session: AsyncSession, booking_id: UUID) -> Any:
    query = (
        select(
            Booking.id,
            Booking.guest_id,
            Booking.host_id,
            Booking.check_in,
            Booking.check_out,
            (Booking.adults + Booking.children).label("guests"),
            Property.title,
            Property.city,
            Property.country,
            Guest.first_name.label("guest_first_name"),
            Guest.last_name.label("guest_last_name"),
            Host.first_name.label("host_first_name"),
            Host.last_name.label("host_last_name"),
            HostDetails.kind.label("host_kind"),
            HostDetails.legal_name,
            HostDetails.country.label("host_country"),
            HostDetails.registration_number,
        )
        .join(Property, Property.id == Booking.property_id)
        .join(Guest, Guest.id == Booking.guest_id)
        .join(Host, Host.id == Booking.host_id)
        .outerjoin(HostDetails, HostDetails.user_id == Booking.host_id)
        .where(Booking.id == booking_id)
    )
    return (await session.execute(query)).one()


def _content(
    issuer: Issuer,
    draft: Draft,
    facts: Any,
    method: PaymentMethod,
    moved_at: datetime,
    corrects: Issued | None,
) -> Content:
    is_receipt = draft.kind in (DocumentKind.RECEIPT, DocumentKind.REFUND_RECEIPT)
    tax_id = (issuer.tax_id,) if issuer.tax_id else ()
    return Content(
        issuer=Party(issuer.name, (*issuer.address, *tax_id)),
        recipient=_guest(facts) if draft.side is Side.GUEST else _host(facts),
        on_behalf_of=_known_as(facts) if is_receipt else None,
        stay=Stay(
            booking_id=facts.id,
            title=facts.title,
            city=facts.city,
            country=facts.country,
            check_in=facts.check_in,
            check_out=facts.check_out,
            guests=facts.guests,
        ),
        line_items=draft.line_items,
        method=method,
        moved_at=moved_at,
        corrects=corrects.number if corrects else None,
        note="" if is_receipt else issuer.note,
        timezone=issuer.timezone,
    )


def _guest(facts: Any) -> Party:
    return Party(f"{facts.guest_first_name} {facts.guest_last_name}".strip())


def _host(facts: Any) -> Party:
    """A host under the name that they are registered by."""
    if facts.legal_name is None:
        return Party(f"{facts.host_first_name} {facts.host_last_name}".strip())
    lines = (facts.registration_number, country_name(facts.host_country))
    return Party(facts.legal_name, tuple(line for line in lines if line))


def _known_as(facts: Any) -> str:
    """A host as their guests know them: traders have to give their name, people need not."""
    is_trader = facts.host_kind == HostKind.BUSINESS
    known: str = facts.legal_name if is_trader else facts.host_first_name
    return known
