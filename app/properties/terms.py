"""A property's terms as plain values: what prices and booking rules are computed from.

They live with the property, below pricing and availability, so that one query can load them all.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.config import Settings
from db.enums import CancellationPolicy, PropertyStatus, TaxKind

# ZoneInfo itself remembers eight, and reads a file for each of the others.
zone = lru_cache(maxsize=1_000)(ZoneInfo)

# date.weekday() of the nights that a weekend price is for.
FRIDAY, SATURDAY = 4, 5


class Guests(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes. Infants cost nothing and do not count against the number of guests."""

    adults: int
    children: int = 0
    infants: int = 0
    pets: int = 0

    @property
    def counted(self) -> int:
        return self.adults + self.children


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """The platform's rates, in basis points of a booking's subtotal (settings)."""

    guest_fee_bp: int
    host_fee_bp: int


def fees_of(settings: Settings) -> Fees:
    """The rates of new bookings; each keeps its own from then on."""
    return Fees(guest_fee_bp=settings.guest_fee_bp, host_fee_bp=settings.host_fee_bp)


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """A tax on stays: `rate_bp` of the price, or `amount_minor` per guest and night."""

    name: str
    kind: TaxKind
    rate_bp: int | None = None
    amount_minor: int | None = None
    # Only the first so many nights are taxed.
    max_nights: int | None = None
    # Stays of 28 nights and more are not taxed.
    long_stays_exempt: bool = False


def usual_price(night: date, base_minor: int, weekend_minor: int | None) -> int:
    """The price of a night that has none of its own: the weekend's, else the base price."""
    if weekend_minor is not None and night.weekday() in (FRIDAY, SATURDAY):
        return weekend_minor
    return base_minor


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """All that a price depends on, but for the stay itself. Minor units, basis points."""

    currency: str
    base_price_minor: int
    weekend_price_minor: int | None = None
    cleaning_fee_minor: int = 0
    # Once per stay, however many pets.
    pet_fee_minor: int = 0
    guests_included: int = 1
    # Per guest above the included number, per night.
    extra_guest_fee_minor: int = 0
    monthly_discount_bp: int = 0
    weekly_discount_bp: int = 0
    early_bird_days: int | None = None
    early_bird_discount_bp: int = 0
    last_minute_days: int | None = None
    last_minute_discount_bp: int = 0
    taxes: tuple[Tax, ...] = ()
    guest_fee_bp: int
    host_fee_bp: int

    def night_price(self, night: date, override_minor: int | None = None) -> int:
        """The price of one night: the host's for that date, else weekend's, else the base price."""
        if override_minor is not None:
            return override_minor
        return usual_price(night, self.base_price_minor, self.weekend_price_minor)


class StayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Which stays a host accepts. Weekdays are bit sets; bit 0 is Monday."""

    timezone: str
    check_in_time: time = time(15)
    check_out_time: time = time(11)
    max_guests: int
    pets_allowed: bool = False
    min_nights: int = 1
    max_nights: int = 365
    # A stay is booked at least so long before its check-in; 0: until the check-in day ends.
    advance_notice_hours: int = 0
    # Nights kept free before and after each stay.
    preparation_days: int = 0
    # A stay begins at most so many days from today.
    booking_window_days: int = 365
    check_in_weekdays: int = 0b1111111
    check_out_weekdays: int = 0b1111111


class NightTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the host has set for one night over the general terms."""

    night: date
    price_minor: int | None = None
    min_nights: int | None = None
    closed: bool = False


class PricedProperty(msgspec.Struct, frozen=True):
    """A property as the price of certain dates needs it."""

    price: Terms
    timezone: str
    nights: Mapping[date, NightTerms]


class BookableProperty(msgspec.Struct, frozen=True, kw_only=True):
    """A property as a booking or a quote for certain dates needs it."""

    id: UUID
    host_id: UUID
    status: PropertyStatus
    instant_book: bool
    cancellation_policy: CancellationPolicy
    price: Terms
    stay: StayTerms
    # The host's settings for nights in the range that was asked for, where there are any.
    nights: Mapping[date, NightTerms]
    # The database's clock, read after the property's lock was won (or the frozen one of a test).
    now: datetime

    @property
    def night_prices(self) -> dict[date, int]:
        """The prices that the host has set for single nights."""
        return set_prices(self.nights)

    def local_date(self, instant: datetime) -> date:
        """The date at the property at an instant."""
        return instant.astimezone(zone(self.stay.timezone)).date()


def set_prices(nights: Mapping[date, NightTerms]) -> dict[date, int]:
    """The prices that a host has set for single nights."""
    return {
        night: terms.price_minor for night, terms in nights.items() if terms.price_minor is not None
    }
