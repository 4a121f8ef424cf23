"""What the scalars take, and what they refuse."""

from datetime import date, datetime, time
from typing import Any

import pytest
from graphql import GraphQLError

from app.ids import new_id
from schema import ids
from schema.paging import decode_cursor, encode_cursor
from schema.scalars import (
    LARGEST,
    parse_currency,
    parse_date,
    parse_datetime,
    parse_minor_units,
    parse_time,
    serialize_time,
)
from tests.schema.face import Face


def test_good_values() -> None:
    assert parse_date("2026-07-14") == date(2026, 7, 14)
    assert parse_datetime("2026-07-14T15:00:00+02:00") == datetime.fromisoformat(
        "2026-07-14T13:00:00+00:00"
    )
    assert parse_time("15:00") == time(15)
    assert serialize_time(time(9, 5)) == "09:05"
    assert parse_currency("KWD") == "KWD"
    assert parse_minor_units(LARGEST) == LARGEST
    assert parse_minor_units(-LARGEST) == -LARGEST


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (parse_date, "2026-02-30"),
        (parse_date, "20260714"),
        (parse_date, "2026-W29-2"),
        (parse_date, "2026-07-14T00:00:00Z"),
        (parse_date, "２０２６-07-14"),
        (parse_date, 20260714),
        (parse_date, None),
        (parse_datetime, "2026-07-14T15:00:00"),
        (parse_datetime, "tomorrow"),
        (parse_datetime, 0),
        (parse_time, "24:00"),
        (parse_time, "3:00"),
        (parse_time, "15:00:00"),
        (parse_time, "15:00+02:00"),
        (parse_minor_units, 1.0),
        (parse_minor_units, "1"),
        (parse_minor_units, True),
        (parse_minor_units, LARGEST + 1),
        (parse_minor_units, None),
        (parse_currency, "eur"),
        (parse_currency, "XYZ"),
        (parse_currency, "EURO"),
        (parse_currency, 978),
    ],
)
def test_bad_values(parse: Any, value: object) -> None:
    with pytest.raises(GraphQLError, match=r"must|not"):
        parse(value)


def test_ids_come_back() -> None:
    key = new_id()
    assert ids.decode(ids.encode("Booking", key)) == ("Booking", key)
    assert ids.key_of("Booking", ids.encode("Booking", key)) == key
    assert ids.key_of("Property", ids.encode("Booking", key)) is None
    assert decode_cursor(encode_cursor(key)) == key


@pytest.mark.parametrize("text", ["", "x", "é", "=", "AAAA", "Qm9va2luZzo", "\ud800", "A" * 10_000])
def test_what_is_no_id(text: str) -> None:
    assert ids.decode(text) is None


def test_an_object_has_one_id() -> None:
    key = new_id()
    text = ids.encode("Booking", key)
    assert ids.decode(text + "=") is None
    assert ids.decode(text[:4] + "!" + text[4:]) is None


async def test_a_string_with_nul_is_refused_before_the_database(face: Face) -> None:
    query = "query ($t: String!) { searchProperties(filter: {text: $t}) { totalCount } }"
    assert await face.codes(query, t="a\x00b") == ["BAD_USER_INPUT"]
    literal = r'{ searchProperties(filter: {text: "a\u0000b"}) { totalCount } }'
    assert await face.codes(literal) == ["GRAPHQL_VALIDATION_FAILED"]


async def test_money_is_a_whole_json_number(face: Face) -> None:
    query = """query ($p: MinorUnits!) {
      searchProperties(filter: {minPrice: $p, currency: "EUR"}) { totalCount }
    }"""
    assert await face.ask(query, p=100) == {"searchProperties": {"totalCount": 0}}
    for wrong in (100.0, "100", True):
        assert await face.codes(query, p=wrong) == ["BAD_USER_INPUT"]
