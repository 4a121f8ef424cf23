"""Who stayed where in the demo: a year of visits without two guests in one place, or one guest in
two places, on the same night.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from app.dev.seed.catalogue import Offer
from app.dev.seed.stays import Visit
from app.properties.terms import Guests

DAY = timedelta(days=1)
FURTHEST_BACK, FURTHEST_AHEAD = 330, 80


class Diary:
    """Which dates are gone, by place and by guest."""

    def __init__(self) -> None:
        self._taken: dict[UUID, set[date]] = defaultdict(set)

    def free(self, who: UUID, first: date, last: date) -> bool:
        """Whether none of the dates from first to last is taken."""
        days = (last - first).days + 1
        return self._taken[who].isdisjoint(first + offset * DAY for offset in range(days))

    def take(self, who: UUID, first: date, last: date) -> None:
        """Take the dates from first to last."""
        days = (last - first).days + 1
        self._taken[who].update(first + offset * DAY for offset in range(days))


# Visits that a newcomer finds on the demo's two accounts: guest, the place's title, check-in in
# days from today, nights, and what is special about it.
TOLD: Sequence[tuple[str, str, int, int, str]] = (
    ("ada", "Beach cabin with a hammock", -212, 6, "reviewed"),
    ("ada", "Machiya on the lantern street", -118, 4, "reviewed"),
    ("ada", "Tiled flat above the fado houses", -7, 4, "to review"),
    ("ada", "Painter's attic with a river view", 20, 4, ""),
    ("ada", "Cabin at the end of the bamboo", 33, 3, "cancelled"),
    ("jonas", "Sunny rooftop by the castle walls", -2, 5, ""),
    ("amara", "Blue cottage behind the monastery", 12, 3, ""),
    ("sofia", "The lemon-tree courtyard", 41, 4, "unanswered"),
)


class Told(Visit, frozen=True, kw_only=True):
    """A visit and whether its guest writes a review (None: as it comes)."""

    reviewed: bool | None = None


def plan(
    random: Random,
    offers: Sequence[Offer],
    guests: Mapping[str, UUID],
    now: datetime,
) -> Iterator[tuple[Offer, Told]]:
    """Every visit, those that are told of first."""
    diary = Diary()
    by_title = {offer.listing.title: offer for offer in offers}
    for username, title, starts, nights, what in TOLD:
        offer = by_title[title]
        check_in = now.date() + starts * DAY
        yield offer, _told(random, offer, guests[username], check_in, nights, what, now)
        if what != "cancelled":
            _enter(diary, offer, guests[username], check_in, check_in + nights * DAY)
    others = [guest for username, guest in guests.items() if username != "ada"]
    for offer in offers:
        for check_in, nights in _calendar(random, offer, now):
            visit = _chance(random, diary, offer, others, check_in, nights, now)
            if visit is not None:
                yield offer, visit


def _calendar(random: Random, offer: Offer, now: datetime) -> Iterator[tuple[date, int]]:
    """Check-ins and nights along the year, sparser ahead of today."""
    day = -FURTHEST_BACK + random.randint(0, 40)
    while day < FURTHEST_AHEAD:
        nights = max(offer.home.stay.min_nights, random.choice((2, 2, 3, 3, 3, 4, 4, 5, 7)))
        yield now.date() + day * DAY, nights
        day += nights + random.randint(12, 90)


def _chance(
    random: Random,
    diary: Diary,
    offer: Offer,
    guests: Sequence[UUID],
    check_in: date,
    nights: int,
    now: datetime,
) -> Told | None:
    """A visit by somebody who is free then, or None."""
    gap = (offer.home.stay.preparation_days + 1) * DAY
    check_out = check_in + nights * DAY
    holidays = offer.home.night_prices
    if not diary.free(offer.home.id, check_in - gap, check_out + gap):
        return None
    if any(check_in + offset * DAY in holidays for offset in range(nights)):
        return None
    free = [guest for guest in guests if diary.free(guest, check_in - DAY, check_out)]
    if not free:
        return None
    guest = random.choice(free)
    booked_at = _booked_at(random, check_in, now)
    cancelled_at = None
    if random.random() < 0.05 and check_in < now.date():
        start = _midnight(check_in, now)
        cancelled_at = booked_at + (start - booked_at) * random.uniform(0.55, 0.8)
    else:
        _enter(diary, offer, guest, check_in, check_out)
    return Told(
        guest_id=guest,
        check_in=check_in,
        check_out=check_out,
        guests=_party(random, offer),
        booked_at=booked_at,
        cancelled_at=cancelled_at,
    )


def _told(
    random: Random,
    offer: Offer,
    guest: UUID,
    check_in: date,
    nights: int,
    what: str,
    now: datetime,
) -> Told:
    unanswered = what == "unanswered"
    hours = timedelta(hours=1.5)
    return Told(
        guest_id=guest,
        check_in=check_in,
        check_out=check_in + nights * DAY,
        guests=Guests(adults=min(2, offer.listing.guests)),
        booked_at=now - hours if unanswered else _booked_at(random, check_in, now),
        cancelled_at=now - 3 * hours if what == "cancelled" else None,
        unanswered=unanswered,
        reviewed={"reviewed": True, "to review": False}.get(what),
    )


def _enter(diary: Diary, offer: Offer, guest: UUID, check_in: date, check_out: date) -> None:
    diary.take(offer.home.id, check_in, check_out - DAY)
    diary.take(guest, check_in, check_out - DAY)


def _booked_at(random: Random, check_in: date, now: datetime) -> datetime:
    """Some weeks ahead, and at least half a day ago."""
    start = _midnight(check_in, now)
    booked = start - timedelta(days=random.uniform(4, 70))
    return min(booked, now - timedelta(days=random.uniform(1.5, 20)))


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, datetime.min.time(), now.tzinfo)


def _party(random: Random, offer: Offer) -> Guests:
    most = offer.listing.guests
    adults = min(most, random.choice((1, 2, 2, 2, 3, 4)))
    children = min(most - adults, random.choice((0, 0, 0, 1, 2)))
    pets = int(offer.columns["pets_allowed"] and random.random() < 0.15)
    return Guests(adults=adults, children=children, pets=pets)
