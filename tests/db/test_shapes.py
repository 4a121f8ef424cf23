"""Shapes: a part of a row and what belongs to it, the same values as when it is read whole."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import delete, insert

from app.bookings.queries import HISTORY, BookingRow, bookings, history_of
from app.identity.queries import GUEST, HOST, UserRow, users
from app.ids import new_id
from app.payments.queries import PAYMENT, PaymentRow, latest_of
from app.properties.queries import (
    PHOTOS,
    PROPERTIES_OF_HOST,
    PROPERTY,
    PhotoRow,
    PropertyRow,
    photos_of,
    properties,
)
from app.reviews.queries import REVIEW, ReviewRow
from db import rows, shapes
from db.models import Payment, PropertyPhoto
from db.rows import Slice
from db.session import Database
from db.shapes import Related, Shape, fields_of, shape, whole
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_user

KEY = frozenset(["id"])


def all_of(row: type[msgspec.Struct], *related: tuple[Related, Shape[Any]]) -> Shape[Any]:
    return shape(row, frozenset(row.__struct_fields__), related)


def values(row: Any, like: type[msgspec.Struct]) -> list[Any]:
    return [getattr(row, name) for name in like.__struct_fields__]


async def add_payment(
    db: Database, booking_id: UUID, guest_id: UUID, host_id: UUID, attempt: int
) -> None:
    async with db.transaction() as session:
        await session.execute(
            insert(Payment).values(
                id=new_id(),
                booking_id=booking_id,
                guest_id=guest_id,
                host_id=host_id,
                attempt=attempt,
                status="FAILED" if attempt == 1 else "PENDING",
                method="CARD",
                provider="STRIPE",
                provider_payment_id=f"pi_{booking_id.hex}_{attempt}",
                amount_minor=300_00,
                host_minor=291_00,
                platform_minor=9_00,
                tax_minor=0,
                manual_capture=False,
                currency="EUR",
            )
        )


async def test_what_belongs_to_a_row_is_what_would_be_read_of_it(db: Database) -> None:
    host, guest = await add_host(db), await add_user(db)
    place = await add_property(db, host, check_in_time=time(15, 30), latitude=38.0, longitude=-9.1)
    booking = await add_booking(db, place, guest, host)
    for attempt in (1, 2):
        await add_payment(db, booking, guest, host, attempt)
    like = all_of(
        BookingRow,
        (PROPERTY, all_of(PropertyRow, (PHOTOS, all_of(PhotoRow)), (HOST, all_of(UserRow)))),
        (GUEST, all_of(UserRow)),
        (PAYMENT, all_of(PaymentRow)),
        (HISTORY, all_of(HISTORY.row)),
        (REVIEW, all_of(ReviewRow)),
    )
    with counted(db) as statements:
        (found,) = (await bookings(db, [booking], like)).values()
    assert len(statements) == 1
    read: Any = found
    alone: dict[type[msgspec.Struct], Any] = {
        BookingRow: ((await bookings(db, [booking]))[booking], read),
        PropertyRow: ((await properties(db, [place]))[place], read.its_property),
        UserRow: ((await users(db, [guest]))[guest], read.its_guest),
        PaymentRow: ((await latest_of(db, [booking]))[booking], read.its_payment),
        PhotoRow: ((await photos_of(db, [place]))[place][0], read.its_property.its_photos[0]),
        HISTORY.row: ((await history_of(db, [booking]))[booking][0], read.its_history[0]),
    }
    for row, (expected, attached) in alone.items():
        assert values(attached, row) == values(expected, row), row
        # To the letter: an instant also has an offset.
        assert repr(values(attached, row)) == repr(values(expected, row)).replace(
            "asyncpg.pgproto.pgproto.", ""
        )
    assert read.its_property.its_host.id == host
    assert read.its_review is None


async def test_what_is_not_there(db: Database) -> None:
    host, guest = await add_host(db), await add_user(db)
    place = await add_property(db, host)
    async with db.transaction() as session:
        await session.execute(delete(PropertyPhoto).where(PropertyPhoto.property_id == place))
    booking = await add_booking(db, place, guest, host)
    like = shape(
        BookingRow,
        KEY,
        ((PAYMENT, shape(PaymentRow, KEY)), (HISTORY, shape(HISTORY.row, frozenset(["version"])))),
    )
    found: Any = (await bookings(db, [booking], like))[booking]
    assert found.its_payment is None
    bare = shape(PropertyRow, KEY, ((PHOTOS, shape(PhotoRow, KEY)),))
    read: Any = (await properties(db, [place], bare))[place]
    assert read.its_photos == []


async def test_what_was_not_read_is_missed(db: Database) -> None:
    place = await add_property(db, await add_host(db))
    found = (await properties(db, [place], shape(PropertyRow, KEY | {"currency"})))[place]
    assert found.currency == "EUR"
    assert whole(type(found)) is PropertyRow
    for name in ("title", "status", "price_per_night", "average_rating", "its_host"):
        with pytest.raises(AttributeError):
            getattr(found, name)
    full = shape(PropertyRow, KEY | fields_of(PropertyRow, "price_per_night"))
    price = (await properties(db, [place], full))[place].price_per_night
    assert price is not None
    assert (price.amount, price.currency) == (10_000, "EUR")


@pytest.mark.parametrize("row", [PropertyRow, BookingRow, PaymentRow, UserRow])
def test_derived_values_are_made_of_what_their_code_names(row: type[msgspec.Struct]) -> None:
    """With no other fields than these, each can be worked out as of the whole row."""
    examples: dict[Any, Any] = {
        int: 3,
        str: "PENDING_PAYMENT",
        date: date(2027, 1, 1),
        float: 1.0,
        datetime: datetime(2027, 1, 1, tzinfo=UTC),
    }
    derived = [name for name, value in vars(row).items() if isinstance(value, property)]
    filled = {
        field.name: next((examples[kind] for kind in examples if kind is field.type), 250)
        for field in structs.fields(row)
    }
    for name in derived:
        fields = fields_of(row, name)
        read = [filled[each] for each in row.__struct_fields__ if each in fields]
        part: Any = shape(row, fields).row(*read)
        assert getattr(part, name) == getattr(row(**filled), name)
    assert fields_of(row, "id") == KEY
    with pytest.raises(AttributeError):
        fields_of(row, "nothing_of_it")


async def test_pages_in_a_shape(db: Database) -> None:
    hosts = [await add_host(db) for _ in range(2)]
    for host in hosts:
        for _ in range(3):
            await add_property(db, host)
    like = shape(PropertyRow, frozenset(["id", "host_id"]), ((PHOTOS, shape(PhotoRow, KEY)),))
    full = await rows.pages(db, PROPERTIES_OF_HOST, hosts, Slice(2))
    part = await rows.pages(db, PROPERTIES_OF_HOST, hosts, Slice(2), like)
    assert {host: [row.id for row in page] for host, page in part.items()} == {
        host: [row.id for row in page] for host, page in full.items()
    }
    assert all(row.its_photos for page in part.values() for row in page)


def test_equal_shapes_are_one_and_no_more_are_kept_than_fit() -> None:
    assert shape(PropertyRow, KEY) is shape(PropertyRow, frozenset(["id"]))
    of_photos = shape(PhotoRow, KEY)
    assert shape(PropertyRow, KEY, ((PHOTOS, of_photos),)) is shape(
        PropertyRow, KEY, ((PHOTOS, of_photos),)
    )
    names = PropertyRow.__struct_fields__
    for number in range(shapes.MOST_SHAPES + 100):
        fields = frozenset(name for place, name in enumerate(names) if number >> place & 1)
        rows._page(PROPERTIES_OF_HOST, False, False, shape(PropertyRow, fields))
    assert shape.cache_info().currsize == shapes.MOST_SHAPES
    assert rows._page.cache_info().currsize <= rows.STATEMENTS
