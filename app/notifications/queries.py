"""Reads the facts that letters speak of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Row, case, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.notifications.facts import (
    Alteration,
    CoHosting,
    DisputedStay,
    FoundPlace,
    HostPayout,
    MailedLink,
    NewMatches,
    Person,
    ReadyExport,
    Stay,
)
from db.enums import (
    BookingStatus,
    JournalEntryKind,
    LedgerAccountKind,
    PaymentStatus,
    PropertyStatus,
    RefundReason,
    RefundStatus,
)
from db.models import (
    AccountLink,
    Booking,
    BookingAlteration,
    BookingChange,
    CoHost,
    DataExport,
    Dispute,
    JournalEntry,
    LedgerAccount,
    Payment,
    Payout,
    PayoutItem,
    Posting,
    Property,
    Refund,
    Review,
    SavedSearch,
    User,
)


async def load_person(
    connection: AsyncConnection, user_id: UUID, *, verified: bool = False
) -> Person | None:
    """A user, or None when there is none with this id, or their address had to be verified."""
    row = (
        await connection.execute(
            select(User.id, User.email, User.first_name, User.last_name).where(
                User.id == user_id,
                *([User.email_verified_at.is_not(None)] if verified else []),
            )
        )
    ).one_or_none()
    return msgspec.convert(_fields(row), Person) if row else None


async def load_export(
    connection: AsyncConnection, export_id: UUID, now: datetime
) -> ReadyExport | None:
    """An export that can be fetched, and whose it is."""
    row = (
        await connection.execute(
            select(DataExport.expires_at, func.json_build_object(*_person(User)).label("person"))
            .join(User, User.id == DataExport.user_id)
            .where(
                DataExport.id == export_id,
                DataExport.ready_at.is_not(None),
                DataExport.expires_at > now,
                User.email_verified_at.is_not(None),
            )
        )
    ).one_or_none()
    return msgspec.convert(_fields(row), ReadyExport) if row else None


async def load_co_hosting(connection: AsyncConnection, co_host_id: UUID) -> CoHosting | None:
    """An invitation, or a co-host; None once it is withdrawn, or they are removed."""
    helper = aliased(User)
    row = (
        await connection.execute(
            select(
                CoHost.property_id,
                CoHost.rights,
                CoHost.invited_at,
                CoHost.expires_at,
                CoHost.email,
                Property.title,
                func.json_build_object(*_person(User)).label("host"),
                func.coalesce(helper.first_name, "").label("first_name"),
            )
            .join(Property, Property.id == CoHost.property_id)
            .join(User, User.id == Property.host_id)
            .outerjoin(helper, helper.id == CoHost.user_id)
            .where(CoHost.id == co_host_id)
        )
    ).one_or_none()
    return msgspec.convert(_fields(row), CoHosting) if row else None


async def load_new_matches(
    connection: AsyncConnection, search_id: UUID, property_ids: Sequence[UUID]
) -> NewMatches | None:
    """A saved search whose owner wants mail, with those of the places that are still let."""
    row = (
        await connection.execute(
            select(
                SavedSearch.id.label("saved_search_id"),
                SavedSearch.name,
                func.json_build_object(*_person(User)).label("person"),
            )
            .join(User, User.id == SavedSearch.user_id)
            .where(
                SavedSearch.id == search_id,
                SavedSearch.email_alerts,
                User.email_verified_at.is_not(None),
                User.suspended_at.is_(None),
                User.deletion_scheduled_at.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    found = await connection.execute(
        select(
            Property.id,
            Property.title,
            Property.city,
            Property.base_price_minor.label("price_minor"),
            Property.currency,
        ).where(Property.id.in_(property_ids), Property.status == PropertyStatus.PUBLISHED)
    )
    places = {each.id: msgspec.convert(_fields(each), FoundPlace) for each in found}
    shown = [places[key] for key in property_ids if key in places]
    return msgspec.convert({**_fields(row), "places": shown}, NewMatches)


async def load_link(connection: AsyncConnection, link_id: UUID, now: datetime) -> MailedLink | None:
    """A mailed link that can still be followed."""
    owner = aliased(User)
    row = (
        await connection.execute(
            select(
                AccountLink.id,
                AccountLink.purpose,
                AccountLink.new_email,
                User.username,
                func.json_build_object(
                    "id",
                    User.id,
                    "email",
                    AccountLink.email,
                    "first_name",
                    User.first_name,
                    "last_name",
                    User.last_name,
                ).label("recipient"),
                case((owner.id.is_not(None), func.json_build_object(*_person(owner)))).label(
                    "owner"
                ),
            )
            .join(User, User.id == AccountLink.user_id)
            .outerjoin(
                owner,
                (owner.email == AccountLink.email)
                & owner.email_verified_at.is_not(None)
                & (owner.id != User.id),
            )
            .where(
                AccountLink.id == link_id,
                AccountLink.used_at.is_(None),
                AccountLink.expires_at > now,
            )
        )
    ).one_or_none()
    return msgspec.convert(_fields(row), MailedLink) if row else None


async def load_stay(connection: AsyncConnection, booking_id: UUID, version: int) -> Stay | None:
    """A booking as it is now, seen from the transition that made `version`."""
    guest, host = aliased(User), aliased(User)
    change = aliased(BookingChange)
    payments = select(Payment).where(Payment.booking_id == Booking.id)
    refunds = payments.join(Refund, Refund.payment_id == Payment.id).with_only_columns(
        _total(Refund.amount_minor)
    )
    query = (
        select(
            Booking.id.label("booking_id"),
            Booking.status,
            change.previous_status,
            exists()
            .where(
                BookingChange.booking_id == Booking.id,
                BookingChange.status == BookingStatus.PENDING_HOST,
            )
            .label("was_requested"),
            Booking.property_id,
            Booking.accepted_at,
            Booking.confirmed_at,
            Booking.cancelled_at,
            Booking.cancelled_by,
            Booking.cancellation_reason,
            Booking.cancellation_policy,
            Booking.deadline_at,
            Booking.updated_at,
            Booking.message,
            Booking.timezone,
            Booking.check_in,
            Booking.check_out,
            Booking.check_in_at,
            Booking.check_out_at,
            Booking.adults,
            Booking.children,
            Booking.infants,
            Booking.pets,
            Booking.currency,
            Booking.total_minor,
            Booking.host_payout_minor,
            Booking.line_items,
            Property.title,
            Property.address,
            Property.postal_code,
            Property.city,
            Property.region,
            Property.country,
            # Less what the stay did not cost in the end.
            (
                payments.with_only_columns(_total(Payment.captured_minor)).scalar_subquery()
                - refunds.where(Refund.reason != RefundReason.CANCELLATION).scalar_subquery()
            ).label("captured_minor"),
            refunds.where(
                Refund.reason == RefundReason.CANCELLATION, Refund.status != RefundStatus.FAILED
            )
            .scalar_subquery()
            .label("refunded_minor"),
            payments.where(Payment.status == PaymentStatus.PENDING)
            .with_only_columns(Payment.redirect_url)
            .limit(1)
            .scalar_subquery()
            .label("pay_url"),
            exists().where(Review.booking_id == Booking.id).label("is_reviewed"),
            func.json_build_object(*_person(guest)).label("guest"),
            func.json_build_object(*_person(host)).label("host"),
        )
        .join(Property, Property.id == Booking.property_id)
        .join(guest, guest.id == Booking.guest_id)
        .join(host, host.id == Booking.host_id)
        .outerjoin(change, (change.booking_id == Booking.id) & (change.version == version))
        .where(Booking.id == booking_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return msgspec.convert(_fields(row), Stay) if row else None


async def load_alteration(
    connection: AsyncConnection, alteration_id: UUID, version: int
) -> Alteration | None:
    """An alteration as it is now, seen from the step that made the booking's `version`."""
    payable = exists().where(
        Payment.alteration_id == BookingAlteration.id, Payment.status == PaymentStatus.PENDING
    )
    same = set(Alteration.__struct_fields__) - {"by", "reason", "is_payable"}
    query = (
        select(
            *(getattr(BookingAlteration, name) for name in sorted(same)),
            BookingChange.actor.label("by"),
            BookingChange.reason,
            payable.label("is_payable"),
        )
        .join(BookingChange, BookingChange.alteration_id == BookingAlteration.id)
        .where(BookingAlteration.id == alteration_id, BookingChange.version == version)
    )
    row = (await connection.execute(query)).one_or_none()
    return msgspec.convert(_fields(row), Alteration) if row else None


