"""The rules of calendars and prices said slowly: sections 1 to 3 of the domain rules, line by line.

Nothing of the product is used here, so that both can be held against each other. Everything is
looked at night by night and counted in fractions; nothing is fast, and nothing is remembered.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Night:
    """What a host has set for one night; None: as usual."""

    price_minor: int | None = None
    min_nights: int | None = None
    closed: bool = False


@dataclass(kw_only=True)
class Taken:
    """Who has a night: a BOOKING, a HOLD until an instant, or the host's own BLOCK."""

    kind: str
    until: datetime | None = None


@dataclass(kw_only=True)
class Tax:
    """A rate of the price, or an amount per guest and night."""

    name: str
    rate_bp: int | None = None
    amount_minor: int | None = None
    max_nights: int | None = None
    long_stays_exempt: bool = False


@dataclass(kw_only=True)
class Place:
    """A property. Names and units are those of its table; `nights` and the rest beside it."""

    timezone: str = "Europe/Lisbon"
    check_in_time: time = time(15)
    max_guests: int = 4
    pets_allowed: bool = False
    min_nights: int = 1
    max_nights: int = 365
    advance_notice_hours: int = 0
    preparation_days: int = 0
    booking_window_days: int = 365
    check_in_weekdays: int = 0b1111111
    check_out_weekdays: int = 0b1111111
    currency: str = "EUR"
    base_price_minor: int = 100_00
    weekend_price_minor: int | None = None
    cleaning_fee_minor: int = 0
    pet_fee_minor: int = 0
    guests_included: int = 1
    extra_guest_fee_minor: int = 0
    monthly_discount_bp: int = 0
    weekly_discount_bp: int = 0
    early_bird_days: int | None = None
    early_bird_discount_bp: int = 0
    last_minute_days: int | None = None
    last_minute_discount_bp: int = 0
    nights: dict[date, Night] = field(default_factory=dict)
    taken: dict[date, Taken] = field(default_factory=dict)
    taxes: list[Tax] = field(default_factory=list)

    def night(self, day: date) -> Night:
        return self.nights.get(day, Night())


@dataclass(kw_only=True)
class Code:
    """What a promotion takes off, at most nine tenths of the subtotal."""

    by_host: bool
    rate_bp: int | None = None
    amount_minor: int | None = None


@dataclass(kw_only=True)
class Party:
    """Who comes. Infants cost nothing and do not count."""

    adults: int = 2
    children: int = 0
    infants: int = 0
    pets: int = 0

    @property
    def guests(self) -> int:
        return self.adults + self.children


# 1. Dates and time


def nights_of(check_in: date, check_out: date) -> list[date]:
    """A stay is `[check_in, check_out)`: N nights are N dates."""
    found, night = [], check_in
    while night < check_out:
        found.append(night)
        night += DAY
    return found


def today(place: Place, now: datetime) -> date:
    """The property's own date."""
    return now.astimezone(ZoneInfo(place.timezone)).date()


def instant(day: date, at: time, timezone: str) -> datetime:
    """When the clocks there show that time; the first time, where they show it twice.

    Where they skip it: as if they had not been moved yet.
    """
    wall, zone = datetime.combine(day, at), ZoneInfo(timezone)
    # A good day before and after, where the clocks move at most once between.
    around = [(wall + hours * timedelta(hours=1)).replace(tzinfo=UTC) for hours in (-26, 26)]
    offsets = [each.astimezone(zone).utcoffset() or timedelta() for each in around]
    candidates = sorted((wall - offset).replace(tzinfo=UTC) for offset in offsets)
    for each in candidates:
        if each.astimezone(zone).replace(tzinfo=None) == wall:
            return each
    return candidates[-1]


def is_weekday(weekdays: int, day: date) -> bool:
    """Bit 0 is Monday."""
    return format(weekdays, "07b")[::-1][day.weekday()] == "1"


# 2. Calendar


