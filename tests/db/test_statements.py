"""Statements once: what they find, what they send, and how often they are built."""

import random
import string
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    Numeric,
    Select,
    SmallInteger,
    String,
    Text,
    Time,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.types import TypeEngine

from app.bookings.queries import BookingRow, bookings
from app.ids import new_id
from app.pricing.rules import line_items_from_builtins
from app.properties.queries import PropertyRow, properties
from db.enums import BookingStatus
from db.models import Booking, Property, User
from db.rows import ByKey, among
from db.session import Database
from db.statements import Statement, as_json, never_generic
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_user

HOSTILE = "'; DROP TABLE users; -- $1 %s :x \\ \" \u00e9\u4e2d\U0001f3e0"

VALUES: list[tuple[TypeEngine[Any], Any]] = [
    (Uuid(), UUID("02c21552-3404-4005-a655-17ab4724addb")),
    (ARRAY(Uuid), [UUID(int=1), UUID(int=2**128 - 1)]),
    (ARRAY(Uuid), []),
    (ARRAY(Text), ["a", HOSTILE, ""]),
    (ARRAY(Date), [date(2026, 2, 28), date(2028, 2, 29)]),
    (ARRAY(Text), [BookingStatus.CONFIRMED]),
    (Text(), HOSTILE),
    (Text(), ""),
    (Text(), BookingStatus.COMPLETED),
    (String(3), "EUR"),
    (CITEXT(), "Ada@Example.com"),
    (Boolean(), True),
    (Boolean(), False),
    (SmallInteger(), -32_768),
    (Integer(), 2**31 - 1),
    (BigInteger(), 2**63 - 1),
    (Double(), 38.711_812_345_678_9),
    (Numeric(30, 10), Decimal("12345678901234567890.0123456789")),
    (Date(), date(2026, 6, 1)),
    (Time(), time(15, 30, 0, 123_456)),
    (DateTime(timezone=True), datetime(2026, 3, 29, 1, 30, 0, 999_999, tzinfo=UTC)),
    (Interval(), timedelta(days=3, microseconds=1)),
]


def same(value: Any) -> Any:
    return value


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=str)
async def test_a_value_comes_back_as_through_sqlalchemy(
    db: Database, kind: TypeEngine[Any], value: Any
) -> None:
    """Given, as a constant and as None; on a connection of reads and in a session."""

    def build() -> Select[*tuple[Any, ...]]:
        given, missing = bindparam("given", type_=kind), bindparam("missing", type_=kind)
        return select(given, missing, literal(value, kind))

    statement = Statement(lambda *found: found, build)
    ((given, missing, constant),) = await statement.fetch(db, given=value, missing=None)
    async with db.transaction() as session:
        expected = (await session.execute(select(literal(value, kind)))).scalar_one()
        assert await statement.fetch(session, given=value, missing=None) == [(value, None, value)]
    assert missing is None
    assert given == constant == expected == value
    for found in (given, constant):
        assert isinstance(found, type(expected))
    if isinstance(value, UUID):
        assert isinstance(given, UUID)
    if isinstance(value, datetime):
        assert given.tzinfo is not None


class Line(msgspec.Struct, frozen=True):
    kind: str
    amount: int


async def test_json_becomes_what_was_asked_for(db: Database) -> None:
    lines = [{"kind": HOSTILE, "amount": 2**53}, {"kind": "", "amount": -1}]

    def build() -> Select[*tuple[Any, ...]]:
        json = literal(lines, JSONB)
        return select(
            as_json(json, tuple[Line, ...]),
            as_json(json, list[dict[str, Any]]),
            as_json(cast(literal(None, JSONB(none_as_null=True)), JSONB), Line),
        )

    statement = Statement(lambda *found: found, build)
    expected = (
        tuple(Line(HOSTILE, 2**53) if n == 0 else Line("", -1) for n in (0, 1)),
        lines,
        None,
    )
    assert await statement.fetch(db) == [expected]
    async with db.transaction() as session:
        assert await statement.fetch(session) == [expected]


async def test_rows_are_the_same_whoever_reads_them(db: Database) -> None:
    host = await add_host(db)
    key = await add_property(db, host, title=HOSTILE, amenities=["WIFI"], weekend_price_minor=None)
    booking = await add_booking(db, key, await add_user(db), host)
    shown, booked = (await properties(db, [key]))[key], (await bookings(db, [booking]))[booking]
    async with db.transaction() as session:
        assert (await properties(session, [key]))[key] == shown
        assert (await bookings(session, [booking]))[booking] == booked
        for model, row in ((Property, shown), (Booking, booked)):
            stored = (await session.execute(select(model.__table__))).mappings().one()
            fields = msgspec.structs.asdict(row)
            lines = fields.pop("line_items", ())
            assert lines == line_items_from_builtins(stored.get("line_items", ()))
            for name, value in fields.items():
                assert value == stored[name], name
                assert isinstance(value, type(stored[name])), name
    async with db.read() as connection:
        assert (await properties(connection, [key]))[key] == shown
    assert isinstance(shown, PropertyRow)
    assert isinstance(booked, BookingRow)


