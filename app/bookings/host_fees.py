"""What a host owes for cancelling a confirmed stay. Pure; see docs/decisions/0093.

A part of what the nights that are left would have brought the host, the larger the nearer
check-in is, and at least a minimum; never more than those nights would have brought. Nobody else's
cancellation costs the host anything.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from app.bookings.cancellation import Stay, nights_given_up
from app.config import Settings
from app.money import divide, share
from db.enums import BookingActor

# "30 days before" includes exactly 30 days.
EARLY = timedelta(days=30)
LATE = timedelta(hours=48)


class HostFeeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Rates in basis points by how early the host cancels; minimums in minor units by currency."""

    early_bp: int
    middle_bp: int
    late_bp: int
    minimums: Mapping[str, int]


def terms(settings: Settings) -> HostFeeTerms:
    """The terms that are set."""
    return HostFeeTerms(
        early_bp=settings.host_cancellation_early_bp,
        middle_bp=settings.host_cancellation_bp,
        late_bp=settings.host_cancellation_late_bp,
        minimums=settings.host_cancellation_minimums,
    )


def fee(
    stay: Stay, by: BookingActor, currency: str, terms: HostFeeTerms, now: datetime
) -> int | None:
    """The fee in minor units when `by` cancels the stay at `now`; may be zero.

    None: it is no cancellation that a host has to answer for.
    """
    if by is not BookingActor.HOST or stay.confirmed_at is None:
        return None
    rate = _rate(stay.check_in_at - now, terms)
    if rate == 0:
        return 0
    left = nights_given_up(stay, now)
    lost = divide(stay.host_payout_minor * left, stay.nights)
    return min(lost, max(share(lost, rate), terms.minimums.get(currency, 0)))


def _rate(notice: timedelta, terms: HostFeeTerms) -> int:
    if notice >= EARLY:
        return terms.early_bp
    return terms.middle_bp if notice >= LATE else terms.late_bp
