"""A host's edits of properties, and what bookings read of them."""

import asyncio
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from app import clock
from app.actor import ANONYMOUS, Actor
from app.errors import Forbidden, Invalid, NotFound, Unauthenticated
from app.idempotency import IdempotencyConflict
from app.ids import new_id
from app.properties import bookable, lifecycle, service
from app.properties.errors import HostRequired, PropertyIncomplete, PropertyNotBookable
from app.properties.listing import Listing, Location
from app.properties.terms import Fees, Guests, NightTerms, Tax
from db.enums import Amenity, CancellationPolicy, PropertyStatus, PropertyType, TaxKind
from db.models import CalendarNight, Property, PropertyTax
from db.session import Database
from tests.support.statements import counted
from tests.support.world import NOW, add_host, add_photo, add_property, add_user

FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)
LATER = NOW + timedelta(days=1)
LISTING = Listing(
    title=" Tiled flat in Alfama ",
    description="Two quiet rooms above the river.",
    type=PropertyType.APARTMENT,
    location=Location(
        city="Lisbon",
        country="PT",
        address="Rua dos Remédios 1",
        postal_code="1100-442",
        latitude=38.7118,
        longitude=-9.1272,
    ),
    timezone="Europe/Lisbon",
    currency="EUR",
    base_price_minor=100_00,
    max_guests=4,
    amenities=(Amenity.WIFI, Amenity.BALCONY),
)


def changed(listing: Listing, **changes: Any) -> Listing:
    return msgspec.structs.replace(listing, **changes)


@pytest.fixture
async def host(db: Database) -> Actor:
    return Actor(user_id=await add_host(db))


async def create(db: Database, actor: Actor, listing: Listing = LISTING, photos: int = 1) -> UUID:
    """A draft, and photos as if they had been sent."""
    property_id = await db.run(
        lambda session: service.create_property(session, actor, listing, NOW)
    )
    for position in range(photos):
        await add_photo(db, property_id, position=position)
    return property_id


async def edit(db: Database, actor: Actor, property_id: UUID, changes: Listing) -> None:
    await db.run(
        lambda session: service.update_property(session, actor, property_id, changes, LATER)
    )


async def publish(db: Database, actor: Actor, property_id: UUID) -> None:
    await db.run(lambda session: lifecycle.publish_property(session, actor, property_id, LATER))


async def unpublish(db: Database, actor: Actor, property_id: UUID) -> None:
    await db.run(lambda session: lifecycle.unpublish_property(session, actor, property_id, LATER))


async def row_of(db: Database, property_id: UUID) -> Any:
    async with db.read() as connection:
        query = select(Property.__table__).where(Property.id == property_id)
        return (await connection.execute(query)).one()


async def test_a_new_property_is_a_draft_with_a_blurred_point(db: Database, host: Actor) -> None:
    row = await row_of(db, await create(db, host))
    assert (row.status, row.published_at, row.version) == ("DRAFT", None, 1)
    assert (row.title, row.amenities) == ("Tiled flat in Alfama", ["BALCONY", "WIFI"])
    assert (row.check_in_time, row.check_out_time) == (time(15), time(11))
    assert (row.latitude, row.longitude) == (38.7118, -9.1272)
    assert (row.public_latitude, row.public_longitude) != (38.7118, -9.1272)
    assert abs(row.public_latitude - 38.7118) < 0.005


async def test_only_hosts_make_properties(db: Database) -> None:
    with pytest.raises(HostRequired):
        await create(db, Actor(user_id=await add_user(db)))
    with pytest.raises(Unauthenticated):
        await create(db, ANONYMOUS)


