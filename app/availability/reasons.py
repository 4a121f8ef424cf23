"""Why nobody can stay, arrive or leave on the dates of a calendar, for those who ask.

Beside the calendar rather than in it: most only want to know whether, and that is read by many.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import structs

from app.availability import rules
from app.availability.calendar import Night, calendars
from app.availability.service import TakenNight, taken_nights
from app.properties.bookable import load_bookable
from app.properties.terms import BookableProperty, Fees, NightTerms, StayTerms
from db.enums import NightKind
from db.statements import Reader

ONE_DAY = timedelta(days=1)
# The longest stay that a host can want, and the longest preparation.
AHEAD, REACH = 365, 14
NO_FEES = Fees(guest_fee_bp=0, host_fee_bp=0)


class WhyNot(StrEnum):
    """What is in the way on a date: of its night, of arriving, or of leaving."""

    # Its night.
    IN_THE_PAST = "IN_THE_PAST"
    UNAVAILABLE = "UNAVAILABLE"
    BOOKED = "BOOKED"
    HELD = "HELD"
    BLOCKED = "BLOCKED"
    CLOSED = "CLOSED"
    PREPARATION = "PREPARATION"
    # Arriving.
    TOO_SOON = "TOO_SOON"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    NO_CHECK_IN_ON_THIS_DAY = "NO_CHECK_IN_ON_THIS_DAY"
    TOO_SHORT = "TOO_SHORT"
    # Leaving.
    NIGHT_BEFORE_UNAVAILABLE = "NIGHT_BEFORE_UNAVAILABLE"
    NO_CHECK_OUT_ON_THIS_DAY = "NO_CHECK_OUT_ON_THIS_DAY"


OF_KIND = {
    NightKind.BOOKING: WhyNot.BOOKED,
    NightKind.HOLD: WhyNot.HELD,
    NightKind.BLOCK: WhyNot.BLOCKED,
}
# Who has a night, and what a host does with it, is nobody else's business.
PRIVATE = frozenset({WhyNot.BOOKED, WhyNot.HELD, WhyNot.BLOCKED, WhyNot.CLOSED, WhyNot.PREPARATION})


class ExplainedNight(Night, frozen=True, gc=False):
    """One date of a calendar with all that is in the way, as the host may know it."""

    why_not: tuple[WhyNot, ...]

    def for_strangers(self) -> "ExplainedNight":
        """The same without what only the host's side may know."""
        shown = [WhyNot.UNAVAILABLE if each in PRIVATE else each for each in self.why_not]
        return structs.replace(self, why_not=tuple(dict.fromkeys(shown)))


class Explained(msgspec.Struct, frozen=True):
    """A calendar with reasons, and whose it is."""

    host_id: UUID
    nights: list[ExplainedNight]


async def explained(
    reader: Reader, property_ids: Sequence[UUID], start: date, end: date, now: datetime
) -> dict[UUID, Explained]:
    """The dates `[start, end)` of several properties' calendars, in three statements.

    Raises Invalid as `calendar.calendars` does.
    """
    shown = await calendars(reader, property_ids, start, end, now)
    # Whether a stay can be long enough depends on the nights after the last date, too.
    eve, last = start - ONE_DAY, end + AHEAD * ONE_DAY
    bookable = await load_bookable(reader, property_ids, eve, last, NO_FEES)
    taken: dict[UUID, list[TakenNight]] = {}
    for each in await taken_nights(reader, property_ids, eve, last, REACH):
        taken.setdefault(each.property_id, []).append(each)
    return {
        key: Explained(
            bookable[key].host_id, _explain(nights, bookable[key], taken.get(key, ()), now)
        )
        for key, nights in shown.items()
        if key in bookable
    }


def _explain(
    nights: Sequence[Night], bookable: BookableProperty, taken: Iterable[TakenNight], now: datetime
) -> list[ExplainedNight]:
    stay, set_nights = bookable.stay, bookable.nights
    in_the_way = _in_the_way(stay, set_nights, taken, now)
    today = rules.local_today(now, stay.timezone)
    bounds = rules.check_in_dates(stay, now)
    found = []
    for night in nights:
        day = night.date
        eve = day - ONE_DAY
        why_not = [WhyNot.IN_THE_PAST] if day < today else []
        why_not += in_the_way.get(day, [])
        why_not += _arriving(stay, day, today, bounds, set_nights, in_the_way)
        if eve < today or eve in in_the_way:
            why_not.append(WhyNot.NIGHT_BEFORE_UNAVAILABLE)
        if not rules.on_weekday(stay.check_out_weekdays, day):
            why_not.append(WhyNot.NO_CHECK_OUT_ON_THIS_DAY)
        found.append(ExplainedNight(**structs.asdict(night), why_not=tuple(why_not)))
    return found


def _in_the_way(
    stay: StayTerms,
    set_nights: Mapping[date, NightTerms],
    taken: Iterable[TakenNight],
    now: datetime,
) -> dict[date, list[WhyNot]]:
    """By night, why nobody else can have it; nothing of nights that are free."""
    found: dict[date, list[WhyNot]] = {}
    running = [each for each in taken if each.kind is not None and not each.expired(now)]
    for each in running:
        found.setdefault(each.night, []).append(OF_KIND[NightKind(each.kind or "")])
    for day, terms in set_nights.items():
        if terms.closed:
            found.setdefault(day, []).append(WhyNot.CLOSED)
    for each in running:
        # A stay is prepared for, before and after; a block is not a stay.
        if each.kind == NightKind.BLOCK:
            continue
        for days in range(1, stay.preparation_days + 1):
            for beside in (each.night - days * ONE_DAY, each.night + days * ONE_DAY):
                reasons = found.setdefault(beside, [])
                if WhyNot.PREPARATION not in reasons:
                    reasons.append(WhyNot.PREPARATION)
    return found


def _arriving(
    stay: StayTerms,
    day: date,
    today: date,
    bounds: tuple[date, date],
    set_nights: Mapping[date, NightTerms],
    in_the_way: Mapping[date, object],
) -> list[WhyNot]:
    """Why no stay can begin on a date, besides its night."""
    found = []
    first, last = bounds
    if today <= day < first:
        found.append(WhyNot.TOO_SOON)
    if day > last:
        found.append(WhyNot.TOO_FAR_AHEAD)
    if not rules.on_weekday(stay.check_in_weekdays, day):
        found.append(WhyNot.NO_CHECK_IN_ON_THIS_DAY)
    least = rules.min_nights(stay, set_nights.get(day))
    if day not in in_the_way and any(
        day + offset * ONE_DAY in in_the_way for offset in range(1, least)
    ):
        found.append(WhyNot.TOO_SHORT)
    return found
