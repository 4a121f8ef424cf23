"""What a cancellation gives back. Pure; section 5 of the domain rules."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from app.availability.rules import instant
from app.money import divide, share
from app.pricing.rules import LineItem
from app.properties.terms import zone
from db.enums import BookingActor, BookingStatus, CancellationPolicy, LineItemKind

GRACE = timedelta(hours=24)
GRACE_NOTICE = timedelta(days=7)
GRACE_NIGHTS_BELOW = 28
HALF_UNTIL = timedelta(days=7)

# Up to so long before check-in everything is refunded; None: only in the grace period.
FULL_UNTIL: dict[CancellationPolicy, timedelta | None] = {
    CancellationPolicy.FLEXIBLE: timedelta(hours=24),
    CancellationPolicy.MODERATE: timedelta(days=5),
    CancellationPolicy.LIMITED: timedelta(days=14),
    CancellationPolicy.FIRM: timedelta(days=30),
    CancellationPolicy.STRICT: None,
}

# Charged for the nights themselves, and refunded in their proportion.
PER_NIGHT = {LineItemKind.NIGHTS, LineItemKind.DISCOUNT, LineItemKind.EXTRA_GUESTS}
FEES = {LineItemKind.CLEANING_FEE, LineItemKind.PET_FEE}
# In the proportion of all that is refunded of those.
PROPORTIONAL = {LineItemKind.TAX, LineItemKind.HOST_PROMOTION, LineItemKind.PLATFORM_PROMOTION}
# What the host's payout is made of.
EARNED = PER_NIGHT | FEES | {LineItemKind.HOST_PROMOTION}


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as far as its cancellation needs it; `line_items` are as they were agreed."""

    status: BookingStatus
    policy: CancellationPolicy
    check_in: date
    check_out: date
    check_in_at: datetime
    timezone: str
    confirmed_at: datetime | None
    line_items: Sequence[LineItem]
    host_payout_minor: int
    host_fee_bp: int

    @property
    def nights(self) -> int:
        return (self.check_out - self.check_in).days


class CancellationRefund(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to the guest, per line item, and who bears it.

    `host + platform + tax == amount + promotion`: the platform has back what it paid, too.
    """

    amount_minor: int
    host_minor: int
    platform_minor: int
    tax_minor: int
    promotion_minor: int
    line_items: tuple[LineItem, ...]


def refund(stay: Stay, by: BookingActor, now: datetime) -> CancellationRefund:
    """The refund when `by` cancels the stay at `now`."""
    if _refunds_everything(stay, by, now):
        return _split(stay, tuple(stay.line_items))
    numerator, denominator = _share_of_nights(stay, now)
    before = now < stay.check_in_at
    base = refunded_base = 0
    lines: list[LineItem] = []
    for line in stay.line_items:
        if line.kind in PER_NIGHT:
            back = divide(line.amount_minor * numerator, denominator)
        elif line.kind in FEES:
            back = line.amount_minor if before else 0
        else:
            continue
        base += line.amount_minor
        refunded_base += back
        lines.append(msgspec.structs.replace(line, amount_minor=back))
    for line in stay.line_items:
        if line.kind in PROPORTIONAL and base > 0:
            back = divide(line.amount_minor * refunded_base, base)
            lines.append(msgspec.structs.replace(line, amount_minor=back))
    return _split(stay, tuple(line for line in lines if line.amount_minor))


def _refunds_everything(stay: Stay, by: BookingActor, now: datetime) -> bool:
    if by is not BookingActor.GUEST or stay.status is not BookingStatus.CONFIRMED:
        return True
    return in_full_refund_period(stay, now)


def in_full_refund_period(stay: Stay, now: datetime) -> bool:
    """Whether a guest who cancels a confirmed stay at `now` gets everything back."""
    confirmed_at = stay.confirmed_at
    if (
        confirmed_at is not None
        and now - confirmed_at <= GRACE
        and stay.check_in_at - confirmed_at >= GRACE_NOTICE
        and stay.nights < GRACE_NIGHTS_BELOW
    ):
        return True
    notice = FULL_UNTIL[stay.policy]
    return notice is not None and stay.check_in_at - now >= notice


def is_early_departure(stay: Stay, now: datetime) -> bool:
    """Whether ending the booking at `now` ends a stay that has begun."""
    return stay.status is BookingStatus.CONFIRMED and now >= stay.check_in_at


def nights_given_up(stay: Stay, now: datetime) -> int:
    """How many nights, the last ones, the booking gives up when it ends at `now`.

    Those that have begun are stayed; before it is confirmed, none are.
    """
    return stay.nights - (nights_stayed(stay, now) if is_early_departure(stay, now) else 0)


def nights_stayed(stay: Stay, now: datetime) -> int:
    """Nights whose local date's check-in instant has passed."""
    at = stay.check_in_at.astimezone(zone(stay.timezone)).time()
    return sum(
        instant(stay.check_in + timedelta(days=offset), at, stay.timezone) <= now
        for offset in range(stay.nights)
    )


def _share_of_nights(stay: Stay, now: datetime) -> tuple[int, int]:
    """The refunded share of the nights' price, as a fraction, outside the full-refund period."""
    match stay.policy:
        case CancellationPolicy.FLEXIBLE:
            return max(stay.nights - nights_stayed(stay, now) - 1, 0), stay.nights
        case CancellationPolicy.MODERATE:
            return max(stay.nights - nights_stayed(stay, now) - 1, 0), 2 * stay.nights
        case _:
            return (1, 2) if stay.check_in_at - now >= HALF_UNTIL else (0, 1)


def _split(stay: Stay, lines: tuple[LineItem, ...]) -> CancellationRefund:
    """Who bears a refund: the host what their payout shrinks by, the platform its fees."""
    subtotal = sum(item.amount_minor for item in stay.line_items if item.kind in EARNED)
    back = sum(line.amount_minor for line in lines if line.kind in EARNED)
    tax = sum(line.amount_minor for line in lines if line.kind is LineItemKind.TAX)
    promotion = -sum(
        line.amount_minor for line in lines if line.kind is LineItemKind.PLATFORM_PROMOTION
    )
    kept = subtotal - back
    host = stay.host_payout_minor - (kept - share(kept, stay.host_fee_bp))
    amount = sum(line.amount_minor for line in lines)
    return CancellationRefund(
        amount_minor=amount,
        host_minor=host,
        platform_minor=amount + promotion - tax - host,
        tax_minor=tax,
        promotion_minor=promotion,
        line_items=lines,
    )
