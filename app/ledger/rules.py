"""The journal's entries: which accounts each movement of money touches (docs/ledger.md).

Debits are positive, credits negative; the lines of an entry add up to zero.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from app.line_items import LineItem
from db.enums import JournalEntryKind as Kind
from db.enums import LedgerAccountKind as Account
from db.enums import LineItemKind, PaymentProvider, Side

# There is one of each of these per provider: what a provider holds for us, and what it has kept.
AT_PROVIDER = frozenset({Account.PROVIDER_CLEARING, Account.PROVIDER_FEES})
# An account's kind, its owner, and at which provider it is; the currency is the entry's.
Owned = tuple[Account, UUID | None, PaymentProvider | None]


class Tax(msgspec.Struct, frozen=True):
    """A tax as its authority knows it: by its name, where the place is that was let."""

    country: str
    region: str
    name: str


class Line(msgspec.Struct, frozen=True):
    """One side of an entry: `amount_minor` on an account, in the entry's currency."""

    account: Account
    amount_minor: int
    # The guest or host whose account it is; None for the platform's own.
    owner_id: UUID | None = None
    booking_id: UUID | None = None
    # Of what is on PLATFORM_REVENUE: whose fee it is; of what is on TAX_PAYABLE: which tax. None
    # where that is not known.
    service_fee: Side | None = None
    tax: Tax | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money because of the row `source_id` of the table `source`."""

    kind: Kind
    source: str
    source_id: UUID
    currency: str
    # Whose the accounts AT_PROVIDER are that the lines name; None: they name none.
    provider: PaymentProvider | None = None
    lines: tuple[Line, ...]

    def owned(self, line: Line) -> Owned:
        """Which account a line means. Raises ValueError if that leaves its provider open."""
        if line.account not in AT_PROVIDER:
            return line.account, line.owner_id, None
        if self.provider is None:
            raise ValueError(f"the journal entry {self.kind} of {self.source_id} names no provider")
        return line.account, line.owner_id, self.provider


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a stay, told apart by whose it is; minor units."""

    host_minor: int
    platform_minor: int
    tax_minor: int
    # What the platform pays of it, by a promotion.
    promotion_minor: int = 0
    # Of the platform's share, the guest's fee; the rest is the host's. None: not known.
    guest_fee_minor: int | None = None
    # Of the tax, how much of which.
    taxes: Mapping[Tax, int] = msgspec.field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        """What the guest pays."""
        return self.host_minor + self.platform_minor + self.tax_minor - self.promotion_minor


def shares_of(items: Iterable[LineItem], country: str, region: str, parts: Shares) -> Shares:
    """Shares with their fees and taxes told apart by the lines that they come from.

    `country` and `region` are where the place is. Without lines nothing is told apart.
    """
    fee: int | None = None
    taxes: dict[Tax, int] = {}
    for item in items:
        fee = fee or 0
        if item.kind is LineItemKind.SERVICE_FEE:
            fee += item.amount_minor
        elif item.kind is LineItemKind.TAX:
            tax = Tax(country, region, item.description)
            taxes[tax] = taxes.get(tax, 0) + item.amount_minor
    return msgspec.structs.replace(parts, guest_fee_minor=fee, taxes=taxes)


def capture(
    payment_id: UUID,
    booking_id: UUID,
    host_id: UUID,
    provider: PaymentProvider,
    currency: str,
    shares: Shares,
) -> Entry:
    """The provider has taken the guest's money: it belongs to host, platform and tax office."""
    return Entry(
        kind=Kind.CAPTURE,
        source="payments",
        source_id=payment_id,
        provider=provider,
        currency=currency,
        lines=_lines(
            Line(Account.PROVIDER_CLEARING, shares.total_minor, None, booking_id),
            *_shares(host_id, booking_id, shares, sign=-1),
        ),
    )


