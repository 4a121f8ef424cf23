"""The made-up worlds are consistent: prices, nights, ratings, books, pictures."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from sqlalchemy import text

from app.config import Settings
from app.dev.seed import demo, pictures, world
from app.dev.seed.demo import PASSWORD
from app.dev.seed.provider import ImportFailed
from app.identity.passwords import verify_password
from db.session import Database
from tests.support.books import assert_books_balance
from tests.support.postgres import Databases
from tests.support.sandbox import Sandbox

# A moment in the year's middle, and one when a stay ends in Kyoto while it is evening in Accra.
NOW = datetime(2026, 7, 14, 9, 30, tzinfo=UTC)

# Each of these finds what must not be there.
WRONG = {
    "a price that its lines do not add up to": """
        SELECT id FROM bookings b WHERE total_minor <>
            (SELECT sum((l->>'amount_minor')::bigint) FROM jsonb_array_elements(line_items) l)""",
    "a booking whose nights are not its own": """
        SELECT b.id FROM bookings b WHERE status IN ('CONFIRMED', 'COMPLETED', 'PENDING_HOST')
        AND check_out - check_in <> (SELECT count(*) FROM occupied_nights n
            WHERE n.booking_id = b.id AND night >= check_in AND night < check_out)""",
    "nights of a booking that is over before it began": """
        SELECT 1 FROM occupied_nights JOIN bookings b ON b.id = booking_id
        WHERE status NOT IN ('CONFIRMED', 'COMPLETED', 'PENDING_HOST')""",
    "a history that does not end where the booking is": """
        SELECT b.id FROM bookings b LEFT JOIN booking_changes c
            ON c.booking_id = b.id AND c.version = b.version AND c.status = b.status
        WHERE c.version IS NULL OR b.version <>
            (SELECT count(*) FROM booking_changes WHERE booking_id = b.id)""",
    "a booking without its payment": """
        SELECT b.id FROM bookings b LEFT JOIN payments p ON p.booking_id = b.id
        WHERE p.amount_minor IS DISTINCT FROM b.total_minor OR p.host_minor <> b.host_payout_minor
           OR p.currency <> b.currency OR p.guest_id <> b.guest_id OR p.host_id <> b.host_id""",
    "a rating that is not its reviews'": """
        SELECT p.id FROM properties p WHERE (rating_sum::bigint, review_count::bigint) <>
            (SELECT coalesce(sum(rating), 0), count(*) FROM reviews r
             WHERE r.property_id = p.id)""",
    "a review of a stay that was not completed, or of another place": """
        SELECT r.id FROM reviews r JOIN bookings b ON b.id = r.booking_id
        WHERE b.status <> 'COMPLETED' OR r.property_id <> b.property_id
           OR r.author_id <> b.guest_id OR r.created_at < b.check_out_at
           OR r.created_at > b.check_out_at + interval '14 days'""",
    "a property that cannot be published": """
        SELECT p.id FROM properties p WHERE status <> 'PUBLISHED' OR address = ''
           OR NOT EXISTS (SELECT FROM property_photos f WHERE f.property_id = p.id)""",
    "a host who is none": """
        SELECT p.id FROM properties p JOIN users u ON u.id = p.host_id WHERE NOT u.is_host""",
    "a booking from before its property or its guest": """
        SELECT b.id FROM bookings b JOIN properties p ON p.id = property_id
            JOIN users g ON g.id = guest_id
        WHERE b.created_at < p.created_at OR b.created_at < g.created_at""",
    "a time after now": """
        SELECT id FROM bookings WHERE created_at > :now OR confirmed_at > :now
           OR (status = 'COMPLETED') <> (check_out_at <= :now AND confirmed_at IS NOT NULL
               AND cancelled_at IS NULL)""",
}


async def assert_consistent(db: Database, now: datetime) -> None:
    async with db.read() as connection:
        for what, query in WRONG.items():
            parameters = {"now": now} if ":now" in query else {}
            found = (await connection.execute(text(query), parameters)).all()
            assert not found, f"{what}: {len(found)}, {found[:3]}"


@pytest.fixture(scope="module")
async def sandbox_process() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """A sandbox that knows of no money yet."""
    await sandbox_process.control.reset()
    return sandbox_process


@pytest.fixture
def with_sandbox(settings: Settings, sandbox: Sandbox) -> Settings:
    return msgspec.structs.replace(
        settings, stripe_api_base=sandbox.base_url, stripe_secret_key=sandbox.secret_key
    )


async def rows(db: Database, query: str) -> list[Any]:
    async with db.read() as connection:
        return list((await connection.execute(text(query))).all())


async def test_the_demo_is_consistent_and_its_books_equal_the_sandboxs(
    db: Database, with_sandbox: Settings, sandbox: Sandbox
) -> None:
    assert await demo.plant(with_sandbox, NOW)
    await assert_consistent(db, NOW)
    await assert_books_balance(db, sandbox)
    due = "SELECT id FROM bookings WHERE payout_due_at <= '2026-07-14 09:30Z'"
    assert not await rows(db, due), "a payout that was due is left for the worker"


async def test_the_demo_is_as_large_and_as_varied_as_promised(
    db: Database, with_sandbox: Settings
) -> None:
    await demo.plant(with_sandbox, NOW)
    cities = await rows(db, "SELECT city, currency, count(*) FROM properties GROUP BY 1, 2")
    assert {(city, currency) for city, currency, _ in cities} == {
        ("Lisbon", "EUR"),
        ("Accra", "GHS"),
        ("Kyoto", "JPY"),
    }
    assert sum(count for *_, count in cities) >= 60
    [(fewest, most)] = await rows(
        db,
        "SELECT min(n), max(n) FROM (SELECT count(*) n FROM property_photos"
        " GROUP BY property_id) photos",
    )
    assert fewest >= 3
    assert most <= 6
    statuses = {status for (status,) in await rows(db, "SELECT DISTINCT status FROM bookings")}
    assert statuses == {"COMPLETED", "CONFIRMED", "PENDING_HOST", "CANCELLED"}


async def test_the_demos_accounts_have_something_to_do(
    db: Database, with_sandbox: Settings
) -> None:
    await demo.plant(with_sandbox, NOW)
    [(guest_password,)] = await rows(
        db, "SELECT password_hash FROM users WHERE email = 'guest@roost.example'"
    )
    assert (await verify_password(PASSWORD, guest_password))[0]
    waiting = await rows(
        db,
        "SELECT 1 FROM bookings b JOIN users h ON h.id = host_id"
        " WHERE h.email = 'host@roost.example' AND status = 'PENDING_HOST'",
    )
    assert waiting, "the host has a request to answer"
    to_review = await rows(
        db,
        "SELECT 1 FROM bookings b JOIN users g ON g.id = guest_id"
        " LEFT JOIN reviews r ON r.booking_id = b.id WHERE g.email = 'guest@roost.example'"
        " AND status = 'COMPLETED' AND r.id IS NULL AND check_out_at > '2026-07-01'",
    )
    assert to_review, "the guest has a stay to review"
    kept = await rows(
        db,
        "SELECT share_token, count(*) FROM wishlists l JOIN users g ON g.id = l.user_id"
        " JOIN wishlist_items i ON i.wishlist_id = l.id WHERE g.email = 'guest@roost.example'"
        " GROUP BY l.id ORDER BY l.id",
    )
    assert kept == [("demo-by-the-water", 3), (None, 2)]


async def test_the_demos_pictures_are_there_and_are_svg(
    db: Database, with_sandbox: Settings
) -> None:
    await demo.plant(with_sandbox, NOW)
    urls = await rows(db, "SELECT url FROM property_photos UNION ALL SELECT picture_url FROM users")
    for (url,) in urls:
        path = with_sandbox.media_dir / str(url).removeprefix("/media/")
        assert ET.parse(path).getroot().tag.endswith("svg")


async def test_the_demo_does_nothing_where_there_are_users(
    db: Database, with_sandbox: Settings
) -> None:
    assert await demo.plant(with_sandbox, NOW)
    before = await rows(db, "SELECT count(*), max(created_at) FROM bookings")
    assert not await demo.plant(with_sandbox, NOW)
    assert await rows(db, "SELECT count(*), max(created_at) FROM bookings") == before


async def test_a_sandbox_that_does_not_answer_leaves_the_database_empty(
    db: Database, settings: Settings
) -> None:
    with pytest.raises(ImportFailed, match="does not answer"):
        await demo.plant(settings, NOW)
    assert await rows(db, "SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize(("month", "hour"), [(1, 0), (3, 23), (10, 3), (12, 11)])
def test_the_demo_can_be_made_at_any_time_of_the_year(
    settings: Settings, month: int, hour: int
) -> None:
    now = datetime(2027, month, 28, hour, 59, tzinfo=UTC)
    made = demo.build(settings, now, "hash")
    again = demo.build(settings, now, "hash")
    assert msgspec.json.encode(made.history) == msgspec.json.encode(again.history)


def test_the_same_listing_always_looks_the_same(settings: Settings, tmp_path: Path) -> None:
    made = demo.build(settings, NOW, "hash")
    drawn = []
    for name in ("once", "twice"):
        pictures.hang(tmp_path / name, made.offers[:2], made.residents[:2])
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.svg")})
    assert drawn[0] == drawn[1]


SIZE = world.Size(properties=300, bookings=1_200, users=250)


async def test_the_large_world_is_consistent_and_as_large_as_asked(
    db: Database, settings: Settings
) -> None:
    await world.plant(settings, NOW, SIZE, seed=1)
    await assert_consistent(db, NOW)
    counts = await rows(
        db,
        "SELECT (SELECT count(*) FROM properties), (SELECT count(*) FROM bookings),"
        " (SELECT count(*) FROM users)",
    )
    assert counts == [(SIZE.properties, SIZE.bookings, SIZE.users)]


async def test_the_same_seed_makes_the_same_large_world(
    databases: Databases, settings: Settings
) -> None:
    seen = []
    for seed in (1, 1, 2):
        url = await databases.clone()
        await world.plant(msgspec.structs.replace(settings, database_url=url), NOW, SIZE, seed)
        db = Database(url)
        seen.append(
            await rows(
                db,
                "SELECT (SELECT md5(string_agg(b::text, '' ORDER BY b.id)) FROM bookings b),"
                " (SELECT md5(string_agg(p::text, '' ORDER BY p.id)) FROM properties p),"
                " (SELECT md5(string_agg(r::text, '' ORDER BY r.id)) FROM reviews r)",
            )
        )
        await db.close()
        await databases.drop(url)
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


async def test_the_large_world_wants_an_empty_database(db: Database, settings: Settings) -> None:
    await world.plant(settings, NOW, SIZE, seed=1)
    with pytest.raises(world.NotPossible, match="not empty"):
        await world.plant(settings, NOW, SIZE, seed=2)


async def test_more_bookings_than_there_are_nights_make_no_world_at_all(
    db: Database, settings: Settings
) -> None:
    crowded = world.Size(properties=2, bookings=2_000, users=10)
    with pytest.raises(world.NotPossible, match="no room"):
        await world.plant(settings, NOW, crowded, seed=1)
    assert await rows(db, "SELECT count(*) FROM users") == [(0,)]


async def test_stays_do_not_touch_each_others_days_of_preparation(
    db: Database, settings: Settings
) -> None:
    await world.plant(settings, NOW, SIZE, seed=3)
    too_close = await rows(
        db,
        "SELECT a.booking_id FROM occupied_nights a JOIN properties p ON p.id = a.property_id"
        " JOIN occupied_nights b ON b.property_id = a.property_id"
        " AND b.booking_id <> a.booking_id AND b.night - a.night BETWEEN 0 AND preparation_days",
    )
    assert not too_close
