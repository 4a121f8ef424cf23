"""What a host sees of prices before anybody books."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app import clock
from db.models import CalendarNight
from tests.schema.face import Face, gid, person
from tests.support.world import add_host, add_property, add_user

PREVIEW = """query ($id: ID!, $from: Date!, $to: Date!, $guests: GuestsInput) {
  property(id: $id) { pricePreview(from: $from, to: $to, guests: $guests) {
    nights { date source price { amount currency } }
    stays { checkOut nightCount total { amount } hostPayout { amount }
      lineItems { kind description amount { amount } } } } } }"""


async def test_a_host_sees_where_prices_and_discounts_come_from(face: Face) -> None:
    host_id = await add_host(face.db)
    first = clock.now().date() + timedelta(days=40)
    # A Thursday, so that the weekend follows.
    first += timedelta(days=(3 - first.weekday()) % 7)
    key = await add_property(
        face.db,
        host_id,
        weekend_price_minor=150_00,
        weekly_discount_bp=1_000,
        monthly_discount_bp=2_000,
        cleaning_fee_minor=30_00,
        guests_included=2,
        extra_guest_fee_minor=10_00,
        min_nights=2,
    )
    async with face.db.transaction() as session:
        await session.execute(
            insert(CalendarNight).values(
                property_id=key, night=first + timedelta(days=3), price_minor=80_00
            )
        )
    asked: dict[str, Any] = {
        "id": gid("Property", key),
        "from": str(first),
        "to": str(first + timedelta(days=4)),
        "guests": {"adults": 3},
    }
    found = (await face.ask(PREVIEW, person(host_id), **asked))["property"]["pricePreview"]
    assert [(night["source"], night["price"]["amount"]) for night in found["nights"]] == [
        ("BASE", 100_00),
        ("WEEKEND", 150_00),
        ("WEEKEND", 150_00),
        ("SET", 80_00),
    ]
    stays = {stay["nightCount"]: stay for stay in found["stays"]}
    assert list(stays) == [2, 4, 7, 28]
    # Two nights, two nights' third guest, cleaning: 300.00 less 3 %.
    assert stays[2]["hostPayout"] == {"amount": 291_00}
    assert stays[2]["total"] == {"amount": 336_00}
    assert stays[4]["checkOut"] == str(first + timedelta(days=4))
    discounts = {
        nights: [line["description"] for line in stay["lineItems"] if line["kind"] == "DISCOUNT"]
        for nights, stay in stays.items()
    }
    assert discounts == {
        2: [],
        4: [],
        7: ["Weekly discount (10 %)"],
        28: ["Monthly discount (20 %)"],
    }
    for other in (person(await add_user(face.db)), person(await add_host(face.db))):
        assert (await face.ask(PREVIEW, other, **asked))["property"]["pricePreview"] is None


async def test_ranges_and_guests_have_bounds(face: Face) -> None:
    host_id = await add_host(face.db)
    key, first = await add_property(face.db, host_id, max_nights=5), clock.now().date()
    asked: dict[str, Any] = {"id": gid("Property", key), "from": str(first)}
    for wrong in (
        {"to": str(first)},
        {"to": str(first + timedelta(days=367))},
        {"to": str(first + timedelta(days=1)), "guests": {"adults": 0}},
        {"from": "9999-12-01", "to": "9999-12-31"},
    ):
        assert await face.codes(PREVIEW, person(host_id), **asked | wrong) == ["BAD_USER_INPUT"]
    whole = asked | {"to": str(first + timedelta(days=366))}
    found = (await face.ask(PREVIEW, person(host_id), **whole))["property"]["pricePreview"]
    assert len(found["nights"]) == 366
    # A week is longer than the host accepts.
    assert [stay["nightCount"] for stay in found["stays"]] == [1]
