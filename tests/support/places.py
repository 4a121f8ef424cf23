"""Random properties of tests/support/model.py, as values and as rows, and moments to ask at."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from app.ids import new_id
from app.pricing.rules import Promotion
from app.properties.terms import Guests, NightTerms, StayTerms, Terms
from app.properties.terms import Tax as TaxTerms
from db.enums import TaxKind
from db.models import CalendarNight, OccupiedNight, PropertyTax
from db.session import Database
from tests.support.model import DAY, Code, Night, Party, Place, Taken, Tax, today
from tests.support.world import add_booking, add_property

# From UTC−11 to UTC+14; with and without daylight saving, whole and part hours.
ZONES = (
    "Pacific/Pago_Pago",
    "America/New_York",
    "America/St_Johns",
    "Europe/Lisbon",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
# The clocks move there on these days, or a February ends; the hours come from `random_now`.
DAYS = (
    date(2027, 3, 14),
    date(2027, 11, 7),
    date(2027, 3, 28),
    date(2027, 10, 31),
    date(2027, 4, 4),
    date(2027, 10, 3),
    date(2028, 2, 28),
    date(2028, 2, 29),
    date(2027, 2, 28),
    date(2027, 12, 31),
)
# 2, 0 and 3 decimals.
CURRENCIES = ("EUR", "JPY", "KWD")
OWN = {"nights", "taken", "taxes"}


def random_now(chance: Random) -> datetime:
    """A moment on or beside one of the days, to the microsecond."""
    midnight = datetime.combine(chance.choice(DAYS), time(), UTC)
    return midnight + timedelta(hours=chance.randint(-30, 30), seconds=chance.choice([-1, 0, 1]))


def random_place(chance: Random, now: datetime, days: int = 30) -> Place:
    """A property with a calendar of so many days from some before `now`."""
    maximum = chance.choice([3, 9, 40, 365])
    guests = chance.randint(1, 6)
    place = Place(
        timezone=chance.choice(ZONES),
        check_in_time=time(chance.randint(0, 23), chance.choice([0, 30, 59])),
        max_guests=guests,
        pets_allowed=chance.random() < 0.5,
        min_nights=chance.randint(1, min(3, maximum)),
        max_nights=maximum,
        advance_notice_hours=chance.choice([0, 0, 1, 24, 49, 720]),
        preparation_days=chance.choice([0, 0, 1, 3]),
        booking_window_days=chance.choice([1, 10, 365, 730]),
        check_in_weekdays=chance.choice([127, 127, chance.randint(1, 127)]),
        check_out_weekdays=chance.choice([127, 127, chance.randint(1, 127)]),
        currency=chance.choice(CURRENCIES),
        base_price_minor=_amount(chance) or 1,
        weekend_price_minor=chance.choice([None, _amount(chance) or 7]),
        cleaning_fee_minor=chance.choice([0, _amount(chance)]),
        pet_fee_minor=chance.choice([0, _amount(chance)]),
        guests_included=chance.randint(1, guests),
        extra_guest_fee_minor=chance.choice([0, _amount(chance)]),
        monthly_discount_bp=_rate(chance),
        weekly_discount_bp=_rate(chance),
        early_bird_days=chance.choice([None, 1, 14]),
        early_bird_discount_bp=_rate(chance),
        last_minute_days=chance.choice([None, 0, 5]),
        last_minute_discount_bp=_rate(chance),
        taxes=[random_tax(chance, name) for name in ("VAT", "City")[: chance.randint(0, 2)]],
    )
    first = today(place, now) - 3 * DAY
    for offset in range(days):
        if chance.random() < 0.3:
            place.nights[first + offset * DAY] = Night(
                price_minor=chance.choice([None, _amount(chance) or 3]),
                min_nights=chance.choice([None, 1, 4]),
                closed=chance.random() < 0.2,
            )
    for _ in range(chance.randint(0, 4)):
        until = now + timedelta(microseconds=chance.choice([-1, 0, 1]))
        kind = chance.choice(["HOLD", "HOLD", "BOOKING", "BLOCK"])
        taken = Taken(kind=kind, until=until if kind == "HOLD" else None)
        start = first + chance.randint(0, days) * DAY
        for offset in range(chance.randint(1, 4)):
            place.taken.setdefault(start + offset * DAY, taken)
    return place


def random_tax(chance: Random, name: str) -> Tax:
    percentage = chance.random() < 0.5
    return Tax(
        name=name,
        rate_bp=chance.choice([0, 1, 613, 10_000]) if percentage else None,
        amount_minor=None if percentage else chance.choice([0, 1, 2_50]),
        max_nights=chance.choice([None, 1, 5]),
        long_stays_exempt=chance.random() < 0.5,
    )


def random_stay(chance: Random, place: Place, now: datetime) -> tuple[date, date]:
    """Mostly short, now and then of a month or a year."""
    check_in = today(place, now) + chance.randint(-3, 20) * DAY
    nights = chance.choice([1, 1, 2, 3, 6, 7, 8, 27, 28, 29, 365])
    return check_in, check_in + nights * DAY


def random_code(chance: Random) -> Code | None:
    """A promotion, or none."""
    by_host = chance.random() < 0.5
    return chance.choice(
        [
            None,
            Code(by_host=by_host, rate_bp=chance.choice([1, 1_000, 3_333, 9_000])),
            Code(by_host=by_host, amount_minor=_amount(chance) or 1),
        ]
    )


def random_party(chance: Random) -> Party:
    return Party(
        adults=chance.randint(1, 5),
        children=chance.randint(0, 2),
        infants=chance.randint(0, 2),
        pets=chance.choice([0, 0, 2]),
    )


def _amount(chance: Random) -> int:
    return chance.choice([1, 3, 50_00, 99_99, chance.randint(0, 10**9)])


def _rate(chance: Random) -> int:
    return chance.choice([0, 0, 1, 1_050, 9_900])


# The same as the product's own values


def guests_of(party: Party) -> Guests:
    return Guests(**vars(party))


def promotion_of(code: Code | None) -> Promotion | None:
    return None if code is None else Promotion(code="SUMMER", **vars(code))


def terms_of(place: Place, guest_fee_bp: int, host_fee_bp: int) -> Terms:
    names = set(Terms.__struct_fields__) & (vars(place).keys() - OWN)
    return Terms(
        **{name: getattr(place, name) for name in names},
        taxes=tuple(TaxTerms(kind=_kind(tax), **vars(tax)) for tax in place.taxes),
        guest_fee_bp=guest_fee_bp,
        host_fee_bp=host_fee_bp,
    )


def stay_terms_of(place: Place) -> StayTerms:
    names = set(StayTerms.__struct_fields__) & vars(place).keys()
    return StayTerms(**{name: getattr(place, name) for name in names})


def night_terms_of(place: Place) -> dict[date, NightTerms]:
    return {day: NightTerms(night=day, **vars(night)) for day, night in place.nights.items()}


def _kind(tax: Tax) -> TaxKind:
    return TaxKind.PERCENTAGE if tax.rate_bp is not None else TaxKind.PER_GUEST_NIGHT


# The same as rows


async def insert_place(
    db: Database, place: Place, host_id: UUID, guest_id: UUID, **columns: Any
) -> UUID:
    """Insert the property with its calendar; `columns` are what the model does not know."""
    row = {name: value for name, value in vars(place).items() if name not in OWN}
    property_id = await add_property(db, host_id, **row, **columns)
    # Nights belong to bookings; which, the rules do not ask.
    booking_id = None
    if any(taken.kind != "BLOCK" for taken in place.taken.values()):
        booking_id = await add_booking(db, property_id, guest_id, host_id, status="EXPIRED")
    occupied = [
        {
            "property_id": property_id,
            "night": night,
            "kind": taken.kind,
            "booking_id": None if taken.kind == "BLOCK" else booking_id,
            "hold_expires_at": taken.until,
        }
        for night, taken in place.taken.items()
    ]
    nights = [
        {"property_id": property_id, "night": day, **vars(night)}
        for day, night in place.nights.items()
    ]
    taxes = [
        {"id": new_id(), "property_id": property_id, "kind": _kind(tax), **vars(tax)}
        for tax in place.taxes
    ]
    async with db.transaction() as session:
        for table, rows in (
            (OccupiedNight, occupied),
            (CalendarNight, nights),
            (PropertyTax, taxes),
        ):
            if rows:
                await session.execute(insert(table), rows)
    return property_id
