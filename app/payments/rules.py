"""How a payment moves: forwards only, and only by what the provider shows of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.ledger.rules import Shares, Tax, shares_of
from app.line_items import LineItem
from app.money import divide
from app.payments.errors import NotOurs
from app.payments.provider import Charge, ChargeState, ProviderDispute, ProviderRefund
from db.enums import PaymentMethod, PaymentProvider, PaymentStatus, RefundReason, RefundStatus

Status = PaymentStatus

# Nothing can be taken under these any more.
CLOSED = frozenset({Status.FAILED, Status.CANCELLED})
UNSETTLED = frozenset({Status.PENDING, Status.AUTHORIZED})
# The money was taken; what has been given back since is told by the refunds.
TAKEN = frozenset({Status.PAID, Status.PARTIALLY_REFUNDED, Status.REFUNDED, Status.DISPUTED})

# (ours, the provider's) → ours. A pair that is missing changes nothing: it is late news.
# Money that the provider has is the truth whatever we thought before, so SUCCEEDED always counts
# until the money has been counted.
MOVES: dict[tuple[Status, ChargeState], Status] = {
    (Status.PENDING, ChargeState.AUTHORIZED): Status.AUTHORIZED,
    (Status.PENDING, ChargeState.SUCCEEDED): Status.PAID,
    (Status.PENDING, ChargeState.CANCELLED): Status.CANCELLED,
    (Status.AUTHORIZED, ChargeState.SUCCEEDED): Status.PAID,
    (Status.AUTHORIZED, ChargeState.CANCELLED): Status.CANCELLED,
    (Status.FAILED, ChargeState.SUCCEEDED): Status.PAID,
    (Status.CANCELLED, ChargeState.SUCCEEDED): Status.PAID,
}


class PaymentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as we have it; see db.models.Payment for the fields."""

    id: UUID
    booking_id: UUID
    # None: it is for the booking itself.
    alteration_id: UUID | None
    attempt: int
    provider: PaymentProvider
    provider_payment_id: str | None
    method: PaymentMethod
    status: PaymentStatus
    amount_minor: int
    currency: str
    guest_id: UUID
    host_id: UUID
    host_minor: int
    platform_minor: int
    tax_minor: int
    promotion_minor: int
    line_items: tuple[LineItem, ...]
    country: str
    region: str
    captured_minor: int
    refunded_minor: int
    manual_capture: bool
    client_secret: str | None
    redirect_url: str | None
    failure_code: str | None
    created_at: datetime
    updated_at: datetime
    authorized_at: datetime | None
    paid_at: datetime | None
    void_requested_at: datetime | None

    @property
    def shares(self) -> Shares:
        """Whose money it becomes."""
        return _shares_of(self, self)


class RefundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as we have it; see db.models.Refund for the fields."""

    id: UUID
    payment_id: UUID
    reason: RefundReason
    # Which made the stay cheaper.
    alteration_id: UUID | None
    status: RefundStatus
    amount_minor: int
    host_minor: int
    platform_minor: int
    tax_minor: int
    promotion_minor: int
    line_items: tuple[LineItem, ...]
    provider_refund_id: str | None
    failure_code: str | None
    created_at: datetime

    def shares(self, payment: PaymentRecord) -> Shares:
        """Who bears it; `payment` is what it gives back of."""
        return _shares_of(self, payment)


def sum_of(given_back: Iterable[Shares]) -> Shares:
    """What several refunds give back together."""
    host = platform = tax = promotion = 0
    taxes: dict[Tax, int] = {}
    for each in given_back:
        host += each.host_minor
        platform += each.platform_minor
        tax += each.tax_minor
        promotion += each.promotion_minor
        for name, minor in each.taxes.items():
            taxes[name] = taxes.get(name, 0) + minor
    return Shares(
        host_minor=host,
        platform_minor=platform,
        tax_minor=tax,
        promotion_minor=promotion,
        taxes=taxes,
    )


def _shares_of(parts: PaymentRecord | RefundRecord, payment: PaymentRecord) -> Shares:
    shares = Shares(
        host_minor=parts.host_minor,
        platform_minor=parts.platform_minor,
        tax_minor=parts.tax_minor,
        promotion_minor=parts.promotion_minor,
    )
    return shares_of(parts.line_items, payment.country, payment.region, shares)


def require_lines(line_items: Sequence[LineItem], amount_minor: int) -> None:
    """Lines are about the amount that they come with, if there are any. Raises ValueError."""
    if line_items and sum(item.amount_minor for item in line_items) != amount_minor:
        raise ValueError(f"the lines do not add up to {amount_minor}: {line_items}")


def next_status(current: Status, shown: ChargeState) -> Status:
    """Our status after the provider has shown a charge in a state; never a step back."""
    return MOVES.get((current, shown), current)


def next_refund_status(current: RefundStatus, shown: RefundStatus) -> RefundStatus:
    """Our status after the provider has shown a refund; never back to PENDING.

    A refund that succeeded may still come back, as when the guest's account is closed.
    """
    if shown is RefundStatus.PENDING or current is RefundStatus.FAILED:
        return current
    return shown


def after_refund(captured_minor: int, refunded_minor: int) -> Status:
    """The status of a taken payment of which so much has been given back."""
    if refunded_minor == 0:
        return Status.PAID
    return Status.REFUNDED if refunded_minor >= captured_minor else Status.PARTIALLY_REFUNDED


def spread(shares: Shares, left: Sequence[int]) -> list[Shares]:
    """A refund over several payments, as much of each as is `left` of it, in their order.

    Whose money it is falls apart in the same proportions. Payments of which nothing is needed
    have shares of nothing. Raises ValueError when more is to be given back than is left.
    """
    total = shares.total_minor
    if total > sum(left):
        raise ValueError("more would be given back than was paid")
    parts: list[Shares] = []
    before = 0
    for each in left:
        after = min(before + each, total)
        host, tax, promotion = (
            divide(share * after, total) - divide(share * before, total) if total else 0
            for share in (shares.host_minor, shares.tax_minor, shares.promotion_minor)
        )
        parts.append(
            Shares(
                host_minor=host,
                platform_minor=after - before + promotion - host - tax,
                tax_minor=tax,
                promotion_minor=promotion,
            )
        )
        before = after
    return parts


def spread_lines(items: Sequence[LineItem], amounts: Sequence[int]) -> list[tuple[LineItem, ...]]:
    """What each part of a refund is for, in proportion; `amounts` are the parts' own.

    The parts of a line are the line. What rounding leaves over in a part is with its first line.
    """
    total = sum(amounts)
    if not items or not total:
        return [() for _ in amounts]
    parts: list[tuple[LineItem, ...]] = []
    before = 0
    for amount in amounts:
        after = before + amount
        shares = [
            divide(item.amount_minor * after, total) - divide(item.amount_minor * before, total)
            for item in items
        ]
        shares[0] += amount - sum(shares)
        parts.append(tuple(_part(item, share) for item, share in zip(items, shares, strict=True)))
        before = after
    return parts


def _part(item: LineItem, amount_minor: int) -> LineItem:
    if amount_minor == item.amount_minor:
        return item
    return msgspec.structs.replace(
        item, quantity=1, unit_minor=amount_minor, amount_minor=amount_minor
    )


def lost_shares(payment: Shares, given_back: Shares, lost_minor: int) -> Shares:
    """Who bears what a guest's bank took for good: each in proportion to what they have left.

    What is more than all had left is the platform's loss.
    """
    host_left = payment.host_minor - given_back.host_minor
    tax_left = payment.tax_minor - given_back.tax_minor
    promotion_left = payment.promotion_minor - given_back.promotion_minor
    left = payment.total_minor - given_back.total_minor
    if lost_minor >= left:
        host, tax, promotion = host_left, tax_left, promotion_left
    else:
        host = divide(host_left * lost_minor, left)
        tax = divide(tax_left * lost_minor, left)
        promotion = divide(promotion_left * lost_minor, left)
    return Shares(
        host_minor=host,
        platform_minor=lost_minor + promotion - host - tax,
        tax_minor=tax,
        promotion_minor=promotion,
        # What the platform loses is nobody's fee.
        taxes=_apportion(tax, tax_left, _less(payment.taxes, given_back.taxes)),
    )


def _less(taken: Mapping[Tax, int], given_back: Mapping[Tax, int]) -> dict[Tax, int]:
    return {tax: minor - given_back.get(tax, 0) for tax, minor in taken.items()}


def _apportion(amount_minor: int, whole_minor: int, parts: Mapping[Tax, int]) -> dict[Tax, int]:
    """Each part's share of an amount, in proportion; the parts of all of it are all of it."""
    shares: dict[Tax, int] = {}
    so_far = told = 0
    for tax, minor in parts.items():
        so_far += minor
        upto = divide(so_far * amount_minor, whole_minor) if whole_minor else 0
        shares[tax] = upto - told
        told = upto
    return shares


def check_dispute(payment: PaymentRecord, shown: ProviderDispute) -> None:
    """The dispute is about this payment, and no more than was taken. Raises NotOurs."""
    _compare(f"dispute {shown.provider_id}", {"currency": (payment.currency, shown.currency)})
    if shown.amount_minor > payment.captured_minor:
        raise NotOurs(f"dispute {shown.provider_id} is about more than {payment.id} took")


def check_charge(payment: PaymentRecord, charge: Charge, *, live: bool) -> None:
    """The charge is the one that we asked for, to the minor unit. Raises NotOurs."""
    expected: dict[str, tuple[object, object]] = {
        "payment": (payment.id, charge.payment_id),
        "booking": (payment.booking_id, charge.booking_id),
        "amount": (payment.amount_minor, charge.amount_minor),
        "currency": (payment.currency, charge.currency),
        "live mode": (live, charge.live),
    }
    if payment.provider_payment_id is not None:
        expected["provider's id"] = (payment.provider_payment_id, charge.provider_id)
    if charge.state is ChargeState.SUCCEEDED:
        expected["captured amount"] = (payment.amount_minor, charge.captured_minor)
    _compare(f"payment {payment.id}", expected)


def check_refund(refund: RefundRecord, currency: str, shown: ProviderRefund) -> None:
    """The refund is the one that we asked for, to the minor unit. Raises NotOurs."""
    expected: dict[str, tuple[object, object]] = {
        "refund": (refund.id, shown.refund_id),
        "amount": (refund.amount_minor, shown.amount_minor),
        "currency": (currency, shown.currency),
    }
    if refund.provider_refund_id is not None:
        expected["provider's id"] = (refund.provider_refund_id, shown.provider_id)
    _compare(f"refund {refund.id}", expected)


def _compare(what: str, expected: dict[str, tuple[object, object]]) -> None:
    wrong = [
        f"{name} is {shown}, not {ours}"
        for name, (ours, shown) in expected.items()
        if ours != shown
    ]
    if wrong:
        raise NotOurs(f"{what} at the provider: {'; '.join(wrong)}")
