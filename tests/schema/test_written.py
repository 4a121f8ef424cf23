"""What PostgreSQL writes of the response: to the letter what resolvers would have made of rows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type, is_leaf_type
from graphql import print_type as printed
from sqlalchemy import CheckConstraint, insert, update

from app import clock
from app.actor import ANONYMOUS, Actor
from app.bookings.queries import HISTORY
from app.identity.queries import GUEST
from app.payments.queries import PAYMENT
from app.properties.queries import PHOTOS, PROPERTY
from app.reviews.queries import REVIEW
from db.base import Base
from db.models import Booking, BookingChange, Payment, PropertyPhoto
from schema.context import Context
from schema.policies import FIELDS, Policy
from schema.transport.schema import Schema
from schema.written import EXACT
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_review, add_user

# All that JSON has an escape for, and what needs none.
ODD = "\"\\/\b\f\n\r\t\x01\x1f\x7f é 漢字 🏠 \u2028 \u202e</script> {'a': 1} %s $1 :x"
# Microseconds: none, some that end in zeros, and all six digits.
INSTANTS = [
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, 59, 120000, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, 0, 10, tzinfo=UTC),
]
# How to come from a booking to objects of each type.
PLACES = {
    "Booking": "%s",
    "Property": "property { %s }",
    "Photo": "property { photos { %s } }",
    "User": "guest { %s }",
    "Payment": "payment { %s }",
    "Review": "review { %s }",
    "BookingHistoryEntry": "history { %s }",
}


@pytest.fixture
async def guest(face: Face) -> Actor:
    """A guest whose bookings have everything or nothing, and oddly."""
    db = face.db
    guest = await add_user(db, first_name=ODD, bio=ODD, picture_url="/media/people/x-256.jpg")
    for place, instant in enumerate(INSTANTS):
        host = await add_host(db, picture_url=None if place else "https://elsewhere.example/p.jpg")
        draft = {"status": "DRAFT", "published_at": None, "type": None, "base_price_minor": None}
        nowhere = {"timezone": None, "latitude": None, "longitude": None} | {
            "public_latitude": None,
            "public_longitude": None,
        }
        more: dict[str, Any] = draft | nowhere if place == 0 else {"weekend_price_minor": 120_00}
        property_id = await add_property(
            db, host, title=ODD * (place % 2), created_at=instant, updated_at=instant, **more
        )
        ends = {"cancelled_by": "HOST", "cancelled_at": instant, "cancellation_reason": ODD}
        booking = await add_booking(
            db,
            property_id,
            guest,
            host,
            check_in=clock.now().date() + timedelta(days=place * 9),
            created_at=instant,
            confirmed_at=instant if place % 2 else None,
            message=ODD,
            **(ends | {"status": "CANCELLED"} if place == 3 else {}),
        )
        if place % 2:
            await add_rest(face, booking, property_id, guest, host, instant)
        async with db.transaction() as session:
            await session.execute(
                update(PropertyPhoto)
                .values(url="https://elsewhere.example/é.jpg" if place % 2 else "/media/p.jpg")
                .where(PropertyPhoto.property_id == property_id)
            )
    return person(guest)


async def add_rest(
    face: Face, booking: UUID, property_id: UUID, guest: UUID, host: UUID, instant: datetime
) -> None:
    await add_review(
        face.db, property_id, host, guest, booking_id=booking, comment=ODD, created_at=instant
    )
    async with face.db.transaction() as session:
        await session.execute(
            insert(Payment).values(
                id=booking,
                booking_id=booking,
                guest_id=guest,
                host_id=host,
                attempt=1,
                status="PAID",
                method="CARD",
                provider="STRIPE",
                provider_payment_id=f"pi_{booking.hex}",
                amount_minor=300_00,
                captured_minor=300_00,
                host_minor=291_00,
                platform_minor=9_00,
                tax_minor=0,
                manual_capture=False,
                currency="EUR",
                paid_at=instant,
            )
        )
        await session.execute(
            insert(BookingChange).values(
                booking_id=booking,
                version=2,
                status="COMPLETED",
                previous_status="CONFIRMED",
                actor="SYSTEM",
                reason=ODD,
                occurred_at=instant,
            )
        )


def fields(schema: Schema, type_name: str) -> Iterator[tuple[str, str]]:
    """All fields that need no arguments, by name, and what to ask of each."""
    type_ = schema._schema.get_type(type_name)
    assert isinstance(type_, GraphQLObjectType)
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if is_leaf_type(named):
            yield name, name
        elif named.name == "Money":
            yield name, f"{name} {{ currency sum: amount }}"
    yield "__typename", "__typename"


def trips(asked: str) -> str:
    return "{ viewer { bookings { edges { node { %s } } } } }" % asked  # noqa: UP031


async def is_written(face: Face, actor: Actor, asked: str) -> bool:
    context = Context(face.runtime, actor, takes_json=True)
    result = await face.schema.execute(trips(asked), context_value=context)
    data: Any = result.data
    nodes = [edge["node"] for edge in data["viewer"]["bookings"]["edges"]]
    return all(isinstance(node, msgspec.Raw) for node in nodes)


async def test_every_field(face: Face, guest: Actor) -> None:
    """Those that are written are what graphql-core makes of rows: `Face` compares."""
    for type_name, place in PLACES.items():
        written = {
            name: asked
            for name, asked in fields(face.schema, type_name)
            if await is_written(face, guest, place % asked)
        }
        assert len(written) > 3
        data = await face.ask(trips(place % " ".join(written.values())), guest)
        assert len(data["viewer"]["bookings"]["edges"]) == len(INSTANTS)
        # Whatever more depends on who looks is not known to PostgreSQL.
        who = {name: FIELDS[type_name][name] for name in written if name != "__typename"}
        assert set(who.values()) <= {Policy.OPEN, Policy.PARTIES}, who


WHOLE = """{ viewer { bookings { pageInfo { endCursor } edges { node {
  kind: __typename id number: version checkIn checkOut nights status createdAt confirmedAt
  message cancellationReason cancelledBy cancelledAt
  property { id title type location { city __typename } checkInTime createdAt
    price: pricePerNight { amount currency } weekendPricePerNight { __typename amount }
    cleaningFee { amount } photos { id url caption placeholder } wide: photos { width }
    host { firstName pictureUrl hostSince __typename } }
  guest { firstName bio pictureUrl(size: LARGE) }
  payment { status amount { amount } refundedAmount { amount } paidAt }
  review { rating comment createdAt author { firstName } }
  history { version at reason previousStatus } } } } } }"""


async def test_all_at_once(face: Face, guest: Actor) -> None:
    whole = await face.ask(WHOLE, guest)
    edges = whole["viewer"]["bookings"]["edges"]
    assert edges[0]["node"]["guest"]["firstName"] == ODD
    assert edges[-1]["node"]["property"]["location"] is None
    context = Context(face.runtime, guest, takes_json=True)
    with counted(face.db) as statements:
        result = await face.schema.execute(WHOLE, context_value=context)
    data: Any = result.data
    assert all(isinstance(e["node"], msgspec.Raw) for e in data["viewer"]["bookings"]["edges"])
    assert len(statements) == 1


NOT_WRITTEN = [
    # Cut off by PostgreSQL.
    f"{'a' * 64}: version {'a' * 63}b: id",
    # Different for who looks, here and further in.
    "hostPayout { amount }",
    "property { title location { address } }",
    "guest { email }",
    # Named otherwise than by what is stored.
    "property { id guest: host { pictureUrl(size: SMALL) } }",
    "property { photos { url(size: SMALL) } }",
    # Different with the time: a place may sleep until tomorrow.
    "property { status }",
    # A float.
    "property { averageRating }",
    # What asks for more.
    "totalPrice { converted(to: EUR) { amount } }",
    "property { reviews { totalCount } }",
]


async def test_what_is_not_written_is_right_too(face: Face, guest: Actor) -> None:
    for asked in NOT_WRITTEN:
        assert await face.ask(trips(asked), guest)
        assert not await is_written(face, guest, asked), asked


async def test_a_part_of_it_is_written(face: Face, guest: Actor) -> None:
    """Within what is not: photos of a place whose exact point only some may see."""
    found = await face.ask(trips("property { location { address } photos { url } }"), guest)
    assert found["viewer"]["bookings"]["edges"][0]["node"]["property"]["photos"][0]["url"]
    host = await add_host(face.db)
    place = await add_property(face.db, host)
    ask = """query ($id: ID!, $small: Boolean = false) { property(id: $id) {
      averageRating photos { url } host { firstName @skip(if: $small) pictureUrl } } }"""
    for small in (False, True):
        await face.ask(ask, ANONYMOUS, id=gid("Property", place), small=small)
    context = Context(face.runtime, ANONYMOUS, takes_json=True)
    result = await face.schema.execute(ask, {"id": gid("Property", place)}, context)
    data: Any = result.data
    assert isinstance(data["property"]["photos"], msgspec.Raw)
    assert isinstance(data["property"]["host"], msgspec.Raw)
    # Nothing of it for who cannot take it.
    context = Context(face.runtime, ANONYMOUS)
    result = await face.schema.execute(ask, {"id": gid("Property", place)}, context)
    assert result.data is not None
    assert result.data["property"]["photos"][0]["url"].endswith("/media/demo/1.svg")


MODELS: dict[str, type[Base]] = {
    "Booking": Booking,
    "BookingHistoryEntry": HISTORY.model,
    "Payment": PAYMENT.model,
    "Photo": PHOTOS.model,
    "Property": PROPERTY.model,
    "Review": REVIEW.model,
    "User": GUEST.model,
}


def test_columns_of_enums_hold_nothing_else(whole_schema: Schema) -> None:
    """PostgreSQL does not know the enum: that the column has no other value is its own check."""
    found = 0
    for type_name, model in MODELS.items():
        type_ = whole_schema._schema.get_type(type_name)
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            named = get_named_type(field.type)
            column = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
            if not isinstance(named, GraphQLEnumType) or column not in model.__table__.c:
                continue
            if "[" in str(field.type):
                continue
            texts = [
                str(each.sqltext)
                for each in model.metadata.tables[model.__tablename__].constraints
                if isinstance(each, CheckConstraint)
            ]
            (check,) = [text for text in texts if text.startswith(f"{column} IN (")]
            assert set(re.findall(r"'(\w+)'", check)) <= set(named.values), (type_name, name)
            found += 1
    assert found >= 9


def test_scalars_are_those_of_the_schema(whole_schema: Schema) -> None:
    for name in EXACT:
        assert printed(whole_schema._schema.type_map[name]), name