def provider_fee(
    payment_id: UUID,
    booking_id: UUID,
    provider: PaymentProvider,
    currency: str,
    fee_minor: int,
) -> Entry:
    """The provider has kept its fee, in the currency in which it settles with us."""
    return Entry(
        kind=Kind.PROVIDER_FEE,
        source="payments",
        source_id=payment_id,
        provider=provider,
        currency=currency,
        lines=_lines(
            Line(Account.PROVIDER_FEES, fee_minor, None, booking_id),
            Line(Account.PROVIDER_CLEARING, -fee_minor, None, booking_id),
        ),
    )


def refund_due(
    refund_id: UUID,
    booking_id: UUID,
    guest_id: UUID,
    host_id: UUID,
    currency: str,
    shares: Shares,
) -> Entry:
    """A refund was decided: the guest is owed what host, platform and tax office give back."""
    return Entry(
        kind=Kind.REFUND_DUE,
        source="refunds",
        source_id=refund_id,
        currency=currency,
        lines=_lines(
            *_shares(host_id, booking_id, shares, sign=1),
            Line(Account.GUEST, -shares.total_minor, guest_id, booking_id),
        ),
    )


def refund_sent(
    refund_id: UUID,
    booking_id: UUID,
    guest_id: UUID,
    provider: PaymentProvider,
    currency: str,
    amount_minor: int,
) -> Entry:
    """The provider has given the money back to the guest."""
    return Entry(
        kind=Kind.REFUND_SENT,
        source="refunds",
        source_id=refund_id,
        provider=provider,
        currency=currency,
        lines=_lines(
            Line(Account.GUEST, amount_minor, guest_id, booking_id),
            Line(Account.PROVIDER_CLEARING, -amount_minor, None, booking_id),
        ),
    )


def refund_returned(
    refund_id: UUID,
    booking_id: UUID,
    guest_id: UUID,
    provider: PaymentProvider,
    currency: str,
    amount_minor: int,
) -> Entry:
    """A refund came back, as from a closed bank account: the guest is owed it again."""
    return Entry(
        kind=Kind.REFUND_RETURNED,
        source="refunds",
        source_id=refund_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_CLEARING, amount_minor, None, booking_id),
            Line(Account.GUEST, -amount_minor, guest_id, booking_id),
        ),
    )


def refund_withdrawn(
    refund_id: UUID,
    booking_id: UUID,
    guest_id: UUID,
    host_id: UUID,
    currency: str,
    shares: Shares,
) -> Entry:
    """A refund that was decided will not be sent: what was given back for it is kept again."""
    return Entry(
        kind=Kind.REFUND_WITHDRAWN,
        source="refunds",
        source_id=refund_id,
        currency=currency,
        lines=_lines(
            Line(Account.GUEST, shares.total_minor, guest_id, booking_id),
            *_shares(host_id, booking_id, shares, sign=-1),
        ),
    )


def alteration(
    alteration_id: UUID, booking_id: UUID, host_id: UUID, currency: str, difference: Shares
) -> Entry:
    """A stay was altered at the same price: what falls to host, platform and tax office differs."""
    return Entry(
        kind=Kind.ALTERATION,
        source="booking_alterations",
        source_id=alteration_id,
        currency=currency,
        lines=_lines(*_shares(host_id, booking_id, difference, sign=-1)),
    )


def dispute_opened(
    dispute_id: UUID,
    booking_id: UUID,
    provider: PaymentProvider,
    currency: str,
    amount_minor: int,
) -> Entry:
    """A guest's bank has taken money back, until somebody decides whose it is."""
    return Entry(
        kind=Kind.DISPUTE_OPENED,
        source="disputes",
        source_id=dispute_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.DISPUTED_FUNDS, amount_minor, None, booking_id),
            Line(Account.PROVIDER_CLEARING, -amount_minor, None, booking_id),
        ),
    )