def night_refusals(place: Place, night: date, now: datetime) -> set[str]:
    """Why nobody can sleep there that night, as its host may know it."""
    found = set()
    if night < today(place, now):
        found.add("IN_THE_PAST")
    if place.night(night).closed:
        found.add("CLOSED")
    taken = place.taken.get(night)
    if taken is not None and not _is_over(taken, now):
        found.add({"BOOKING": "BOOKED", "HOLD": "HELD", "BLOCK": "BLOCKED"}[taken.kind])
    # Stays are prepared for, and cleaned up after; blocks are not.
    for days in range(1, place.preparation_days + 1):
        for other in (night - days * DAY, night + days * DAY):
            beside = place.taken.get(other)
            if beside is not None and beside.kind != "BLOCK" and not _is_over(beside, now):
                found.add("PREPARATION")
    return found


def _is_over(taken: Taken, now: datetime) -> bool:
    return taken.until is not None and taken.until <= now


def why_not(place: Place, day: date, now: datetime) -> set[str]:
    """All that is in the way of staying that night, arriving on that date and leaving on it."""
    found = night_refusals(place, day, now) | check_in_refusals(place, day, now)
    if "IN_THE_PAST" in found:
        # What is over comes not too soon besides.
        found.discard("TOO_SOON")
    at_least = place.night(day).min_nights or place.min_nights
    if day not in taken_nights(place, day, day + DAY, now) and taken_nights(
        place, day, day + at_least * DAY, now
    ):
        found.add("TOO_SHORT")
    if night_refusals(place, day - DAY, now):
        found.add("NIGHT_BEFORE_UNAVAILABLE")
    if not is_weekday(place.check_out_weekdays, day):
        found.add("NO_CHECK_OUT_ON_THIS_DAY")
    return found


def check_in_refusals(place: Place, day: date, now: datetime) -> set[str]:
    """Why no stay can begin on that date, besides its night."""
    found = set()
    if day < today(place, now):
        found.add("IN_THE_PAST")
    if day > today(place, now) + place.booking_window_days * DAY:
        found.add("TOO_FAR_AHEAD")
    begins = instant(day, place.check_in_time, place.timezone)
    if place.advance_notice_hours and begins < now + timedelta(hours=place.advance_notice_hours):
        found.add("TOO_SOON")
    if not is_weekday(place.check_in_weekdays, day):
        found.add("NO_CHECK_IN_ON_THIS_DAY")
    return found


def stay_refusals(
    place: Place, check_in: date, check_out: date, party: Party, now: datetime
) -> set[str]:
    """Why the terms do not allow a stay, whoever has its nights."""
    found = check_in_refusals(place, check_in, now)
    nights = len(nights_of(check_in, check_out))
    at_least = place.night(check_in).min_nights or place.min_nights
    if nights < at_least:
        found.add("TOO_SHORT")
    if nights > place.max_nights:
        found.add("TOO_LONG")
    if not is_weekday(place.check_out_weekdays, check_out):
        found.add("NO_CHECK_OUT_ON_THIS_DAY")
    if party.guests > place.max_guests:
        found.add("TOO_MANY_GUESTS")
    if party.pets and not place.pets_allowed:
        found.add("PETS_NOT_ALLOWED")
    return found


def taken_nights(place: Place, check_in: date, check_out: date, now: datetime) -> list[date]:
    """The nights of a stay that are not to be had."""
    return [
        night
        for night in nights_of(check_in, check_out)
        if night_refusals(place, night, now) - {"IN_THE_PAST"}
    ]


# 3. Price


@dataclass(kw_only=True)
class Bill:
    """What a stay costs. Lines are (kind, quantity, unit, amount), without those of nothing."""

    lines: list[tuple[str, int, int, int]]
    subtotal_minor: int
    total_minor: int
    tax_minor: int
    host_payout_minor: int


def half_up(amount: Fraction) -> int:
    """The nearest whole number; of two, the one further from zero."""
    return floor(amount + Fraction(1, 2)) if amount >= 0 else -floor(-amount + Fraction(1, 2))


def percent(rate_bp: int) -> Fraction:
    return Fraction(rate_bp, 10_000)


