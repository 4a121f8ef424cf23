"""What a provider and we say of one object, and what differs.

Both sides are brought to the same terms: a `Side`. What an object has changed in what the provider
holds for us is counted apart from what the provider has kept of it, each by currency.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from app.payments.provider import (
    Charge,
    ChargeState,
    Fee,
    Movement,
    MovementKind,
    ProviderDispute,
    ProviderRefund,
    Transfer,
    TransferState,
)
from app.payments.rules import TAKEN
from db.enums import (
    DifferenceKind,
    DifferenceSubject,
    DisputeStatus,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)

Subject, Kind = DifferenceSubject, DifferenceKind
Money = Mapping[str, int]

# The hour (UTC) after which the nightly walk begins.
NIGHT = 3
# Providers' lists are walked again so far back: what was late then, or has changed since.
OVERLAP = timedelta(days=7)
# What is younger may be under way: its webhook, or our own commit.
GRACE = timedelta(minutes=15)
# Clocks differ: an object may look older than the row that it was made for.
SKEW = timedelta(minutes=10)
# An unknown charge is given back when it is as old: nobody is at work on it any more.
ORPHANED_AFTER = timedelta(hours=1)

UNKNOWN = {
    Subject.CHARGE: Kind.UNKNOWN_CHARGE,
    Subject.REFUND: Kind.UNKNOWN_REFUND,
    Subject.TRANSFER: Kind.UNKNOWN_TRANSFER,
    Subject.DISPUTE: Kind.UNKNOWN_DISPUTE,
    Subject.MOVEMENT: Kind.UNKNOWN_MOVEMENT,
    Subject.BALANCE: Kind.BALANCE_DRIFT,
}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says of an object. `moved` leaves out what the provider has `kept`."""

    # In one vocabulary for both: has it moved money, or may it still?
    status: str
    amount_minor: int
    currency: str
    moved: Money = {}
    kept: Money = {}

    @property
    def told(self) -> str:
        """The facts in words."""
        parts = [f"{self.status} {self.amount_minor} {self.currency}"]
        parts += [f"moved {amount} {code}" for code, amount in sorted(self.moved.items())]
        parts += [f"kept {amount} {code}" for code, amount in sorted(self.kept.items())]
        return ", ".join(parts)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What differs in one currency: by the ledger, and by the provider."""

    kind: DifferenceKind
    currency: str
    ours_minor: int
    theirs_minor: int


def of_charge(charge: Charge) -> Side:
    """A charge at the provider."""
    taken = charge.state is ChargeState.SUCCEEDED
    return Side(
        status="TAKEN" if taken else "NOT_TAKEN",
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        moved=_money(charge.currency, charge.captured_minor),
        kept=_fee(charge.fee) if taken else {},
    )


def of_refund(refund: ProviderRefund) -> Side:
    """A refund at the provider."""
    sent = refund.status is RefundStatus.SUCCEEDED
    return Side(
        status=refund.status,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        moved=_money(refund.currency, -refund.amount_minor if sent else 0),
    )


def of_transfer(transfer: Transfer) -> Side:
    """A transfer at the provider. What never arrived costs nothing."""
    status, moved = "PENDING", 0
    if transfer.state is TransferState.SENT:
        status, moved = "SENT", transfer.returned_minor - transfer.amount_minor
    elif transfer.state is not TransferState.PENDING:
        status = "RETURNED"
    return Side(
        status=status,
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        moved=_money(transfer.currency, moved),
        kept=_fee(transfer.fee) if status == "SENT" else {},
    )


def of_dispute(dispute: ProviderDispute) -> Side:
    """A dispute at the provider."""
    withdrawn = dispute.is_withdrawn or dispute.status is DisputeStatus.LOST
    return Side(
        status=dispute.status,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        moved=_money(dispute.currency, -dispute.amount_minor if withdrawn else 0),
        kept=_fee(dispute.fee),
    )


def of_movement(movement: Movement) -> Side:
    """A change of the balance that belongs to nothing else."""
    return Side(
        status=movement.description,
        amount_minor=movement.amount_minor,
        currency=movement.currency,
        moved=_money(movement.currency, movement.amount_minor),
    )


def is_plain(movement: Movement) -> bool:
    """Whether the provider's own word says what a movement is: nobody has to look at it."""
    return movement.kind is not MovementKind.OTHER