def dispute_won(
    dispute_id: UUID,
    booking_id: UUID,
    provider: PaymentProvider,
    currency: str,
    amount_minor: int,
) -> Entry:
    """The bank has given back what it took."""
    return Entry(
        kind=Kind.DISPUTE_WON,
        source="disputes",
        source_id=dispute_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_CLEARING, amount_minor, None, booking_id),
            Line(Account.DISPUTED_FUNDS, -amount_minor, None, booking_id),
        ),
    )


def dispute_lost(
    dispute_id: UUID, booking_id: UUID, host_id: UUID, currency: str, shares: Shares
) -> Entry:
    """What the bank took is gone: host, platform and tax office lose their shares of it."""
    return Entry(
        kind=Kind.DISPUTE_LOST,
        source="disputes",
        source_id=dispute_id,
        currency=currency,
        lines=_lines(
            *_shares(host_id, booking_id, shares, sign=1),
            Line(Account.DISPUTED_FUNDS, -shares.total_minor, None, booking_id),
        ),
    )


def dispute_fee(
    dispute_id: UUID,
    booking_id: UUID,
    provider: PaymentProvider,
    currency: str,
    fee_minor: int,
) -> Entry:
    """The provider has kept a fee for a dispute: the platform's cost, won or lost."""
    return Entry(
        kind=Kind.PROVIDER_FEE,
        source="disputes",
        source_id=dispute_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_FEES, fee_minor, None, booking_id),
            Line(Account.PROVIDER_CLEARING, -fee_minor, None, booking_id),
        ),
    )


def cancellation_fee(booking_id: UUID, host_id: UUID, currency: str, fee_minor: int) -> Entry:
    """A host owes a fee for having cancelled a confirmed stay."""
    return Entry(
        kind=Kind.CANCELLATION_FEE,
        source="host_cancellations",
        source_id=booking_id,
        currency=currency,
        lines=(
            Line(Account.HOST_PAYABLE, fee_minor, host_id, booking_id),
            Line(Account.PLATFORM_REVENUE, -fee_minor, None, booking_id),
        ),
    )


def cancellation_fee_waived(
    booking_id: UUID, host_id: UUID, currency: str, fee_minor: int
) -> Entry:
    """Staff have let a host off that fee."""
    return Entry(
        kind=Kind.CANCELLATION_FEE_WAIVED,
        source="host_cancellations",
        source_id=booking_id,
        currency=currency,
        lines=(
            Line(Account.PLATFORM_REVENUE, fee_minor, None, booking_id),
            Line(Account.HOST_PAYABLE, -fee_minor, host_id, booking_id),
        ),
    )


def payout_reserved(
    payout_id: UUID, host_id: UUID, currency: str, items: Mapping[UUID, int]
) -> Entry:
    """What a host is due per booking is set aside for one transfer."""
    return Entry(
        kind=Kind.PAYOUT_RESERVED,
        source="payouts",
        source_id=payout_id,
        currency=currency,
        lines=_lines(
            *(Line(Account.HOST_PAYABLE, due, host_id, booking) for booking, due in items.items()),
            Line(Account.PAYOUT_IN_TRANSIT, -sum(items.values())),
        ),
    )


def payout_sent(
    payout_id: UUID,
    provider: PaymentProvider,
    currency: str,
    amount_minor: int,
) -> Entry:
    """The provider has transferred a reserved payout."""
    return Entry(
        kind=Kind.PAYOUT_SENT,
        source="payouts",
        source_id=payout_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PAYOUT_IN_TRANSIT, amount_minor),
            Line(Account.PROVIDER_CLEARING, -amount_minor),
        ),
    )


def payout_fee(
    payout_id: UUID,
    provider: PaymentProvider,
    currency: str,
    fee_minor: int,
) -> Entry:
    """The provider has kept a fee for a transfer: the platform's cost, not the host's."""
    return Entry(
        kind=Kind.PROVIDER_FEE,
        source="payouts",
        source_id=payout_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_FEES, fee_minor),
            Line(Account.PROVIDER_CLEARING, -fee_minor),
        ),
    )