def night_price(place: Place, night: date) -> int:
    """The date's own price, else the weekend's on Friday and Saturday nights, else the usual."""
    own = place.night(night).price_minor
    if own is not None:
        return own
    if place.weekend_price_minor is not None and night.strftime("%a") in ("Fri", "Sat"):
        return place.weekend_price_minor
    return place.base_price_minor


def discount_rate(place: Place, nights: int, days_ahead: int) -> int:
    """At most one: the first that the host gives and the stay earns."""
    if nights >= 28 and place.monthly_discount_bp:
        return place.monthly_discount_bp
    if nights >= 7 and place.weekly_discount_bp:
        return place.weekly_discount_bp
    early, late = place.early_bird_days, place.last_minute_days
    if early is not None and days_ahead >= early and place.early_bird_discount_bp:
        return place.early_bird_discount_bp
    if late is not None and days_ahead <= late and place.last_minute_discount_bp:
        return place.last_minute_discount_bp
    return 0


def bill(
    place: Place,
    check_in: date,
    check_out: date,
    party: Party,
    now: datetime,
    *,
    guest_fee_bp: int,
    host_fee_bp: int,
    code: Code | None = None,
) -> Bill:
    """The price of a stay, in the order of the rules."""
    nights = nights_of(check_in, check_out)
    lines: list[tuple[str, int, int, int]] = []

    def line(kind: str, quantity: int, unit: int) -> int:
        if quantity * unit:
            lines.append((kind, quantity, unit, quantity * unit))
        return quantity * unit

    # 3.1: a line for each different price, in the order in which they come.
    prices = [night_price(place, night) for night in nights]
    of_nights = sum(line("NIGHTS", prices.count(price), price) for price in dict.fromkeys(prices))
    # 3.2: never everything, though rounding may want it.
    ahead = (check_in - today(place, now)).days
    exact = of_nights * percent(discount_rate(place, len(nights), ahead))
    discount = line("DISCOUNT", 1, -min(half_up(exact), of_nights - 1))
    # 3.3
    extra = max(0, party.guests - place.guests_included)
    extras = line("EXTRA_GUESTS", extra * len(nights), place.extra_guest_fee_minor)
    cleaning = line("CLEANING_FEE", 1, place.cleaning_fee_minor)
    pets = line("PET_FEE", 1, place.pet_fee_minor if party.pets else 0)
    subtotal = of_nights + discount + extras + cleaning + pets
    # A host's promotion makes the stay cheaper; the platform's pays a part of its price.
    paid_by_platform = 0
    if code is not None:
        wanted = code.amount_minor or half_up(subtotal * percent(code.rate_bp or 0))
        taken_off = -min(wanted, floor(subtotal * Fraction(9, 10)))
        if code.by_host:
            subtotal += line("HOST_PROMOTION", 1, taken_off)
        else:
            paid_by_platform = -line("PLATFORM_PROMOTION", 1, taken_off)
    # 3.4
    service = line("SERVICE_FEE", 1, half_up(subtotal * percent(guest_fee_bp)))
    payout = subtotal - half_up(subtotal * percent(host_fee_bp))
    # 3.5
    taxes = sum(line("TAX", *_tax(tax, subtotal, len(nights), party)) for tax in place.taxes)
    return Bill(
        lines=lines,
        subtotal_minor=subtotal,
        total_minor=subtotal + service + taxes - paid_by_platform,
        tax_minor=taxes,
        host_payout_minor=payout,
    )


def _tax(tax: Tax, subtotal: int, nights: int, party: Party) -> tuple[int, int]:
    """Quantity and unit. With a maximum of nights, a rate is of those nights' part."""
    taxed = nights
    if tax.max_nights is not None and nights > tax.max_nights:
        taxed = tax.max_nights
    if tax.long_stays_exempt and nights >= 28:
        taxed = 0
    if tax.amount_minor is not None:
        return party.guests * taxed, tax.amount_minor
    return 1, half_up(subtotal * percent(tax.rate_bp or 0) * Fraction(taxed, nights))
