"""Asleep, archived, copied and deleted: what a property goes through besides being published."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from app import clock
from app.actor import Actor, Role
from app.errors import Forbidden, Invalid, NotFound
from app.idempotency import IdempotencyConflict
from app.properties import lifecycle, rules, service, suspension
from app.properties.bookable import load_bookable
from app.properties.listing import Guide, HouseRules, Listing, Translation
from app.properties.terms import Fees
from db.models import (
    CalendarNight,
    CheckInGuide,
    OutboxMessage,
    Property,
    PropertyPhoto,
    PropertyTranslation,
)
from db.session import Database
from tests.support.world import add_booking, add_host, add_property, add_staff, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNTIL = date(2026, 6, 10)
FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)


@pytest.fixture
async def host(db: Database) -> Actor:
    return Actor(user_id=await add_host(db))


@pytest.fixture
async def place(db: Database, host: Actor) -> UUID:
    return await add_property(db, host.require_user(), published_at=NOW)


async def row_of(db: Database, property_id: UUID) -> Any:
    async with db.read() as connection:
        query = select(Property.__table__).where(Property.id == property_id)
        return (await connection.execute(query)).one_or_none()


async def count(db: Database, model: Any, property_id: UUID) -> int:
    async with db.read() as connection:
        found = await connection.execute(
            select(model.property_id).where(model.property_id == property_id)
        )
        return len(found.all())


async def do(db: Database, action: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return await db.run(lambda session: action(session, *args, **more))


async def snooze(db: Database, host: Actor, place: UUID, until: date = UNTIL) -> None:
    await do(db, lifecycle.snooze_property, host, place, until, NOW)


@pytest.mark.parametrize(
    ("timezone", "now", "status"),
    [
        ("Europe/Lisbon", datetime(2026, 6, 9, 22, 59, 59, tzinfo=UTC), "SNOOZED"),
        ("Europe/Lisbon", datetime(2026, 6, 9, 23, tzinfo=UTC), "PUBLISHED"),
        ("Pacific/Kiritimati", datetime(2026, 6, 9, 10, tzinfo=UTC), "PUBLISHED"),
        ("Pacific/Kiritimati", datetime(2026, 6, 9, 9, 59, 59, tzinfo=UTC), "SNOOZED"),
        ("Pacific/Pago_Pago", datetime(2026, 6, 10, 10, 59, 59, tzinfo=UTC), "SNOOZED"),
        ("Pacific/Pago_Pago", datetime(2026, 6, 10, 11, tzinfo=UTC), "PUBLISHED"),
    ],
)
def test_it_wakes_with_its_own_day(timezone: str, now: datetime, status: str) -> None:
    assert rules.status_now("SNOOZED", UNTIL, timezone, now) == status
    assert rules.status_now("UNPUBLISHED", None, timezone, now) == "UNPUBLISHED"


async def test_asleep_it_takes_no_bookings_and_keeps_those_that_it_has(
    db: Database, host: Actor, place: UUID
) -> None:
    booking = await add_booking(db, place, await add_user(db), host.require_user())
    await snooze(db, host, place)
    row = await row_of(db, place)
    assert (row.status, row.snoozed_until) == ("SNOOZED", UNTIL)
    for now, status in ((NOW, "SNOOZED"), (datetime(2026, 6, 10, tzinfo=UTC), "PUBLISHED")):
        clock.freeze(now)
        found = await load_bookable(db, [place], UNTIL, UNTIL + timedelta(days=2), FEES)
        assert found[place].status == status
    clock.freeze(None)
    assert booking is not None
    # Longer, then not at all.
    await snooze(db, host, place, UNTIL + timedelta(days=1))
    await do(db, lifecycle.publish_property, host, place, NOW)
    row = await row_of(db, place)
    assert (row.status, row.snoozed_until, row.published_at) == ("PUBLISHED", None, NOW)


async def test_what_cannot_be_snoozed(db: Database, host: Actor, place: UUID) -> None:
    for until in (NOW.date(), NOW.date() - timedelta(days=1), NOW.date() + timedelta(days=367)):
        with pytest.raises(Invalid) as refused:
            await snooze(db, host, place, until)
        assert refused.value.field == "until"
    await do(db, lifecycle.unpublish_property, host, place, NOW)
    with pytest.raises(Forbidden):
        await snooze(db, host, place)
    with pytest.raises(NotFound):
        await snooze(db, Actor(user_id=await add_host(db)), place)


async def test_the_sweep_goes_by_the_databases_clock(db: Database, host: Actor) -> None:
    today = datetime.now(UTC).date()
    places = [
        await add_property(
            db,
            host.require_user(),
            status="SNOOZED",
            snoozed_until=today + timedelta(days=days),
            published_at=NOW,
        )
        for days in (-1, 3)
    ]
    assert await do(db, lifecycle.wake_snoozed) == 1
    found = [await row_of(db, each) for each in places]
    assert [each.status for each in found] == ["PUBLISHED", "SNOOZED"]
    assert (found[0].snoozed_until, found[0].version) == (None, 2)


async def test_a_suspended_host_s_place_goes_on_sleeping(
    db: Database, host: Actor, place: UUID
) -> None:
    await snooze(db, host, place)
    staff = await add_staff(db, Role.ADMIN)
    await do(db, suspension.suspend, staff, host.require_user(), "They lie.", NOW)
    assert (await row_of(db, place)).status == "SUSPENDED"
    assert await do(db, lifecycle.wake_snoozed) == 0
    await do(db, suspension.reinstate, staff, host.require_user(), "They do not.", NOW)
    row = await row_of(db, place)
    assert (row.status, row.snoozed_until) == ("SNOOZED", UNTIL)


async def test_archived_it_can_come_back(db: Database, host: Actor, place: UUID) -> None:
    for _ in range(2):
        await do(db, lifecycle.archive_property, host, place, NOW)
    row = await row_of(db, place)
    assert (row.status, row.version) == ("ARCHIVED", 2)
    await do(db, lifecycle.publish_property, host, place, NOW)
    assert (await row_of(db, place)).status == "PUBLISHED"
    async with db.transaction() as session:
        await session.execute(update(Property).values(status="SUSPENDED"))
    with pytest.raises(Forbidden):
        await do(db, lifecycle.archive_property, host, place, NOW)


async def test_only_drafts_are_deleted_with_all_that_is_theirs(
    db: Database, host: Actor, place: UUID
) -> None:
    with pytest.raises(Forbidden):
        await do(db, lifecycle.delete_property, host, place)
    draft = await add_property(db, host.require_user(), status="DRAFT", published_at=None)
    with pytest.raises(NotFound):
        await do(db, lifecycle.delete_property, Actor(user_id=await add_host(db)), draft)
    photos = await count(db, PropertyPhoto, draft)
    await do(db, lifecycle.delete_property, host, draft)
    assert await row_of(db, draft) is None
    async with db.read() as connection:
        emitted = (await connection.execute(select(OutboxMessage.event))).scalars().all()
    assert list(emitted) == ["PhotoDeleted"] * photos
    with pytest.raises(NotFound):
        await do(db, lifecycle.delete_property, host, draft)


async def test_a_copy_says_the_same_and_has_nobody_s_stays(
    db: Database, host: Actor, place: UUID
) -> None:
    said = Listing(
        house_rules=HouseRules(smoking_allowed=True, quiet_from=time(22), quiet_to=time(7)),
        translations=(Translation(language="pt", title="Casa"),),
        guide=Guide(access_code="4711"),
    )
    await do(db, service.update_property, host, place, said, NOW)
    nights: list[dict[str, Any]] = [
        {"night": UNTIL, "price_minor": 90_00, "closed": True},
        {"night": UNTIL + timedelta(days=1), "price_minor": None, "closed": True},
    ]
    async with db.transaction() as session:
        for night in nights:
            await session.execute(insert(CalendarNight).values(property_id=place, **night))
        await session.execute(update(Property).values(review_count=2, rating_sum=9))
    await add_booking(db, place, await add_user(db), host.require_user())

    async def copy(of: UUID = place) -> UUID:
        found: UUID = await do(
            db, lifecycle.duplicate_property, host, of, NOW, idempotency_key="one"
        )
        return found

    first, second = await asyncio.gather(copy(), copy())
    assert first == second
    with pytest.raises(IdempotencyConflict):
        await copy(first)
    old, new = await row_of(db, place), await row_of(db, first)
    assert (new.status, new.published_at, new.version) == ("DRAFT", None, 1)
    assert (new.review_count, new.rating_sum) == (0, 0)
    for name in ("title", "smoking_allowed", "quiet_to", "latitude", "public_latitude", "address"):
        assert getattr(new, name) == getattr(old, name)
    for model in (PropertyPhoto, PropertyTranslation, CheckInGuide):
        assert await count(db, model, first) == await count(db, model, place)
    async with db.read() as connection:
        kept = await connection.execute(
            select(CalendarNight.night, CalendarNight.price_minor, CalendarNight.closed).where(
                CalendarNight.property_id == first
            )
        )
        assert kept.all() == [(UNTIL, 90_00, False)]
    # It can be published as it is.
    await do(db, lifecycle.publish_property, host, first, NOW)


@pytest.mark.parametrize(
    ("listing", "field"),
    [
        (Listing(language="xx"), "language"),
        (
            Listing(translations=(Translation(language="en", title="A"),)),
            "translations.language",
        ),
        (
            Listing(translations=(Translation(language="pt", title="A"),) * 2),
            "translations.language",
        ),
        (Listing(translations=(Translation(language="pt", title=""),)), "translations.title"),
        (Listing(guide=Guide(access_code="x" * 101)), "checkInGuide.accessCode"),
        (Listing(house_rules=HouseRules(quiet_from=time(22))), "houseRules.quietTo"),
        (
            Listing(house_rules=HouseRules(additional_rules="x" * 2_001)),
            "houseRules.additionalRules",
        ),
    ],
)
async def test_bad_words(db: Database, host: Actor, place: UUID, listing: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await do(db, service.update_property, host, place, listing, NOW)
    assert refused.value.field == field


async def test_a_translation_gives_way_to_the_place_s_own_language(
    db: Database, host: Actor, place: UUID
) -> None:
    words = Listing(translations=(Translation(language="pt", title="Casa"),))
    await do(db, service.update_property, host, place, words, NOW)
    await do(db, service.update_property, host, place, Listing(language="pt"), NOW)
    assert await count(db, PropertyTranslation, place) == 0
    assert (await row_of(db, place)).language == "pt"
