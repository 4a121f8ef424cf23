"""What a suspended host has published: not found, not booked, and back with them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.actor import Actor, Role
from app.availability.edits import CalendarChange, edit_calendar
from app.availability.ical import imports
from app.bookings.placing import CreateBooking, Placed, place
from app.bookings.service import begin_acceptance
from app.config import Settings
from app.errors import Forbidden
from app.identity.errors import AccountSuspended
from app.ids import new_id
from app.money import Money
from app.payments.provider import RecipientDetails
from app.payouts.accounts import account_link
from app.payouts.recipients import set_recipient
from app.pricing.rules import Guests
from app.properties import lifecycle, service, suspension
from app.properties.errors import PropertyNotBookable
from app.properties.listing import Listing
from app.properties.terms import Fees
from app.search.filters import Filter
from app.search.pages import search
from app.search.sorts import Sort
from db.enums import PayoutAccountKind
from db.models import Booking, Property, User
from db.session import Database
from tests.properties.test_service import LISTING
from tests.support.postgres import until_blocked
from tests.support.world import add_booking, add_host, add_photo, add_property, add_staff, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CHECK_IN = date(2026, 7, 6)


@pytest.fixture(autouse=True)
def _clock_stands_still() -> object:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture
async def host(db: Database) -> UUID:
    return await add_host(db)


async def suspend(db: Database, host: UUID) -> None:
    support = await add_staff(db, Role.SUPPORT)
    await db.run(lambda session: suspension.suspend(session, support, host, "They asked.", NOW))


async def reinstate(db: Database, host: UUID) -> None:
    support = await add_staff(db, Role.SUPPORT)
    await db.run(lambda session: suspension.reinstate(session, support, host, "They asked.", NOW))


async def found(db: Database) -> set[UUID]:
    page = await search(
        db, Filter(), Sort.NEWEST, 50, None, NOW, Fees(guest_fee_bp=0, host_fee_bp=0)
    )
    return {edge.property.id for edge in page.edges}


async def states(db: Database) -> dict[UUID, str]:
    async with db.read() as connection:
        rows = await connection.execute(select(Property.id, Property.status))
        return {row.id: row.status for row in rows}


def stay(place_id: UUID, days: int = 0) -> CreateBooking:
    return CreateBooking(
        property_id=place_id,
        check_in=CHECK_IN + timedelta(days=days),
        check_out=CHECK_IN + timedelta(days=days + 2),
        guests=Guests(adults=2),
        # Two nights at 100.00 and 12 % service fee.
        expected_total=Money(224_00, "EUR"),
        idempotency_key=new_id().hex,
    )


async def book(db: Database, settings: Settings, guest: Actor, asked: CreateBooking) -> Placed:
    return await db.run(lambda session: place(session, guest, asked, settings))


async def test_places_go_and_come_back_with_their_host(
    db: Database, settings: Settings, host: UUID
) -> None:
    guest = Actor(user_id=await add_user(db))
    home, flat = await add_property(db, host), await add_property(db, host)
    others = {
        await add_property(db, host, status="DRAFT", published_at=None): "DRAFT",
        await add_property(db, host, status="UNPUBLISHED"): "UNPUBLISHED",
        await add_property(db, await add_host(db)): "PUBLISHED",
    }
    booked = await book(db, settings, guest, stay(home))
    before = await states(db)
    # Again changes nothing, and one reinstatement ends it.
    for _ in range(2):
        await suspend(db, host)
        assert await states(db) == {home: "SUSPENDED", flat: "SUSPENDED"} | others
    assert await found(db) & {home, flat} == set()
    for each in (home, flat):
        with pytest.raises(PropertyNotBookable):
            await book(db, settings, guest, stay(each, 5))
    async with db.read() as connection:
        kept = await connection.execute(select(Booking.id, Booking.status))
    assert kept.all() == [(booked.booking_id, "PENDING_PAYMENT")]
    await reinstate(db, host)
    assert await states(db) == before
    assert await found(db) >= {home, flat}
    assert (await book(db, settings, guest, stay(home, 5))).payment is not None


async def test_a_booking_that_waits_for_the_suspension_is_refused(
    db: Database, settings: Settings, host: UUID
) -> None:
    home, guest = await add_property(db, host), Actor(user_id=await add_user(db))
    support = await add_staff(db, Role.SUPPORT)
    async with db.transaction() as session:
        await suspension.suspend(session, support, host, "They asked.", NOW)
        later = asyncio.create_task(book(db, settings, guest, stay(home)))
        await until_blocked(db)
    with pytest.raises(PropertyNotBookable):
        await later


async def test_a_place_is_published_before_the_suspension_or_not_at_all(
    db: Database, host: UUID
) -> None:
    """Whichever has the host's row first: nothing of theirs is left open."""
    actor, support = Actor(user_id=host), await add_staff(db, Role.SUPPORT)
    places = [await db.run(lambda s: service.create_property(s, actor, LISTING, NOW))]
    await add_photo(db, places[0])
    places.append(await add_property(db, host, status="UNPUBLISHED"))
    async with db.transaction() as session:
        await lifecycle.publish_property(session, actor, places[0], NOW)
        later = asyncio.create_task(suspend(db, host))
        await until_blocked(db)
    await later
    assert (await states(db))[places[0]] == "SUSPENDED"
    await reinstate(db, host)
    async with db.transaction() as session:
        await suspension.suspend(session, support, host, "They asked.", NOW)
        publishing = asyncio.create_task(
            db.run(lambda s: lifecycle.publish_property(s, actor, places[1], NOW))
        )
        await until_blocked(db)
    with pytest.raises(AccountSuspended):
        await publishing
    assert "PUBLISHED" not in (await states(db)).values()


