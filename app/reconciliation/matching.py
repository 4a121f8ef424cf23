"""Which of our rows a provider's objects are, and what the books say of them, page by page."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.payments.provider import Charge, Movement, ProviderDispute, ProviderRefund, Transfer
from app.reconciliation import rules
from app.reconciliation.rules import Side
from db.enums import (
    DifferenceKind,
    DifferenceSubject,
    JournalEntryKind,
    LedgerAccountKind,
    PaymentProvider,
    RefundStatus,
)
from db.models import (
    Difference,
    Dispute,
    JournalEntry,
    LedgerAccount,
    Payment,
    Payout,
    Posting,
    Refund,
    Sighting,
)

Reader = AsyncConnection | AsyncSession
Subject = DifferenceSubject

# The table that the journal names as an object's source.
SOURCES = {
    Subject.CHARGE: "payments",
    Subject.REFUND: "refunds",
    Subject.TRANSFER: "payouts",
    Subject.DISPUTE: "disputes",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An object as the provider shows it, whatever its kind."""

    subject: DifferenceSubject
    key: str
    # Ours, from its metadata.
    named_id: UUID | None
    created_at: datetime
    side: Side
    object: Charge | ProviderRefund | Transfer | ProviderDispute | Movement


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What we have of an object: our row, if there is one, and what is booked."""

    object_id: UUID | None
    side: Side | None
    # A member of staff, or we ourselves, have booked what it moved.
    by_hand: bool = False


class Booked(msgspec.Struct, frozen=True):
    """What entries have changed on the provider's account, and what of it are fees."""

    moved: Counter[str]
    kept: Counter[str]


def shown(thing: Charge | ProviderRefund | Transfer | ProviderDispute | Movement) -> Shown:
    """Any object in the same terms."""
    named: UUID | None = None
    made_at = thing.opened_at if isinstance(thing, ProviderDispute) else thing.created_at
    if isinstance(thing, Charge):
        subject, named, side = Subject.CHARGE, thing.payment_id, rules.of_charge(thing)
    elif isinstance(thing, ProviderRefund):
        subject, named, side = Subject.REFUND, thing.refund_id, rules.of_refund(thing)
    elif isinstance(thing, Transfer):
        subject, named, side = Subject.TRANSFER, thing.payout_id, rules.of_transfer(thing)
    elif isinstance(thing, ProviderDispute):
        subject, side = Subject.DISPUTE, rules.of_dispute(thing)
    else:
        subject, side = Subject.MOVEMENT, rules.of_movement(thing)
    return Shown(
        subject=subject,
        key=thing.provider_id,
        named_id=named,
        created_at=made_at,
        side=side,
        object=thing,
    )


async def known(
    reader: Reader, provider: PaymentProvider, objects: Sequence[Shown]
) -> Mapping[str, Known]:
    """What we have of objects of one kind, by the provider's ids of them."""
    if not objects:
        return {}
    subject = objects[0].subject
    keys = [one.key for one in objects]
    corrected = await _by_hand(reader, provider, subject, keys)
    rows = await _rows(reader, provider, subject, objects)
    booked = await _booked(reader, provider, SOURCES.get(subject, ""), [row.id for row in rows])
    by_key = {row.key: row for row in rows if row.key is not None}
    by_id = {row.id: row for row in rows if row.key is None}
    found = {}
    for one in objects:
        row = by_key.get(one.key) or by_id.get(one.named_id or UUID(int=0))
        hand = corrected.get(one.key)
        found[one.key] = _known(one, row, booked, hand)
    return found


def _known(one: Shown, row: Any, booked: Mapping[UUID, Booked], hand: Booked | None) -> Known:
    if row is None:
        # No row, but in the books: as what the provider says that it is.
        side = None
        if hand is not None:
            side = msgspec.structs.replace(one.side, moved=hand.moved, kept=hand.kept)
        return Known(object_id=None, side=side, by_hand=hand is not None)
    mine = booked.get(row.id) or Booked(Counter(), Counter())
    more = hand or Booked(Counter(), Counter())
    return Known(
        object_id=row.id,
        by_hand=hand is not None,
        side=Side(
            status=rules.our_status(one.subject, row.status),
            amount_minor=row.amount_minor,
            currency=row.currency,
            moved=_sum(mine.moved, more.moved),
            kept=_sum(mine.kept, more.kept),
        ),
    )


def _sum(one: Counter[str], other: Counter[str]) -> Counter[str]:
    # `+` of counters drops what is negative.
    total = Counter(one)
    total.update(other)
    return total


def _select(subject: DifferenceSubject) -> tuple[Any, Any, Any, Any]:
    """Our rows of a kind, and their columns: id, the provider's id, the provider."""
    row: Any
    key: Any
    at: Any
    if subject is Subject.CHARGE:
        row, key, at = Payment, Payment.provider_payment_id, Payment
    elif subject is Subject.REFUND:
        row, key, at = Refund, Refund.provider_refund_id, Payment
    elif subject is Subject.TRANSFER:
        row, key, at = Payout, Payout.provider_transfer_id, Payout
    else:
        row, key, at = Dispute, Dispute.provider_dispute_id, Dispute
    query = select(row.id, key.label("key"), row.status, row.amount_minor, at.currency)
    if subject is Subject.REFUND:
        query = query.join(Payment, Payment.id == Refund.payment_id)
    return query, row.id, key, at.provider


async def _rows(
    reader: Reader,
    provider: PaymentProvider,
    subject: DifferenceSubject,
    objects: Sequence[Shown],
) -> list[Any]:
    if subject not in SOURCES:
        return []
    query, id_, key, at = _select(subject)
    named = [one.named_id for one in objects if one.named_id is not None]
    rows = await reader.execute(
        query.where(
            at == provider,
            or_(key.in_([one.key for one in objects]), and_(key.is_(None), id_.in_(named))),
        )
    )
    return list(rows)