def payout_returned(
    payout_id: UUID,
    host_id: UUID,
    provider: PaymentProvider,
    currency: str,
    items: Mapping[UUID, int],
    *,
    was_sent: bool,
) -> Entry:
    """A payout was refused, or came back after it had been sent: the host is due it again."""
    came_from = Account.PROVIDER_CLEARING if was_sent else Account.PAYOUT_IN_TRANSIT
    return Entry(
        kind=Kind.PAYOUT_RETURNED,
        source="payouts",
        source_id=payout_id,
        provider=provider,
        currency=currency,
        lines=_lines(
            Line(came_from, sum(items.values())),
            *(Line(Account.HOST_PAYABLE, -due, host_id, booking) for booking, due in items.items()),
        ),
    )


def unknown_received(
    difference_id: UUID, provider: PaymentProvider, currency: str, amount_minor: int
) -> Entry:
    """Money has come to the provider that belongs to nothing of ours."""
    return Entry(
        kind=Kind.UNKNOWN_RECEIVED,
        source="differences",
        source_id=difference_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_CLEARING, amount_minor),
            Line(Account.SUSPENSE, -amount_minor),
        ),
    )


def unknown_returned(
    difference_id: UUID, provider: PaymentProvider, currency: str, amount_minor: int
) -> Entry:
    """Such money has gone back to where it came from."""
    return Entry(
        kind=Kind.UNKNOWN_RETURNED,
        source="differences",
        source_id=difference_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.SUSPENSE, amount_minor),
            Line(Account.PROVIDER_CLEARING, -amount_minor),
        ),
    )


def movement_fee(
    difference_id: UUID, provider: PaymentProvider, currency: str, fee_minor: int
) -> Entry:
    """The provider has kept something that belongs to no payment, payout or dispute of ours."""
    return Entry(
        kind=Kind.PROVIDER_FEE,
        source="differences",
        source_id=difference_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_FEES, fee_minor),
            Line(Account.PROVIDER_CLEARING, -fee_minor),
        ),
    )


def bank_transfer(
    difference_id: UUID, provider: PaymentProvider, currency: str, amount_minor: int
) -> Entry:
    """Our balance has come from our bank account; negative: it has gone there."""
    return Entry(
        kind=Kind.BANK_TRANSFER,
        source="differences",
        source_id=difference_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_CLEARING, amount_minor),
            Line(Account.PLATFORM_BANK, -amount_minor),
        ),
    )


def correction(
    difference_id: UUID, provider: PaymentProvider, currency: str, amount_minor: int
) -> Entry:
    """The provider holds so much more than the books say, and nobody knows whose it is."""
    return Entry(
        kind=Kind.CORRECTION,
        source="differences",
        source_id=difference_id,
        provider=provider,
        currency=currency,
        lines=(
            Line(Account.PROVIDER_CLEARING, amount_minor),
            Line(Account.SUSPENSE, -amount_minor),
        ),
    )


def _shares(host_id: UUID, booking_id: UUID, shares: Shares, sign: int) -> tuple[Line, ...]:
    unnamed = shares.tax_minor - sum(shares.taxes.values())
    taxes = ((None, unnamed), *shares.taxes.items())
    return (
        Line(Account.HOST_PAYABLE, sign * shares.host_minor, host_id, booking_id),
        *(
            Line(Account.PLATFORM_REVENUE, sign * minor, None, booking_id, service_fee=fee)
            for fee, minor in _fees(shares)
        ),
        *(
            Line(Account.TAX_PAYABLE, sign * minor, None, booking_id, tax=tax)
            for tax, minor in taxes
        ),
        Line(Account.PROMOTIONS, -sign * shares.promotion_minor, None, booking_id),
    )


def _fees(shares: Shares) -> tuple[tuple[Side | None, int], ...]:
    guest = shares.guest_fee_minor
    if guest is None:
        return ((None, shares.platform_minor),)
    return ((Side.GUEST, guest), (Side.HOST, shares.platform_minor - guest))


def _lines(*lines: Line) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.amount_minor)