def our_status(subject: DifferenceSubject, status: str) -> str:
    """The status of one of our rows in the vocabulary of a Side."""
    if subject is Subject.CHARGE:
        return "TAKEN" if PaymentStatus(status) in TAKEN else "NOT_TAKEN"
    if subject is Subject.TRANSFER:
        return {
            PayoutStatus.PAID: "SENT",
            PayoutStatus.FAILED: "RETURNED",
        }.get(PayoutStatus(status), "PENDING")
    return status


def compare(subject: DifferenceSubject, ours: Side | None, theirs: Side | None) -> list[Found]:
    """What differs, per currency; nothing: they agree. None is a side that does not have it.

    What one side does not have, and has moved nothing at the other, is no difference.
    """
    if ours is None or theirs is None:
        kind = UNKNOWN[subject] if ours is None else Kind.MISSING_AT_PROVIDER
        return _by_currency(kind, ours, theirs)
    if ours.status != theirs.status:
        return _by_currency(Kind.STATUS_DIFFERS, ours, theirs) or [
            Found(kind=Kind.STATUS_DIFFERS, currency=ours.currency, ours_minor=0, theirs_minor=0)
        ]
    if (ours.amount_minor, ours.currency) != (theirs.amount_minor, theirs.currency):
        return _by_currency(Kind.AMOUNT_DIFFERS, ours, theirs) or [
            Found(kind=Kind.AMOUNT_DIFFERS, currency=ours.currency, ours_minor=0, theirs_minor=0)
        ]
    if _without_zeros(ours.moved) != _without_zeros(theirs.moved):
        return _by_currency(Kind.AMOUNT_DIFFERS, ours, theirs)
    return _by_currency(Kind.FEE_DIFFERS, ours, theirs)


def _by_currency(kind: DifferenceKind, ours: Side | None, theirs: Side | None) -> list[Found]:
    mine, others = net(ours), net(theirs)
    return [
        Found(kind=kind, currency=code, ours_minor=mine[code], theirs_minor=others[code])
        for code in sorted({*mine, *others})
        if mine[code] != others[code]
    ]


def drifts(found: Collection[Found]) -> bool:
    """Whether money is there, or not there, that the other side says nothing of."""
    return any(one.ours_minor != one.theirs_minor for one in found)


def net(side: Side | None) -> Counter[str]:
    """What an object has changed in what the provider holds for us, by currency."""
    total: Counter[str] = Counter()
    if side is not None:
        total.update(side.moved)
        total.subtract(side.kept)
    return total


def is_settled(created_at: datetime, now: datetime) -> bool:
    """Whether whoever was at work on an object must have finished by now."""
    return created_at <= now - GRACE


def is_orphaned(charge: Charge, now: datetime) -> bool:
    """Whether money that belongs to nothing may go back: nobody can be at work on it any more."""
    return charge.state is ChargeState.SUCCEEDED and charge.created_at <= now - ORPHANED_AFTER


def window(
    last_until: datetime | None, first_payment: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """What the next walk looks at: from before the end of the last one, or from the beginning."""
    start = last_until if last_until is not None else min(first_payment or now, now)
    return start - OVERLAP, now


def last_night(now: datetime) -> datetime:
    """When the last nightly walk was due."""
    due = now.astimezone(UTC).replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return due if due <= now else due - timedelta(days=1)


def _money(currency: str, amount_minor: int) -> Money:
    return {currency: amount_minor} if amount_minor else {}


def _fee(fee: Fee | None) -> Money:
    return {} if fee is None else _money(fee.currency, fee.amount_minor)


def _without_zeros(money: Money) -> dict[str, int]:
    return {code: amount for code, amount in money.items() if amount}
