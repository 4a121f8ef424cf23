"""What is measured: each scenario as requests made up from the world in the database."""

import random
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import clock
from app.config import Settings
from app.dev.bench.load import request
from app.dev.bench.operations import BOOK, CALENDARS, PROPERTY, SEARCH, TRIPS
from app.dev.seed.demo import PASSWORD
from app.pricing.service import quotes
from app.properties.terms import Guests, fees_of
from db.session import Database
from schema import ids
from schema.paging import MAX_PAGE

# Degrees: a box of some 11 km, as a map of a city shows it.
HALF_BOX = 0.05
CALENDAR = timedelta(days=60)
TRAVELLERS = 40
DEEP_LISTS = "abcde"
DEEP_NIGHTS = timedelta(days=50)
DEEP_REQUESTS = 20
AT_ONCE = 500
NIGHTS = timedelta(days=3)
# Providers refuse larger charges (Stripe: eight digits).
MOST_MINOR = 99_999_999

Headers = Sequence[tuple[str, str]]


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one kind; `once`: each may be sent only once."""

    name: str
    requests: list[bytes]
    # The same requests as the pages by hand take them; none when there is no such page.
    by_hand: Sequence[bytes] = ()
    expected: bytes
    once: bool = False
    # Whether it is measured with the cache of searches, too.
    cached: bool = False
    # At most so many at once.
    connections: int = 16


async def scenarios(db: Database, settings: Settings, api: str, bookings: int) -> list[Scenario]:
    """All of them, with at most so many requests to book. Drawn the same way each time."""
    draw = random.Random(7)
    async with db.read() as connection:
        searches = await _searches(connection, draw)
        pages = await _property_pages(connection)
        calendars = await _calendars(connection, draw)
        travellers = await _travellers(connection)
        bookable = await _bookable(connection, settings, draw, bookings)
    tokens = [await _sign_in(api, login) for login in travellers]
    return [
        Scenario(
            name="search page",
            requests=[_graphql(SEARCH, each) for each in searches],
            by_hand=[_by_hand("/search", each) for each in searches],
            expected=b'"searchProperties":{"edges":[',
            cached=True,
        ),
        Scenario(
            name="property page",
            requests=[_graphql(PROPERTY, each) for each in pages],
            by_hand=[_by_hand("/property", each) for each in pages],
            expected=b'"availability":[{',
        ),
        Scenario(
            name="my trips",
            requests=[_graphql(TRIPS, {}, token) for token in tokens],
            by_hand=[_by_hand("/trips", {}, token) for token in tokens],
            expected=b'"bookings":{"edges":[{',
        ),
        Scenario(
            name="250 x 50 nights",
            requests=[_graphql(CALENDARS, each) for each in calendars],
            by_hand=[_by_hand("/calendars", each) for each in calendars],
            expected=b'"availability":[{',
            # More would come near the deadline of an operation.
            connections=2,
        ),
        Scenario(
            name="createBooking",
            requests=[
                _graphql(BOOK, {"input": input}, tokens[index % len(tokens)])
                for index, input in enumerate(bookable)
            ],
            expected=b'"CreateBookingSuccess"',
            once=True,
        ),
    ]


def _graphql(query: str, variables: dict[str, Any], token: str | None = None) -> bytes:
    body = msgspec.json.encode({"query": query, "variables": variables})
    return request("/graphql", body, _signed(token))


def _by_hand(path: str, variables: dict[str, Any], token: str | None = None) -> bytes:
    return request(path, msgspec.json.encode(variables), _signed(token))


def _signed(token: str | None) -> Headers:
    return [("authorization", f"Bearer {token}")] if token else []


async def _searches(connection: AsyncConnection, draw: random.Random) -> list[dict[str, Any]]:
    """Boxes around places that exist, so that each finds something; the denser, the likelier."""
    points = await connection.execute(
        text(
            "SELECT public_latitude, public_longitude FROM properties"
            " WHERE status = 'PUBLISHED' ORDER BY md5(id::text) LIMIT 300"
        )
    )
    found = []
    for latitude, longitude in points:
        check_in = clock.now().date() + timedelta(days=draw.randint(5, 120))
        area = {
            "north": latitude + HALF_BOX,
            "south": latitude - HALF_BOX,
            "east": longitude + HALF_BOX,
            "west": longitude - HALF_BOX,
        }
        found.append({"area": area, "checkIn": check_in, "checkOut": check_in + NIGHTS})
    return found


async def _property_pages(connection: AsyncConnection) -> list[dict[str, Any]]:
    rows = await connection.execute(
        text(
            "SELECT id FROM properties WHERE status = 'PUBLISHED' AND review_count > 0"
            " ORDER BY md5(id::text) DESC LIMIT 500"
        )
    )
    start = clock.now().date()
    return [
        {"id": ids.encode("Property", key), "from": start, "to": start + CALENDAR}
        for key in rows.scalars()
    ]


async def _calendars(connection: AsyncConnection, draw: random.Random) -> list[dict[str, Any]]:
    rows = await connection.execute(
        text("SELECT id FROM properties WHERE status = 'PUBLISHED' ORDER BY md5(id::text)")
    )
    keys = [ids.encode("Property", key) for key in rows.scalars()]
    start = clock.now().date()
    found = []
    for _ in range(DEEP_REQUESTS):
        drawn = draw.sample(keys, min(len(DEEP_LISTS) * MAX_PAGE, len(keys)))
        lists = {name: drawn[at :: len(DEEP_LISTS)] for at, name in enumerate(DEEP_LISTS)}
        found.append({**lists, "from": start, "to": start + DEEP_NIGHTS})
    return found


async def _travellers(connection: AsyncConnection) -> list[str]:
    """Guests with twenty bookings or more, where there are such."""
    rows = await connection.execute(
        text(
            "SELECT username FROM users JOIN (SELECT guest_id, count(*) AS trips FROM bookings"
            " GROUP BY guest_id) t ON t.guest_id = id"
            " ORDER BY trips < 20, abs(trips - 25), id LIMIT :many"
        ),
        {"many": TRAVELLERS},
    )
    return [str(username) for username in rows.scalars()]


async def _sign_in(api: str, login: str) -> str:
    async with httpx2.AsyncClient(base_url=api, trust_env=False, timeout=30) as client:
        answer = await client.post("/auth/login", json={"login": login, "password": PASSWORD})
        answer.raise_for_status()
        return str(answer.json()["accessToken"])


async def _bookable(
    connection: AsyncConnection, settings: Settings, draw: random.Random, wanted: int
) -> list[dict[str, Any]]:
    """Inputs of createBooking: free stays of three nights at their prices, a place each."""
    offset = draw.randint(20, 100)
    check_in = clock.now().date() + timedelta(days=offset)
    check_out = check_in + NIGHTS
    rows = await connection.execute(
        text(
            "SELECT id FROM properties p WHERE status = 'PUBLISHED' AND max_guests >= 2"
            " AND min_nights <= 3 AND NOT EXISTS (SELECT FROM occupied_nights n"
            "  WHERE n.property_id = p.id AND night BETWEEN :first AND :last)"
            " ORDER BY random() LIMIT :wanted"
        ),
        {
            "first": check_in - timedelta(days=1),
            "last": check_out,
            "wanted": wanted,
        },
    )
    keys = list(rows.scalars())
    found: list[dict[str, Any]] = []
    for first in range(0, len(keys), AT_ONCE):
        found += await _priced(
            connection, settings, keys[first : first + AT_ONCE], check_in, check_out
        )
    return found


async def _priced(
    connection: AsyncConnection,
    settings: Settings,
    keys: Sequence[UUID],
    check_in: date,
    check_out: date,
) -> list[dict[str, Any]]:
    prices = await quotes(
        connection,
        keys,
        check_in,
        check_out,
        Guests(adults=2),
        clock.now(),
        fees_of(settings),
    )
    return [
        {
            "propertyId": ids.encode("Property", key),
            "checkIn": check_in,
            "checkOut": check_out,
            "guests": {"adults": 2},
            "expectedTotal": {"amount": price.total_minor, "currency": price.currency},
            "idempotencyKey": str(uuid.uuid4()),
        }
        for key, price in prices.items()
        if price.total_minor <= MOST_MINOR
    ]
