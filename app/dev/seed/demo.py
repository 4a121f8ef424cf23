"""The demo world: three cities, their hosts and guests, a year of stays.

The same for the same seed and instant; nothing happens where there are users already.
"""

import asyncio
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from app import clock
from app.config import Settings
from app.dev.seed import (
    arrivals,
    catalogue,
    keepsakes,
    people,
    pictures,
    provider,
    recipients,
    stays,
    visits,
    words,
)
from app.dev.seed.books import Books, Transfer
from app.dev.seed.catalogue import Offer
from app.dev.seed.people import Resident
from app.dev.seed.provider import ImportFailed
from app.dev.seed.rows import Connection, Rows, connect
from app.dev.seed.stays import Booked
from app.dev.seed.visits import Told
from app.identity.passwords import hash_password
from app.properties.terms import fees_of
from app.reviews.rules import WINDOW
from db.enums import BookingStatus
from db.models import Booking, Property, Review

# Everybody's. Of no use anywhere but on a developer's machine: production has no demo.
PASSWORD = "roost-demo-2026"
SEED = 2026
# Two `app seed --demo` at once: the second waits, and finds users.
LOCK = 0x526F6F7374


class World(msgspec.Struct, frozen=True):
    """A demo, not yet written."""

    rows: Rows
    offers: list[Offer]
    residents: list[Resident]
    history: dict[str, list[dict[str, Any]]]


def run(settings: Settings) -> None:
    """`app seed --demo`: exits with status 1 and one line where that is not possible."""
    if settings.is_production:
        sys.exit("The demo has accounts with a published password: not in production.")
    try:
        asyncio.run(plant(settings, clock.now()))
    except ImportFailed as error:
        sys.exit(str(error))


async def plant(settings: Settings, now: datetime, seed: int = SEED) -> bool:
    """Write the demo unless there are users; returns whether it did.

    All or nothing: the sandbox gets its part just before the commit. Raises ImportFailed.
    """
    began = time.monotonic()
    async with connect(settings.database_url) as connection:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
                print("There are users already: the demo is left as it is.", flush=True)
                return False
            print("Making a small world …", flush=True)
            world = build(settings, now, await hash_password(PASSWORD), seed)
            await _write(connection, settings, world)
    print(f"The demo is ready ({time.monotonic() - began:.1f} s).", flush=True)
    return True


async def _write(connection: Connection, settings: Settings, world: World) -> None:
    drawn = pictures.hang(settings.media_dir / "demo", world.offers, world.residents)
    rows = world.rows
    print(
        f"{rows.count(Property)} homes, {drawn} pictures, {len(world.residents)} people,"
        f" {rows.count(Booking)} bookings, {rows.count(Review)} reviews",
        flush=True,
    )
    if settings.paystack_api_base:
        await recipients.add(rows, settings, world.offers)
    await rows.write(connection)
    if settings.stripe_api_base:
        await provider.send(world.history, settings.stripe_api_base, settings.stripe_secret_key)
    else:
        print("Stripe does not know the demo's payments: refunding them will fail.", flush=True)


def build(settings: Settings, now: datetime, password_hash: str, seed: int = SEED) -> World:
    """The demo as it would be at the instant `now`."""
    now = now.replace(second=0, microsecond=0)
    random, rows, everybody = Random(seed), Rows(), people.read()
    residents = people.add(rows, random, everybody, password_hash, now)
    hosts = {one.id: one for one in residents.values() if one.account_id}
    offers = list(catalogue.offers(random, residents, fees_of(settings), now))
    books = Books(rows, random, now - timedelta(days=1600))
    guests = {one.username: residents[one.username].id for one in everybody.guests}
    phrases = words.read()
    booked: list[Booked] = []
    transfers: list[Transfer] = []
    ratings: dict[UUID, list[int]] = defaultdict(list)
    for offer, visit in visits.plan(random, offers, guests, now):
        host = hosts[offer.home.host_id].person.first_name
        said = words.message(random, phrases, offer, host)
        stay = stays.write(
            rows, random, offer.home, msgspec.structs.replace(visit, message=said), now
        )
        booked.append(stay)
        books.take(stay)
        if paid_out_at := _paid_out_at(random, stay, now):
            transfers.append(books.pay_out(stay, paid_out_at))
        if reviewed_at := _reviewed_at(random, stay, visit, now):
            stars = words.rating(random) if visit.reviewed is None else 5
            comment = words.review(random, phrases, stars, offer, host)
            stays.review(rows, random, stay, stars, comment, reviewed_at)
            ratings[offer.home.id].append(stars)
    for offer in offers:
        captions = pictures.captions(offer.listing)
        catalogue.add(rows, random, offer, ratings[offer.home.id], captions)
    # With chances of its own: the rest of the world stays as it is.
    keepsakes.add(rows, Random(seed), offers, guests["ada"], now)
    arrivals.add(rows, Random(seed), offers, now)
    return World(
        rows=rows,
        offers=offers,
        residents=list(residents.values()),
        history=provider.history(hosts.values(), booked, transfers),
    )


def _paid_out_at(random: Random, stay: Booked, now: datetime) -> datetime | None:
    """When the worker's sweep found the payout due; None: nothing is due yet."""
    due = stay.check_in_at + stays.PAYOUT_DELAY
    at = due + timedelta(seconds=random.randint(1, 10))
    is_due = stay.paid_at is not None and due <= now and stay.host_keeps_minor > 0
    return at if is_due else None


def _reviewed_at(random: Random, stay: Booked, visit: Told, now: datetime) -> datetime | None:
    if stay.status is not BookingStatus.COMPLETED or visit.reviewed is False:
        return None
    if visit.reviewed is None and random.random() > 0.8:
        return None
    at = stay.check_out_at + WINDOW * random.uniform(0.03, 0.8)
    return at if at <= now else None
