"""What has to be settled before an account can go: stays that are not over, and money."""

from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict
from app.money import Money
from db.enums import (
    BookingStatus,
    LedgerAccountKind,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)
from db.models import Booking, LedgerAccount, Payment, Payout, Posting, Refund

# More than anybody settles in one go: the rest is told once these are.
MOST = 100

_OPEN = (BookingStatus.PENDING_PAYMENT, BookingStatus.PENDING_HOST, BookingStatus.CONFIRMED)
_UNSETTLED = (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED, PaymentStatus.DISPUTED)


class DeletionBlockReason(StrEnum):
    """Why an account cannot go yet."""

    OPEN_BOOKING = "OPEN_BOOKING"
    OPEN_HOSTED_BOOKING = "OPEN_HOSTED_BOOKING"
    PAYMENT_UNDER_WAY = "PAYMENT_UNDER_WAY"
    REFUND_UNDER_WAY = "REFUND_UNDER_WAY"
    PAYOUT_UNDER_WAY = "PAYOUT_UNDER_WAY"
    REFUND_OWED = "REFUND_OWED"
    EARNINGS_UNPAID = "EARNINGS_UNPAID"
    NEGATIVE_BALANCE = "NEGATIVE_BALANCE"


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps an account: a stay, or an amount of money."""

    reason: DeletionBlockReason
    booking_id: UUID | None = None
    amount: Money | None = None


async def find(session: AsyncSession, user_id: UUID) -> list[Blocker]:
    """All that keeps the account, stays first; empty: it can go."""
    found: list[Blocker] = []
    for reason, statement in _stays(user_id):
        bookings = await session.scalars(statement.order_by(Booking.id).limit(MOST))
        found += [Blocker(reason=reason, booking_id=booking_id) for booking_id in bookings]
    for reason, totals in (
        (DeletionBlockReason.REFUND_UNDER_WAY, _refunds(user_id)),
        (DeletionBlockReason.PAYOUT_UNDER_WAY, _payouts(user_id)),
    ):
        found += [
            Blocker(reason=reason, amount=Money(int(total), currency))
            for currency, total in await session.execute(totals)
        ]
    for kind, currency, total in await session.execute(_balances(user_id)):
        # Debits are positive: what we owe is negative.
        owed = -int(total)
        found.append(Blocker(reason=_balance_of(kind, owed), amount=Money(abs(owed), currency)))
    return found


def _stays(user_id: UUID) -> list[tuple[DeletionBlockReason, Select[UUID]]]:
    bookings = select(Booking.id)
    return [
        (
            DeletionBlockReason.OPEN_BOOKING,
            bookings.where(Booking.guest_id == user_id, Booking.status.in_(_OPEN)),
        ),
        (
            DeletionBlockReason.OPEN_HOSTED_BOOKING,
            bookings.where(Booking.host_id == user_id, Booking.status.in_(_OPEN)),
        ),
        (
            DeletionBlockReason.PAYMENT_UNDER_WAY,
            bookings.where(
                Booking.id.in_(
                    select(Payment.booking_id).where(
                        or_(Payment.guest_id == user_id, Payment.host_id == user_id),
                        Payment.status.in_(_UNSETTLED),
                    )
                ),
                # The stay itself has been named.
                Booking.status.not_in(_OPEN),
            ),
        ),
    ]


def _refunds(user_id: UUID) -> Select[str, int]:
    return (
        select(Payment.currency, func.sum(Refund.amount_minor))
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Payment.guest_id == user_id, Refund.status == RefundStatus.PENDING)
        .group_by(Payment.currency)
        .order_by(Payment.currency)
    )


def _payouts(user_id: UUID) -> Select[str, int]:
    return (
        select(Payout.currency, func.sum(Payout.amount_minor))
        .where(Payout.host_id == user_id, Payout.status == PayoutStatus.RESERVED)
        .group_by(Payout.currency)
        .order_by(Payout.currency)
    )


def _balances(user_id: UUID) -> Select[str, str, int]:
    total = func.sum(Posting.amount_minor)
    return (
        select(LedgerAccount.kind, LedgerAccount.currency, total)
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .where(LedgerAccount.owner_id == user_id)
        .group_by(LedgerAccount.kind, LedgerAccount.currency)
        .having(total != 0)
        .order_by(LedgerAccount.kind, LedgerAccount.currency)
    )


def _balance_of(kind: str, owed: int) -> DeletionBlockReason:
    if kind == LedgerAccountKind.GUEST:
        return DeletionBlockReason.REFUND_OWED
    return DeletionBlockReason.EARNINGS_UNPAID if owed > 0 else DeletionBlockReason.NEGATIVE_BALANCE


class DeletionBlocked(Conflict):
    """Something has to be settled first; `blockers` says all that there is."""

    code = "DELETION_BLOCKED"

    def __init__(self, blockers: list[Blocker]) -> None:
        super().__init__("Some stays or payments have to be settled before your account can go.")
        self.blockers = blockers