async def test_a_statement_is_built_and_prepared_once(database_url: str) -> None:
    built = 0

    def build() -> Select[*tuple[Any, ...]]:
        nonlocal built
        built += 1
        return select(User.id).where(among(User.id, "ids"), User.first_name != bindparam("name"))

    db = Database(database_url, pool_size=1)
    statement: Statement[UUID] = Statement(same, build)
    try:
        people = [await add_user(db) for _ in range(3)]
        for size in range(4):
            found = await statement.fetch(db, ids=people[:size], name="")
            assert sorted(found) == sorted(people[:size])
        async with db.transaction() as session:
            found = await statement.fetch(session, ids=people, name="")
            assert sorted(found) == sorted(people)
        prepared = await db.reads.fetch(
            "SELECT statement FROM pg_prepared_statements WHERE statement ~ $1", ("^SELECT users",)
        )
    finally:
        await db.close()
    assert built == 1
    assert [each[0] for each in prepared] == [statement.sql]


async def test_values_are_sent_beside_the_text(db: Database) -> None:
    statement: Statement[str] = Statement(
        same, lambda: select(bindparam("word", type_=Text)).where(literal("constant") != "")
    )
    alphabet, draw = string.printable + HOSTILE, random.Random(3)
    words = [HOSTILE, *("".join(draw.choices(alphabet, k=20)) for _ in range(50))]
    with counted(db) as sent:
        for word in words:
            assert await statement.fetch(db, word=word) == [word]
    assert set(sent) == {statement.sql}
    assert len(sent) == len(words)
    assert "constant" not in statement.sql


@pytest.mark.parametrize("values", [{}, {"ids": [], "more": 1}, {"id": []}])
async def test_parameters_must_be_what_was_written(db: Database, values: dict[str, Any]) -> None:
    statement: Statement[UUID] = Statement(
        same, lambda: select(User.id).where(among(User.id, "ids"))
    )
    with counted(db) as sent, pytest.raises(TypeError):
        await statement.fetch(db, **values)
    assert sent == []


async def test_a_text_that_would_change_with_its_values_is_refused(db: Database) -> None:
    keys: Sequence[UUID] = [new_id()]
    statement: Statement[UUID] = Statement(same, lambda: select(User.id).where(User.id.in_(keys)))
    with pytest.raises(TypeError, match="any_"):
        await statement.fetch(db)


async def test_a_union_of_selects(db: Database) -> None:
    number = bindparam("number", type_=Integer)
    statement: Statement[int] = Statement(
        same, lambda: union_all(select(number), select(number + 1), select(number))
    )
    assert sorted(await statement.fetch(db, number=1)) == [1, 1, 2]
    assert await statement.first(db, number=5) in (5, 6)


async def test_a_session_sees_its_own_writes_and_others_do_not(db: Database) -> None:
    key = await add_user(db)
    people = ByKey(User.id, Person)
    async with db.transaction() as session:
        await session.execute(text("UPDATE users SET first_name = 'Grace'"))
        assert (await people.one(session, [key]))[key].first_name == "Grace"
        assert (await people.one(db, [key]))[key].first_name == "Ada"
    assert (await people.one(db, [key, new_id()])) == {key: Person(key, "Grace")}


class Person(msgspec.Struct, frozen=True):
    id: UUID
    first_name: str


async def test_only_where_it_is_wanted_is_a_statement_planned_each_time(database_url: str) -> None:
    db = Database(database_url, pool_size=1)

    def counting(*guard: ColumnElement[bool]) -> Statement[int]:
        newer = User.id > bindparam("id")
        return Statement(same, lambda: select(func.count()).select_from(User).where(newer, *guard))

    some, always = counting(), counting(never_generic())
    try:
        for _ in range(10):
            for statement in (some, always):
                assert await statement.fetch(db, id=new_id()) == [0]
        plans = "SELECT statement, generic_plans FROM pg_prepared_statements"
        found = {each[0]: each[1] for each in await db.reads.fetch(plans, ())}
    finally:
        await db.close()
    assert found[some.sql] > 0
    assert found[always.sql] == 0