Edit = Callable[[AsyncSession, Actor, UUID], Awaitable[Any]]
TITLE = Listing(title="Another")
CLOSED = CalendarChange(start=CHECK_IN, end=CHECK_IN + timedelta(days=1), closed=True)
URL = "https://calendars.example/a.ics"
EDITS: dict[str, Edit] = {
    "create": lambda s, host, _: service.create_property(s, host, LISTING, NOW),
    "update": lambda s, host, home: service.update_property(s, host, home, TITLE, NOW),
    "publish": lambda s, host, home: lifecycle.publish_property(s, host, home, NOW),
    "unpublish": lambda s, host, home: lifecycle.unpublish_property(s, host, home, NOW),
    "calendar": lambda s, host, home: edit_calendar(s, host, home, [CLOSED], None, NOW),
    "feed": lambda s, host, home: imports.rotate_feed(s, host, home, NOW),
    "import": lambda s, host, home: imports.add(
        s, host, home, "Elsewhere", URL, "https://roost.example", NOW, private_networks=False
    ),
}


@pytest.mark.parametrize("edit", list(EDITS.values()), ids=list(EDITS))
async def test_the_tokens_that_are_left_change_nothing(
    db: Database, host: UUID, edit: Edit
) -> None:
    home = await add_property(db, host)
    await db.run(lambda session: edit(session, Actor(user_id=host), home))
    await suspend(db, host)
    with pytest.raises(AccountSuspended):
        await db.run(lambda session: edit(session, Actor(user_id=host), home))


async def test_nor_do_they_accept_or_move_payouts(
    db: Database, settings: Settings, host: UUID
) -> None:
    home = await add_property(db, host, instant_book=False)
    asked = await add_booking(
        db,
        home,
        await add_user(db),
        host,
        status="PENDING_HOST",
        check_in=CHECK_IN,
        deadline_at=NOW + timedelta(hours=1),
    )
    await suspend(db, host)
    actor = Actor(user_id=host)
    with pytest.raises(AccountSuspended):
        await db.run(lambda session: begin_acceptance(session, actor, asked, settings, NOW))
    with pytest.raises(AccountSuspended):
        await account_link(db, {}, host, return_url="https://a.example", refresh_url="")
    details = RecipientDetails(
        kind=PayoutAccountKind.MOBILE_MONEY,
        currency="GHS",
        name="Ada",
        account_number="0551234987",
        institution="MTN",
    )
    with pytest.raises(AccountSuspended):
        await set_recipient(db, {}, host, details)


async def test_a_place_that_is_suspended_is_not_published_by_its_host(
    db: Database, host: UUID
) -> None:
    """Whatever became of the account."""
    home = await add_property(db, host)
    await suspend(db, host)
    async with db.transaction() as session:
        await session.execute(update(User).values(suspended_at=None))
    with pytest.raises(Forbidden):
        await db.run(lambda s: lifecycle.publish_property(s, Actor(user_id=host), home, NOW))
