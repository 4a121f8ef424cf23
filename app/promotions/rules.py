"""Which codes there can be, and for which stays one is good."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec
from msgspec import structs

from app.errors import Invalid
from app.money import require_currency
from app.pricing.rules import MOST_TAKEN_OFF_BP, Promotion, Quote
from app.promotions.errors import PromotionRefusal
from app.properties.rules import MAX_AMOUNT

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,30}[A-Z0-9]", re.ASCII)
MAX_PROPERTIES = 50
MAX_USES = 1_000_000


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a code takes off and for which stays; None: no such limit. See db.models.Promotion."""

    code: str
    rate_bp: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    property_ids: tuple[UUID, ...] | None = None
    max_uses: int | None = None
    max_uses_per_guest: int | None = None
    min_nights: int | None = None
    min_amount_minor: int | None = None
    stays_from: date | None = None
    stays_to: date | None = None
    bookings_from: date | None = None
    bookings_to: date | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A code that is meant for a place, and how often it has been used, by the guest and in all."""

    id: UUID
    offer: Offer
    by_host: bool
    has_ended: bool
    uses: int
    guest_uses: int

    @property
    def promotion(self) -> Promotion:
        """What it does to a price."""
        return Promotion(
            code=self.offer.code,
            rate_bp=self.offer.rate_bp,
            amount_minor=self.offer.amount_minor,
            by_host=self.by_host,
        )


def normalized(code: str) -> str | None:
    """A code as it is stored; None for what can be none."""
    text = code.strip().upper()
    return text if CODE.fullmatch(text) else None


def refusal(found: Found, quote: Quote, today: date) -> PromotionRefusal | None:
    """Why the code does not make this stay cheaper, whose `quote` is without it; or None.

    `today` is the property's local date.
    """
    offer = found.offer
    if found.has_ended or not _before(today, offer.bookings_to):
        return PromotionRefusal.OVER
    if not _from(today, offer.bookings_from):
        return PromotionRefusal.NOT_YET
    if offer.max_uses is not None and found.uses >= offer.max_uses:
        return PromotionRefusal.USED_UP
    if offer.max_uses_per_guest is not None and found.guest_uses >= offer.max_uses_per_guest:
        return PromotionRefusal.USED_BY_GUEST
    return refusal_of_stay(offer, quote)


def refusal_of_stay(offer: Offer, quote: Quote) -> PromotionRefusal | None:
    """The same as far as it is about the stay alone, whoever books it when."""
    if offer.min_nights is not None and quote.nights < offer.min_nights:
        return PromotionRefusal.TOO_FEW_NIGHTS
    if offer.min_amount_minor is not None and quote.subtotal_minor < offer.min_amount_minor:
        return PromotionRefusal.AMOUNT_TOO_SMALL
    ends_in_time = offer.stays_to is None or quote.check_out <= offer.stays_to
    if not (_from(quote.check_in, offer.stays_from) and ends_in_time):
        return PromotionRefusal.OTHER_DATES
    return None


def checked(offer: Offer) -> Offer:
    """The offer with its code as it is stored. Raises Invalid."""
    code = normalized(offer.code)
    if code is None:
        raise Invalid("Expected 4 to 32 letters, digits and dashes.", field="code")
    if (offer.rate_bp is None) == (offer.amount_minor is None):
        raise Invalid("Expected a percentage or an amount.", field="percent")
    for field, value, highest in (
        ("percent", offer.rate_bp, MOST_TAKEN_OFF_BP),
        ("amount", offer.amount_minor, MAX_AMOUNT),
        ("minAmount", offer.min_amount_minor, 2**53),
        ("maxUses", offer.max_uses, MAX_USES),
        ("maxUsesPerGuest", offer.max_uses_per_guest, MAX_USES),
        ("minNights", offer.min_nights, 365),
    ):
        shown = highest // 100 if field == "percent" else highest
        if value is not None and not 1 <= value <= highest:
            raise Invalid(f"Expected a number between 1 and {shown:,}.", field=field)
    if offer.currency is not None:
        require_currency(offer.currency)
    _check_windows(offer)
    _check_places(offer.property_ids)
    return structs.replace(offer, code=code)


def _check_windows(offer: Offer) -> None:
    for name, start, end in (
        ("stays", offer.stays_from, offer.stays_to),
        ("bookings", offer.bookings_from, offer.bookings_to),
    ):
        if start is not None and end is not None and end <= start:
            raise Invalid("The range must end after it begins.", field=f"{name}To")


def _check_places(property_ids: Sequence[UUID] | None) -> None:
    if property_ids is not None and not 1 <= len(property_ids) <= MAX_PROPERTIES:
        raise Invalid(f"Expected 1 to {MAX_PROPERTIES} places, or none.", field="propertyIds")


def _from(day: date, start: date | None) -> bool:
    return start is None or start <= day


def _before(day: date, end: date | None) -> bool:
    return end is None or day < end
