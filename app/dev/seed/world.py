"""The large world, for measuring: `app seed --properties 50000 --bookings 200000`.

The same for the same sizes, seed and instant. Nights, prices, payments, histories and ratings are
consistent. It has no ledger and the payment provider does not know it: its hosts have no payout
accounts, so that nothing is ever paid out for it.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from app import clock
from app.config import Settings
from app.dev.seed import homes, stays, words
from app.dev.seed.bulk import bulk
from app.dev.seed.demo import PASSWORD
from app.dev.seed.homes import Made
from app.dev.seed.ids import id_at
from app.dev.seed.rows import Connection, Rows, connect
from app.dev.seed.stays import Home, Visit
from app.identity.passwords import hash_password
from app.properties.terms import Guests, fees_of
from app.reviews.rules import WINDOW
from db.enums import BookingStatus
from db.models import User

# From the first night that a stay can have to the last, in days around today.
BACK, AHEAD = 700, 180
LENGTHS = (1, 2, 2, 3, 3, 3, 4, 4, 5, 7)
# A batch is what is kept in memory.
BATCH = 250
USERS_AT_ONCE = 5_000
COMMENTS = (
    "A lovely stay, just as described.",
    "Clean, quiet and very close to everything. The host answered at once.",
    "Good beds, good light, good coffee around the corner. We would come back.",
    "Nice place, though the stairs are steep and the shower takes its time.",
    "We had a wonderful week here and did not want to leave. Thank you for everything!",
)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much there shall be of each."""

    properties: int
    bookings: int
    users: int

    @property
    def hosts(self) -> int:
        return max(1, min(self.users // 2, self.properties // 3))


class NotPossible(Exception):
    """Such a world cannot be made; the message is for the person at the terminal."""


def run(
    settings: Settings, *, properties: int, bookings: int, users: int | None, seed: int
) -> None:
    """`app seed --properties N …`: exits with status 1 and one line where that is not possible."""
    size = Size(
        properties=properties,
        bookings=bookings,
        users=users or default_users(properties, bookings),
    )
    try:
        asyncio.run(plant(settings, clock.now(), size, seed))
    except NotPossible as error:
        sys.exit(str(error))


def default_users(properties: int, bookings: int) -> int:
    """A host for three properties, and a guest for five bookings."""
    return max(2, properties // 3 + bookings // 5)


async def plant(settings: Settings, now: datetime, size: Size, seed: int) -> None:
    """Write a large world, all or nothing. Raises NotPossible."""
    if settings.is_production:
        raise NotPossible("The large world is for measuring: not in production.")
    if size.users < 2:
        raise NotPossible("A world needs at least two users: a host and a guest.")
    now = now.replace(microsecond=0)
    progress = Progress(size)
    async with connect(settings.database_url) as connection:
        async with connection.transaction():
            if await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
                raise NotPossible("The database is not empty: give DATABASE_URL a fresh one.")
            async with bulk(connection):
                await _write(connection, settings, now, size, seed, progress)
                progress.say("Making indexes, and checking what refers to what")
        progress.say("Gathering the planner's statistics")
        await connection.execute("ANALYZE")
    progress.end()


async def _write(
    connection: Connection,
    settings: Settings,
    now: datetime,
    size: Size,
    seed: int,
    progress: "Progress",
) -> None:
    random = Random(seed)
    password_hash = await hash_password(PASSWORD)
    people = await _write_users(connection, random, size, password_hash, now)
    batches = _batches(random, settings, size, people, now)
    rows = await asyncio.to_thread(next, batches, None)
    while rows is not None:
        # The next one is made while this one is written.
        made = asyncio.create_task(asyncio.to_thread(next, batches, None))
        progress.show(rows[1], await rows[0].write(connection))
        rows = await made


class People(msgspec.Struct, frozen=True):
    """The ids of hosts and guests."""

    hosts: list[UUID]
    guests: list[UUID]


async def _write_users(
    connection: Connection, random: Random, size: Size, password_hash: str, now: datetime
) -> People:
    people = People([], [])
    for first in range(0, size.users, USERS_AT_ONCE):
        rows = Rows()
        for index in range(first, min(size.users, first + USERS_AT_ONCE)):
            is_host = index < size.hosts
            user_id = _add_user(rows, random, index, is_host, password_hash, now)
            (people.hosts if is_host else people.guests).append(user_id)
        await rows.write(connection)
    return people


def _add_user(
    rows: Rows, random: Random, index: int, is_host: bool, password_hash: str, now: datetime
) -> UUID:
    joined_at = now - timedelta(days=random.uniform(1510, 2200))
    user_id = id_at(random, joined_at)
    rows.add(
        User,
        id=user_id,
        email=f"user{index}@world.roost.example",
        username=f"user{index}",
        password_hash=password_hash,
        first_name=random.choice(("Ada", "Kofi", "Mei", "Lena", "Omar", "Ines", "Sam", "Yuki")),
        last_name=f"No. {index}",
        picture_url=f"https://pictures.roost.example/people/{user_id}.jpg",
        is_host=is_host,
        host_since_at=joined_at if is_host else None,
        email_verified_at=joined_at,
        created_at=joined_at,
    )
    return user_id


Batch = tuple[Rows, int]


def _batches(
    random: Random, settings: Settings, size: Size, people: People, now: datetime
) -> Iterator[Batch]:
    """Properties with their bookings, and how many properties they are."""
    fees = fees_of(settings)
    quota = _quotas(random, size)
    rows, count = Rows(), 0
    for index in range(size.properties):
        host_id = people.hosts[index % len(people.hosts)]
        made = homes.make(random, index, host_id, fees, now)
        ratings = _add_stays(rows, random, made, next(quota), people.guests, now)
        homes.add(rows, random, made, ratings)
        count += 1
        if count == BATCH:
            yield rows, count
            rows, count = Rows(), 0
    if count:
        yield rows, count


def _quotas(random: Random, size: Size) -> Iterator[int]:
    """How many bookings each property has: some are liked more. They add up exactly."""
    weights = [0.15 + random.random() ** 2 for _ in range(size.properties)]
    total, so_far, given = sum(weights), 0.0, 0
    for weight in weights:
        so_far += weight
        upto = round(size.bookings * so_far / total)
        yield upto - given
        given = upto


def _add_stays(
    rows: Rows, random: Random, made: Made, count: int, guests: Sequence[UUID], now: datetime
) -> list[int]:
    """Add a property's bookings with their reviews; returns the ratings."""
    ratings = []
    for check_in, check_out in _dates(random, made.home, count, now.date()):
        # Some guests travel much more than others.
        guest_id = guests[int(len(guests) * random.random() ** 1.5)]
        visit = _visit(random, made.home, guest_id, check_in, check_out, now)
        stay = stays.write(rows, random, made.home, visit, now)
        if stay.status is BookingStatus.COMPLETED and random.random() < 0.6:
            at = stay.check_out_at + WINDOW * random.random()
            if at <= now:
                ratings.append(words.rating(random))
                stays.review(rows, random, stay, ratings[-1], random.choice(COMMENTS), at)
    return ratings


def _dates(random: Random, home: Home, count: int, today: date) -> Iterator[tuple[date, date]]:
    """So many stays that do not overlap, in order, with the property's days of preparation."""
    lengths = [max(home.stay.min_nights, random.choice(LENGTHS)) for _ in range(count)]
    gap = home.stay.preparation_days
    spare = BACK + AHEAD - sum(lengths) - gap * count
    if spare < 0:
        raise NotPossible(
            f"A property has no room for {count} bookings: ask for fewer bookings or more"
            " properties (about 100 bookings each are possible)."
        )
    day = -BACK
    before = 0
    for length, offset in zip(
        lengths, sorted(random.randint(0, spare) for _ in lengths), strict=True
    ):
        day += offset - before
        before = offset
        check_in = today + timedelta(days=day)
        yield check_in, check_in + timedelta(days=length)
        day += length + gap


def _visit(
    random: Random, home: Home, guest_id: UUID, check_in: date, check_out: date, now: datetime
) -> Visit:
    start = datetime.combine(check_in, datetime.min.time(), now.tzinfo)
    booked_at = min(start, now) - timedelta(days=2 + 70 * random.random())
    cancelled_at = None
    if random.random() < 0.05:
        cancelled_at = booked_at + (min(start, now) - booked_at) * (0.6 + 0.3 * random.random())
    adults = min(home.stay.max_guests, random.choice((1, 2, 2, 2, 3, 4)))
    return Visit(
        guest_id=guest_id,
        check_in=check_in,
        check_out=check_out,
        guests=Guests(adults=adults),
        booked_at=booked_at,
        cancelled_at=cancelled_at,
    )


class Progress:
    """Lines on the terminal: how far it is, how fast it goes, how long it takes."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._began = time.monotonic()
        self._shown = self._began
        self._properties = 0
        self._rows = size.users
        self.say(
            f"Making {size.properties:,} properties, {size.bookings:,} bookings and"
            f" {size.users:,} users"
        )

    def show(self, properties: int, rows: int) -> None:
        """Count what has been written, and say so every few seconds."""
        self._properties += properties
        self._rows += rows
        if time.monotonic() - self._shown < 3:
            return
        self._shown = time.monotonic()
        rate = self._properties / (self._shown - self._began)
        left = (self._size.properties - self._properties) / rate
        self.say(
            f"{self._properties:>9,} of {self._size.properties:,} properties,"
            f" {self._rows:>10,} rows, {rate:,.0f} properties/s, {left:,.0f} s left"
        )

    def end(self) -> None:
        """The last line."""
        self.say(f"The world is ready: {self._rows:,} rows")

    def say(self, what: str) -> None:
        """A line with the time so far."""
        print(f"{time.monotonic() - self._began:7.1f} s  {what}", flush=True)
