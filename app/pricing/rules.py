"""The price of a stay (domain rules, section 3). Values in, a quote out.

Every amount is in minor units and rounded half up once, in the line item that it belongs to; the
lines add up to the total, and the total falls apart into what the host, the platform and the tax
office get.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from app.line_items import LineItem, line_items_from_builtins, line_items_to_builtins
from app.money import BASIS, divide, share
from app.properties.terms import Fees, Guests, Tax, Terms
from db.enums import LineItemKind, TaxKind

__all__ = [
    "Fees",
    "Guests",
    "LineItem",
    "Promotion",
    "Quote",
    "Tax",
    "Terms",
    "line_items_from_builtins",
    "line_items_to_builtins",
    "night_prices",
    "quote",
]

WEEK = 7
MONTH = 28
MOST_TAKEN_OFF_BP = 9_000


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """What a code takes off the subtotal: a rate of it, or an amount in the place's currency."""

    code: str
    rate_bp: int | None = None
    amount_minor: int | None = None
    # The host gets as much less; otherwise the platform pays it, and the host gets all.
    by_host: bool


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a stay costs now, and who gets it.

    `host_payout + platform + tax == total + promotion`.
    """

    currency: str
    check_in: date
    check_out: date
    guests: Guests
    line_items: tuple[LineItem, ...]
    # Nights − discount + extra guests + cleaning + pets − the host's promotion.
    subtotal_minor: int
    service_fee_minor: int
    tax_minor: int
    total_minor: int
    # Subtotal − the host's service fee.
    host_payout_minor: int
    # Both service fees.
    platform_minor: int
    # What the platform pays of the total by a promotion of its own.
    promotion_minor: int
    guest_fee_bp: int
    host_fee_bp: int

    @property
    def nights(self) -> int:
        return (self.check_out - self.check_in).days

    @property
    def average_per_night_minor(self) -> int:
        """The subtotal per night, rounded half up. For display; nothing is computed from it."""
        return divide(self.subtotal_minor, self.nights)


def quote(
    terms: Terms,
    set_prices: Mapping[date, int],
    check_in: date,
    check_out: date,
    guests: Guests,
    today: date,
    promotion: Promotion | None = None,
) -> Quote:
    """The price of a stay `[check_in, check_out)`.

    `set_prices` are the host's own prices for single nights; `today` is the property's local
    date. Expects at least one night and one guest (availability.rules.require_bounds).
    """
    nights = (check_out - check_in).days
    lines = _night_lines(night_prices(terms, set_prices, check_in, check_out))
    discount = _discount(terms, sum(line.amount_minor for line in lines), check_in, nights, today)
    lines += [*discount, *_fees(terms, nights, guests)]
    subtotal = sum(line.amount_minor for line in lines)
    by_host = by_platform = 0
    if promotion is not None:
        taken_off = _taken_off(promotion, subtotal)
        lines.append(taken_off)
        by_host, by_platform = (
            (-taken_off.amount_minor, 0) if promotion.by_host else (0, -taken_off.amount_minor)
        )
    # What the platform pays is still the price of the stay, to host, tax office and itself.
    subtotal -= by_host
    service_fee = share(subtotal, terms.guest_fee_bp)
    taxes = [_tax(tax, subtotal, nights, guests) for tax in terms.taxes]
    tax = sum(line.amount_minor for line in taxes)
    lines += [_once(LineItemKind.SERVICE_FEE, "Service fee", service_fee), *taxes]
    host_fee = share(subtotal, terms.host_fee_bp)
    return Quote(
        currency=terms.currency,
        check_in=check_in,
        check_out=check_out,
        guests=guests,
        line_items=tuple(line for line in lines if line.amount_minor),
        subtotal_minor=subtotal,
        service_fee_minor=service_fee,
        tax_minor=tax,
        total_minor=subtotal + service_fee + tax - by_platform,
        host_payout_minor=subtotal - host_fee,
        platform_minor=service_fee + host_fee,
        promotion_minor=by_platform,
        guest_fee_bp=terms.guest_fee_bp,
        host_fee_bp=terms.host_fee_bp,
    )


def night_prices(
    terms: Terms, set_prices: Mapping[date, int], check_in: date, check_out: date
) -> list[int]:
    """What each night of a stay costs, in order."""
    first = check_in.toordinal()
    nights = map(date.fromordinal, range(first, check_out.toordinal()))
    return [terms.night_price(night, set_prices.get(night)) for night in nights]


def _night_lines(prices: Sequence[int]) -> list[LineItem]:
    """One line per different price, in the order in which the prices first occur."""
    counts: dict[int, int] = {}
    for price in prices:
        counts[price] = counts.get(price, 0) + 1
    return [
        _line(LineItemKind.NIGHTS, "1 night" if count == 1 else f"{count} nights", count, price)
        for price, count in counts.items()
    ]


def _discount(
    terms: Terms, nights_minor: int, check_in: date, nights: int, today: date
) -> list[LineItem]:
    """The one discount: the first that the host grants and the stay qualifies for."""
    ahead = (check_in - today).days
    early, late = terms.early_bird_days, terms.last_minute_days
    candidates = (
        ("Monthly discount", terms.monthly_discount_bp, nights >= MONTH),
        ("Weekly discount", terms.weekly_discount_bp, nights >= WEEK),
        ("Early-bird discount", terms.early_bird_discount_bp, early is not None and ahead >= early),
        ("Last-minute discount", terms.last_minute_discount_bp, late is not None and ahead <= late),
    )
    for name, rate_bp, qualifies in candidates:
        if qualifies and rate_bp:
            # Rounding must not give a stay of very few minor units away for nothing.
            amount = min(share(nights_minor, rate_bp), nights_minor - 1)
            return [_once(LineItemKind.DISCOUNT, f"{name} ({rate_bp / 100:g} %)", -amount)]
    return []


def _fees(terms: Terms, nights: int, guests: Guests) -> list[LineItem]:
    extra = max(0, guests.counted - terms.guests_included)
    pet_fee = terms.pet_fee_minor if guests.pets else 0
    return [
        _line(
            LineItemKind.EXTRA_GUESTS, "Extra guests", extra * nights, terms.extra_guest_fee_minor
        ),
        _once(LineItemKind.CLEANING_FEE, "Cleaning fee", terms.cleaning_fee_minor),
        _once(LineItemKind.PET_FEE, "Pet fee", pet_fee),
    ]


def _taken_off(promotion: Promotion, subtotal: int) -> LineItem:
    """A promotion's line. Nine tenths of a subtotal at most: something is always paid, and given
    back in proportion."""
    wanted = promotion.amount_minor
    if wanted is None:
        wanted = share(subtotal, promotion.rate_bp or 0)
    kind = LineItemKind.HOST_PROMOTION if promotion.by_host else LineItemKind.PLATFORM_PROMOTION
    amount = min(wanted, subtotal * MOST_TAKEN_OFF_BP // BASIS)
    return _once(kind, f"Promotion {promotion.code}", -amount)


def _tax(tax: Tax, subtotal: int, nights: int, guests: Guests) -> LineItem:
    """One tax. A rate with a maximum of nights applies to those nights' part of the subtotal."""
    taxed = nights if tax.max_nights is None else min(nights, tax.max_nights)
    if tax.long_stays_exempt and nights >= MONTH:
        taxed = 0
    if tax.kind is TaxKind.PER_GUEST_NIGHT:
        quantity = guests.counted * taxed
        return _line(LineItemKind.TAX, tax.name, quantity, tax.amount_minor or 0)
    amount = divide(subtotal * taxed * (tax.rate_bp or 0), nights * BASIS)
    return _once(LineItemKind.TAX, tax.name, amount)


def _line(kind: LineItemKind, description: str, quantity: int, unit_minor: int) -> LineItem:
    return LineItem(
        kind=kind,
        description=description,
        quantity=quantity,
        unit_minor=unit_minor,
        amount_minor=quantity * unit_minor,
    )


def _once(kind: LineItemKind, description: str, amount_minor: int) -> LineItem:
    return _line(kind, description, 1, amount_minor)