async def load_payout(connection: AsyncConnection, payout_id: UUID) -> HostPayout | None:
    """A payout with its host."""
    items = select(func.count()).where(PayoutItem.payout_id == Payout.id).scalar_subquery()
    query = (
        select(
            Payout.id.label("payout_id"),
            Payout.currency,
            Payout.amount_minor,
            items.label("bookings"),
            func.json_build_object(*_person(User)).label("host"),
        )
        .join(User, User.id == Payout.host_id)
        .where(Payout.id == payout_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return msgspec.convert(_fields(row), HostPayout) if row else None


async def load_dispute(connection: AsyncConnection, dispute_id: UUID) -> DisputedStay | None:
    """A dispute with the stay that it is about, and what it has cost its host."""
    guest, host = aliased(User), aliased(User)
    lost = (
        select(_total(Posting.amount_minor))
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            JournalEntry.source == "disputes",
            JournalEntry.source_id == Dispute.id,
            JournalEntry.kind == JournalEntryKind.DISPUTE_LOST,
            LedgerAccount.kind == LedgerAccountKind.HOST_PAYABLE,
        )
        .scalar_subquery()
    )
    query = (
        select(
            Payment.booking_id,
            func.json_build_object(*_person(host)).label("host"),
            guest.first_name.label("guest"),
            Property.title,
            Booking.check_in,
            Booking.check_out,
            Dispute.status,
            Payment.currency,
            Dispute.amount_minor,
            lost.label("host_minor"),
        )
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Booking, Booking.id == Payment.booking_id)
        .join(Property, Property.id == Booking.property_id)
        .join(guest, guest.id == Payment.guest_id)
        .join(host, host.id == Payment.host_id)
        .where(Dispute.id == dispute_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return msgspec.convert(_fields(row), DisputedStay) if row else None


def _total(amounts: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """The sum, 0 for no rows; PostgreSQL would make a numeric of it."""
    return cast(func.coalesce(func.sum(amounts), 0), BigInteger)


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """By plain names: SQLAlchemy's own strings are not what msgspec takes for one."""
    return {str(name): value for name, value in row._mapping.items()}


def _person(user: type[User]) -> list[object]:
    """Key and value, key and value, of a Person."""
    return [
        part
        for name in ("id", "email", "first_name", "last_name")
        for part in (name, getattr(user, name))
    ]