async def test_bad_listings_make_nothing(db: Database, host: Actor) -> None:
    for changes, field in (
        ({"base_price_minor": 0}, "pricePerNight"),
        ({"guests_included": 5}, "guestsIncluded"),
        ({"min_nights": 5, "max_nights": 4}, "minNights"),
        ({"timezone": "Europe/Nowhere"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        # An hour later than in Portugal.
        ({"timezone": "Europe/Madrid"}, "timezone"),
    ):
        with pytest.raises(Invalid) as refused:
            await create(db, host, changed(LISTING, **changes))
        assert refused.value.field == field
    async with db.read() as connection:
        assert (await connection.execute(select(Property.id))).all() == []


async def test_a_zone_that_postgresql_does_not_know_is_refused(
    db: Database, host: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    property_id = await create(db, host)
    monkeypatch.setattr("app.properties.places._find", lambda *point: "Mars/Olympus")
    with pytest.raises(Invalid) as refused:
        await create(db, host)
    assert refused.value.field == "location"
    assert isinstance(LISTING.location, Location)
    moved = msgspec.structs.replace(LISTING.location, latitude=38.5)
    with pytest.raises(Invalid):
        await edit(db, host, property_id, Listing(location=moved))
    # Whoever goes around the service: the table's check.
    with pytest.raises(DBAPIError):
        async with db.transaction() as session:
            await session.execute(update(Property).values(timezone="Mars/Olympus"))


async def test_an_edit_changes_what_it_names(db: Database, host: Actor) -> None:
    property_id = await create(db, host)
    before = await row_of(db, property_id)
    await edit(db, host, property_id, Listing(title="Blue flat", weekend_price_minor=150_00))
    after = await row_of(db, property_id)
    assert (after.title, after.weekend_price_minor, after.version) == ("Blue flat", 150_00, 2)
    assert after.updated_at == LATER
    assert (after.city, after.base_price_minor) == (before.city, before.base_price_minor)
    assert (after.public_latitude, after.public_longitude) == (
        before.public_latitude,
        before.public_longitude,
    )
    await edit(db, host, property_id, Listing(weekend_price_minor=None))
    assert (await row_of(db, property_id)).weekend_price_minor is None


async def test_the_public_point_follows_a_correction_by_the_same_way(
    db: Database, host: Actor
) -> None:
    property_id = await create(db, host)
    before = await row_of(db, property_id)
    assert isinstance(LISTING.location, Location)
    moved = msgspec.structs.replace(LISTING.location, latitude=38.7218)
    await edit(db, host, property_id, Listing(location=moved))
    after = await row_of(db, property_id)
    assert after.public_latitude == pytest.approx(before.public_latitude + 0.01, abs=0.0001)
    assert after.public_longitude == pytest.approx(before.public_longitude, abs=0.0001)


async def test_nobody_edits_what_is_not_theirs(db: Database, host: Actor) -> None:
    property_id = await create(db, host)
    stranger = Actor(user_id=await add_host(db))
    for actor, wanted in ((stranger, property_id), (host, new_id())):
        with pytest.raises(NotFound):
            await edit(db, actor, wanted, Listing(title="Mine now"))
        with pytest.raises(NotFound):
            await publish(db, actor, wanted)
        with pytest.raises(NotFound):
            await unpublish(db, actor, wanted)
    assert (await row_of(db, property_id)).title == "Tiled flat in Alfama"


async def test_publishing_needs_a_complete_property(db: Database, host: Actor) -> None:
    assert isinstance(LISTING.location, Location)
    bare = changed(
        LISTING,
        description="Short.",
        location=msgspec.structs.replace(LISTING.location, address=""),
    )
    property_id = await create(db, host, bare, photos=0)
    with pytest.raises(PropertyIncomplete) as refused:
        await publish(db, host, property_id)
    missing = [each.field for each in refused.value.missing]
    assert missing == ["location.address", "photos", "description"]
    await edit(
        db,
        host,
        property_id,
        Listing(description=LISTING.description, location=LISTING.location),
    )
    await add_photo(db, property_id)
    await publish(db, host, property_id)
    row = await row_of(db, property_id)
    assert (row.status, row.published_at) == ("PUBLISHED", LATER)
    # Complete it stays.
    with pytest.raises(Invalid) as invalid:
        await edit(db, host, property_id, Listing(description=""))
    assert invalid.value.field == "description"


async def test_a_draft_is_begun_with_nothing_and_filled_in(db: Database) -> None:
    host = Actor(user_id=await add_host(db, currency="JPY"))
    property_id = await create(db, host, Listing(), photos=0)
    row = await row_of(db, property_id)
    assert (row.title, row.type, row.latitude, row.timezone) == ("", None, None, None)
    assert (row.currency, row.base_price_minor, row.max_guests) == ("JPY", None, 2)
    with pytest.raises(PropertyIncomplete) as refused:
        await publish(db, host, property_id)
    fields = [each.field for each in refused.value.missing]
    assert fields == ["type", "location", "photos", "title", "description", "pricePerNight"]
    # Whoever goes around the service: the table's checks.
    with pytest.raises(DBAPIError):
        async with db.transaction() as session:
            await session.execute(update(Property).values(published_at=NOW, status="PUBLISHED"))
    await add_photo(db, property_id)
    for name in ("type", "location", "title", "description", "base_price_minor"):
        await edit(db, host, property_id, Listing(**{name: getattr(LISTING, name)}))
    row = await row_of(db, property_id)
    assert row.timezone == "Europe/Lisbon"
    assert abs(row.public_latitude - 38.7118) < 0.005
    await publish(db, host, property_id)


async def test_the_time_zone_goes_with_the_place(db: Database, host: Actor) -> None:
    property_id = await create(db, host)
    kyiv = Location(city="Kyiv", country="UA", latitude=50.45, longitude=30.52, address="1")
    # The name of before is as good as that of now.
    await edit(db, host, property_id, Listing(location=kyiv, timezone="Europe/Kiev"))
    assert (await row_of(db, property_id)).timezone == "Europe/Kyiv"
    with pytest.raises(Invalid) as refused:
        await edit(db, host, property_id, Listing(timezone="Europe/Lisbon"))
    assert refused.value.field == "timezone"


async def test_a_draft_made_twice_under_one_key_is_one(db: Database, host: Actor) -> None:
    async def begin(listing: Listing) -> UUID:
        return await db.run(
            lambda session: service.create_property(
                session, host, listing, NOW, idempotency_key="one"
            )
        )

    first, second = await asyncio.gather(begin(Listing()), begin(Listing()))
    assert first == second
    with pytest.raises(IdempotencyConflict):
        await begin(Listing(title="Another"))


async def test_publishing_twice_and_hiding_keep_the_first_date(db: Database, host: Actor) -> None:
    property_id = await add_property(db, host.require_user(), published_at=NOW)
    await publish(db, host, property_id)
    assert (await row_of(db, property_id)).version == 1
    await unpublish(db, host, property_id)
    await unpublish(db, host, property_id)
    row = await row_of(db, property_id)
    assert (row.status, row.version) == ("UNPUBLISHED", 2)
    await publish(db, host, property_id)
    row = await row_of(db, property_id)
    assert (row.status, row.published_at, row.version) == ("PUBLISHED", NOW, 3)


async def test_a_suspended_property_stays_so(db: Database, host: Actor) -> None:
    property_id = await add_property(db, host.require_user(), status="SUSPENDED")
    with pytest.raises(Forbidden):
        await publish(db, host, property_id)
    await unpublish(db, host, property_id)
    assert (await row_of(db, property_id)).status == "SUSPENDED"


async def test_the_currency_is_settled_by_publishing(db: Database, host: Actor) -> None:
    property_id = await create(db, host)
    await edit(db, host, property_id, Listing(currency="JPY"))
    await publish(db, host, property_id)
    await edit(db, host, property_id, Listing(currency="JPY"))
    with pytest.raises(Invalid) as refused:
        await edit(db, host, property_id, Listing(currency="EUR"))
    assert refused.value.field == "pricePerNight.currency"


async def test_edits_at_once_all_count(db: Database, host: Actor) -> None:
    property_id = await create(db, host)
    await asyncio.gather(
        *(edit(db, host, property_id, Listing(bedrooms=n)) for n in range(1, 9)),
        edit(db, host, property_id, Listing(beds=7)),
    )
    row = await row_of(db, property_id)
    assert (row.version, row.beds) == (10, 7)


async def test_a_bookable_property_carries_all_terms(db: Database, host: Actor) -> None:
    property_id = await add_property(
        db,
        host.require_user(),
        weekend_price_minor=150_00,
        preparation_days=2,
        check_in_time=time(16),
        cancellation_policy="FIRM",
        instant_book=False,
    )
    night = date(2026, 9, 2)
    async with db.transaction() as session:
        await session.execute(
            insert(PropertyTax).values(
                id=new_id(), property_id=property_id, name="VAT", kind="PERCENTAGE", rate_bp=600
            )
        )
        for offset, values in (
            (0, {"price_minor": 2**40}),
            (1, {"closed": True}),
            (2, {"min_nights": 3}),
        ):
            await session.execute(
                insert(CalendarNight).values(
                    property_id=property_id, night=night + timedelta(days=offset), **values
                )
            )
    async with db.transaction() as session:
        found = await service.lock_for_booking(
            session, property_id, night, night + timedelta(days=2), FEES
        )
    assert (found.id, found.host_id, found.status) == (
        property_id,
        host.user_id,
        PropertyStatus.PUBLISHED,
    )
    assert (found.instant_book, found.cancellation_policy) == (False, CancellationPolicy.FIRM)
    assert found.price.weekend_price_minor == 150_00
    assert found.price.taxes == (Tax(name="VAT", kind=TaxKind.PERCENTAGE, rate_bp=600),)
    assert (found.price.guest_fee_bp, found.price.host_fee_bp) == (1_200, 300)
    assert (found.stay.preparation_days, found.stay.check_in_time) == (2, time(16))
    # The night after the stay is not loaded.
    assert found.nights == {
        night: NightTerms(night=night, price_minor=2**40),
        night + timedelta(days=1): NightTerms(night=night + timedelta(days=1), closed=True),
    }
    assert found.night_prices == {night: 2**40}
    assert Guests(adults=1, children=2, infants=3).counted == 3


async def test_there_is_no_lock_on_what_is_not_there(db: Database) -> None:
    with pytest.raises(PropertyNotBookable):
        async with db.transaction() as session:
            await service.lock_for_booking(
                session, new_id(), date(2026, 9, 1), date(2026, 9, 2), FEES
            )


async def test_bookings_of_a_property_queue_up_and_see_what_was_committed(
    db: Database, host: Actor
) -> None:
    property_id = await add_property(db, host.require_user())
    stay = date(2026, 9, 1), date(2026, 9, 2)
    locked, waited = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with db.transaction() as session:
            await service.lock_for_booking(session, property_id, *stay, FEES)
            locked.set()
            await asyncio.sleep(0.2)
            assert not waited.is_set()
            await session.execute(
                insert(CalendarNight).values(
                    property_id=property_id, night=stay[0], price_minor=123
                )
            )
            await session.execute(update(Property).values(base_price_minor=456))

    async def second() -> None:
        await locked.wait()
        begun = clock.now()
        async with db.transaction() as session:
            found = await service.lock_for_booking(session, property_id, *stay, FEES)
            waited.set()
        assert found.night_prices == {stay[0]: 123}
        assert found.price.base_price_minor == 456
        # The clock was read when the lock had been won, not when it was asked for.
        assert found.now - begun > timedelta(seconds=0.1)

    await asyncio.gather(first(), second())


async def test_a_frozen_clock_goes_before_the_databases(db: Database, host: Actor) -> None:
    property_id = await add_property(db, host.require_user())
    clock.freeze(LATER)
    try:
        async with db.read() as connection:
            found = await bookable.load_bookable(
                connection, [property_id], date(2026, 9, 1), date(2026, 9, 2), FEES
            )
    finally:
        clock.freeze(None)
    assert found[property_id].now == LATER


async def test_many_properties_cost_one_statement(db: Database, host: Actor) -> None:
    ids = [await add_property(db, host.require_user()) for _ in range(5)]
    async with db.read() as connection:
        with counted(db) as statements:
            found = await bookable.load_bookable(
                connection, [*ids, new_id()], date(2026, 9, 1), date(2026, 9, 2), FEES
            )
    assert set(found) == set(ids)
    assert len(statements) == 1
