"""Which stays a property allows, and when a local date and time is (domain rules, 1 and 2).

Dates are the property's local dates; a stay is `[check_in, check_out)`. Instants are aware.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app.errors import Invalid
from app.properties.terms import Guests, NightTerms, StayTerms, zone

MAX_NIGHTS = 365
MAX_GUESTS = 50


class StayNotAllowedReason(StrEnum):
    """Why a stay cannot be booked although its nights may be free."""

    IN_THE_PAST = "IN_THE_PAST"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_SOON = "TOO_SOON"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    TOO_MANY_GUESTS = "TOO_MANY_GUESTS"
    PETS_NOT_ALLOWED = "PETS_NOT_ALLOWED"
    NO_CHECK_IN_ON_THIS_DAY = "NO_CHECK_IN_ON_THIS_DAY"
    NO_CHECK_OUT_ON_THIS_DAY = "NO_CHECK_OUT_ON_THIS_DAY"
    # Decided by bookings, who know the guest and the payment.
    OWN_PROPERTY = "OWN_PROPERTY"
    PAYMENT_METHOD_NOT_SUPPORTED = "PAYMENT_METHOD_NOT_SUPPORTED"

    @property
    def message(self) -> str:
        """What to tell the guest."""
        return MESSAGES[self]


MESSAGES = {
    StayNotAllowedReason.IN_THE_PAST: "A stay cannot begin before today.",
    StayNotAllowedReason.TOO_SHORT: "The stay is shorter than the host accepts.",
    StayNotAllowedReason.TOO_LONG: "The stay is longer than the host accepts.",
    StayNotAllowedReason.TOO_SOON: "The host needs more notice before check-in.",
    StayNotAllowedReason.TOO_FAR_AHEAD: "The host does not take bookings that far ahead.",
    StayNotAllowedReason.TOO_MANY_GUESTS: "There are more guests than the place takes.",
    StayNotAllowedReason.PETS_NOT_ALLOWED: "The place does not take pets.",
    StayNotAllowedReason.NO_CHECK_IN_ON_THIS_DAY: "Check-in is not possible on that weekday.",
    StayNotAllowedReason.NO_CHECK_OUT_ON_THIS_DAY: "Check-out is not possible on that weekday.",
    StayNotAllowedReason.OWN_PROPERTY: "Hosts cannot book their own place.",
    StayNotAllowedReason.PAYMENT_METHOD_NOT_SUPPORTED: "This way to pay is not possible here.",
}


def instant(day: date, at: time, timezone: str) -> datetime:
    """The UTC instant of a local date and time.

    A time that the clocks skip counts from before the change (02:30 becomes 03:30); of a time that
    comes twice, the first is meant.
    """
    # fold=0 is exactly that, in the gap and in the overlap (PEP 495).
    return datetime.combine(day, at.replace(fold=0), zone(timezone)).astimezone(UTC)


def local_today(now: datetime, timezone: str) -> date:
    """The date in `timezone` at the instant `now`."""
    return now.astimezone(zone(timezone)).date()


def nights(check_in: date, check_out: date) -> list[date]:
    """The nights of a stay, in order: the check-out day is not one of them."""
    return [check_in + timedelta(days=offset) for offset in range((check_out - check_in).days)]


def require_bounds(check_in: date, check_out: date, guests: Guests) -> None:
    """Raises Invalid for what no property could accept: 1–365 nights, 1–50 guests."""
    if check_out <= check_in:
        raise Invalid("Check-out must be after check-in.", field="checkOut")
    if (check_out - check_in).days > MAX_NIGHTS:
        raise Invalid(f"A stay has at most {MAX_NIGHTS} nights.", field="checkOut")
    require_guests(guests)


def require_guests(guests: Guests) -> None:
    """Raises Invalid unless there are 1–50 guests with an adult among them."""
    if guests.adults < 1:
        raise Invalid("There must be at least one adult.", field="guests.adults")
    for name in ("children", "infants", "pets"):
        if not 0 <= getattr(guests, name) <= MAX_GUESTS:
            raise Invalid(f"Expected between 0 and {MAX_GUESTS}.", field=f"guests.{name}")
    if guests.counted > MAX_GUESTS:
        raise Invalid(f"There are at most {MAX_GUESTS} guests.", field="guests")


def refusal(
    terms: StayTerms,
    check_in: date,
    check_out: date,
    guests: Guests,
    calendar: Mapping[date, NightTerms],
    now: datetime,
) -> StayNotAllowedReason | None:
    """Why the terms do not allow the stay, or None. Whether nights are free is not asked here."""
    return (
        date_refusal(terms, check_in, now)
        or _refused_length(terms, check_in, check_out, calendar)
        or _refused_weekday(terms, check_in, check_out)
        or _refused_guests(terms, guests)
    )


def date_refusal(terms: StayTerms, check_in: date, now: datetime) -> StayNotAllowedReason | None:
    """Why no stay can begin on that date: past, too far ahead, too soon; or None."""
    today = local_today(now, terms.timezone)
    if check_in < today:
        return StayNotAllowedReason.IN_THE_PAST
    if (check_in - today).days > terms.booking_window_days:
        return StayNotAllowedReason.TOO_FAR_AHEAD
    if terms.advance_notice_hours:
        notice = timedelta(hours=terms.advance_notice_hours)
        if instant(check_in, terms.check_in_time, terms.timezone) - now < notice:
            return StayNotAllowedReason.TOO_SOON
    return None


def check_in_dates(terms: StayTerms, now: datetime) -> tuple[date, date]:
    """The first and the last date that `date_refusal` allows; all between them are, too.

    The first is after the last where the host wants more notice than there is window.
    """
    today = local_today(now, terms.timezone)
    first, last = today, today + timedelta(days=terms.booking_window_days)
    if terms.advance_notice_hours:
        # Check-in on the day before that instant is too soon. It would not be where a whole day is
        # skipped, which no zone has done since 2011.
        soonest = now + timedelta(hours=terms.advance_notice_hours)
        first = local_today(soonest, terms.timezone)
        if instant(first, terms.check_in_time, terms.timezone) < soonest:
            first += timedelta(days=1)
    return first, last


def min_nights(terms: StayTerms, night: NightTerms | None) -> int:
    """How many nights a stay must have that begins with this night."""
    if night is None or night.min_nights is None:
        return terms.min_nights
    return night.min_nights


def on_weekday(weekdays: int, day: date) -> bool:
    """Whether a bit set of weekdays (bit 0 is Monday) has this day's."""
    return bool(weekdays >> day.weekday() & 1)


def _refused_length(
    terms: StayTerms, check_in: date, check_out: date, calendar: Mapping[date, NightTerms]
) -> StayNotAllowedReason | None:
    count = (check_out - check_in).days
    if count < min_nights(terms, calendar.get(check_in)):
        return StayNotAllowedReason.TOO_SHORT
    if count > terms.max_nights:
        return StayNotAllowedReason.TOO_LONG
    return None


def _refused_weekday(
    terms: StayTerms, check_in: date, check_out: date
) -> StayNotAllowedReason | None:
    if not on_weekday(terms.check_in_weekdays, check_in):
        return StayNotAllowedReason.NO_CHECK_IN_ON_THIS_DAY
    if not on_weekday(terms.check_out_weekdays, check_out):
        return StayNotAllowedReason.NO_CHECK_OUT_ON_THIS_DAY
    return None


def _refused_guests(terms: StayTerms, guests: Guests) -> StayNotAllowedReason | None:
    if guests.counted > terms.max_guests:
        return StayNotAllowedReason.TOO_MANY_GUESTS
    if guests.pets and not terms.pets_allowed:
        return StayNotAllowedReason.PETS_NOT_ALLOWED
    return None