async def _booked(
    reader: Reader, provider: PaymentProvider, source: str, ids: Collection[UUID]
) -> dict[UUID, Booked]:
    found: dict[UUID, Booked] = defaultdict(lambda: Booked(Counter(), Counter()))
    if ids:
        rows = await reader.execute(
            _clearing(JournalEntry.source_id, provider, source)
            .where(JournalEntry.source_id.in_(ids))
            .group_by(JournalEntry.source_id, JournalEntry.kind, Posting.currency)
        )
        for source_id, kind, currency, amount in rows:
            _count(found[source_id], kind, currency, int(amount))
    return found


async def _by_hand(
    reader: Reader, provider: PaymentProvider, subject: DifferenceSubject, keys: Sequence[str]
) -> dict[str, Booked]:
    """What was booked because of differences, by the object's id at the provider."""
    found: dict[str, Booked] = defaultdict(lambda: Booked(Counter(), Counter()))
    rows = await reader.execute(
        _clearing(Difference.key, provider, "differences")
        .join(Difference, Difference.id == JournalEntry.source_id)
        .where(
            Difference.provider == provider,
            Difference.subject == subject,
            Difference.key.in_(keys),
            # What came back of an unknown charge is its refund's movement, not its own.
            ~and_(
                Difference.subject == Subject.CHARGE,
                JournalEntry.kind == JournalEntryKind.UNKNOWN_RETURNED,
            ),
        )
        .group_by(Difference.key, JournalEntry.kind, Posting.currency)
    )
    for key, kind, currency, amount in rows:
        _count(found[key], kind, currency, int(amount))
    return found


def _clearing(by: Any, provider: PaymentProvider, source: str) -> Select[Any]:
    return (
        select(by, JournalEntry.kind, Posting.currency, func.sum(Posting.amount_minor))
        .select_from(JournalEntry)
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            JournalEntry.source == source,
            LedgerAccount.kind == LedgerAccountKind.PROVIDER_CLEARING,
            LedgerAccount.provider == provider,
        )
    )


def _count(booked: Booked, kind: str, currency: str, amount: int) -> None:
    if kind == JournalEntryKind.PROVIDER_FEE:
        booked.kept[currency] -= amount
    else:
        booked.moved[currency] += amount


async def is_return_of(reader: Reader, provider: PaymentProvider, refund: ProviderRefund) -> bool:
    """Whether a refund is one by which we give an unknown charge back."""
    if refund.refund_id is None:
        return False
    found = await reader.scalar(
        select(Difference.id).where(
            Difference.id == refund.refund_id, Difference.provider == provider
        )
    )
    return found is not None


async def is_unknown_charge(reader: Reader, provider: PaymentProvider, key: str | None) -> bool:
    """Whether a charge was found that belongs to nothing of ours."""
    found = await reader.scalar(
        select(Difference.id)
        .where(
            Difference.provider == provider,
            Difference.subject == Subject.CHARGE,
            Difference.key == key,
            Difference.kind == DifferenceKind.UNKNOWN_CHARGE,
        )
        .limit(1)
    )
    return found is not None


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ours that has moved money by the books, and was in no list."""

    id: UUID
    key: str | None
    status: str
    amount_minor: int
    currency: str


async def absent(
    reader: Reader,
    provider: PaymentProvider,
    subject: DifferenceSubject,
    reconciliation_id: UUID,
    since: datetime,
    until: datetime,
    after: UUID | None,
    limit: int,
) -> list[Absent]:
    """Rows whose object must have been created in a window, and that a walk has not met."""
    query, id_, _, at = _select(subject)
    made, moved = _when(subject)
    rows = await reader.execute(
        query.where(
            at == provider,
            made >= since + rules.SKEW,
            moved < until - rules.GRACE,
            ~exists().where(
                Sighting.reconciliation_id == reconciliation_id,
                Sighting.subject == subject,
                Sighting.object_id == id_,
            ),
            *([] if after is None else [id_ > after]),
        )
        .order_by(id_)
        .limit(limit)
    )
    return [msgspec.convert(row._asdict(), Absent) for row in rows]


def _when(subject: DifferenceSubject) -> tuple[Any, Any]:
    """When a row was made, and when its money moved: null, and never, for what moved none."""
    if subject is Subject.CHARGE:
        return Payment.created_at, Payment.paid_at
    if subject is Subject.REFUND:
        # One that was refused, or whose money the guest's bank took, is at no provider.
        sent = Refund.status == RefundStatus.SUCCEEDED
        return Refund.created_at, case((sent, Refund.settled_at))
    if subject is Subject.TRANSFER:
        return Payout.created_at, Payout.paid_at
    return Dispute.opened_at, case((Dispute.withdrawn_minor > 0, Dispute.opened_at))


async def side_of(
    reader: Reader, provider: PaymentProvider, subject: DifferenceSubject, row: Absent
) -> Side:
    """What we say of a row of our own, and the books."""
    booked = (await _booked(reader, provider, SOURCES[subject], [row.id]))[row.id]
    hand = (await _by_hand(reader, provider, subject, [row.key or str(row.id)])).get(
        row.key or str(row.id)
    ) or Booked(Counter(), Counter())
    return Side(
        status=rules.our_status(subject, row.status),
        amount_minor=row.amount_minor,
        currency=row.currency,
        moved=_sum(booked.moved, hand.moved),
        kept=_sum(booked.kept, hand.kept),
    )
