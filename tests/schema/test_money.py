"""Amounts in other currencies, as clients see them."""

from datetime import date
from decimal import Decimal

from app.actor import ANONYMOUS
from app.currencies import flows
from app.currencies.sources import DayRates
from tests.schema.face import Face, gid
from tests.schema.test_statements import cost
from tests.support.world import NOW, add_host, add_property

DAY = date(2026, 5, 29)
PRICES = """query ($id: ID!, $to: CurrencyCode!) { property(id: $id) {
  pricePerNight { amount converted(to: $to) { amount currency asOf } own: converted(to: "EUR") {
    amount asOf } }
  weekendPricePerNight { converted(to: "KWD") { amount } }
  availability(from: "2026-06-01", to: "2026-06-08") { price { converted(to: $to) { amount } } } } }
"""


async def know(face: Face, **rates: str) -> None:
    day = DayRates(DAY, {currency: Decimal(rate) for currency, rate in rates.items()})
    await face.db.run(lambda session: flows.store(session, day, "static", NOW))


async def test_prices_are_shown_in_another_currency_by_one_statement(face: Face) -> None:
    await know(face, JPY="163.45", KWD="0.3341")
    host = await add_host(face.db)
    place = await add_property(face.db, host, base_price_minor=99_99, weekend_price_minor=1)
    asked = {"id": gid("Property", place), "to": "JPY"}
    statements, data = await cost(face, PRICES, ANONYMOUS, **asked)
    price = data["property"]["pricePerNight"]
    # 16,343.3655 yen.
    assert price["converted"] == {"amount": 16_343, "currency": "JPY", "asOf": "2026-05-29"}
    assert price["own"] == {"amount": 99_99, "asOf": None}
    # 3.341 thousandths of a dinar.
    assert data["property"]["weekendPricePerNight"]["converted"] == {"amount": 3}
    nights = data["property"]["availability"]
    amounts = [night["price"]["converted"]["amount"] for night in nights]
    assert amounts == [16_343] * 4 + [2, 2, 16_343]
    # The property with its calendar, and the rates, which the process then remembers.
    assert statements <= 2
    assert (await cost(face, PRICES, ANONYMOUS, **asked))[0] == 1


async def test_without_a_rate_there_is_no_amount(face: Face) -> None:
    host = await add_host(face.db)
    place = await add_property(face.db, host)
    data = await face.ask(PRICES, id=gid("Property", place), to="USD")
    price = data["property"]["pricePerNight"]
    assert price == {"amount": 100_00, "converted": None, "own": {"amount": 100_00, "asOf": None}}


async def test_a_currency_is_one(face: Face) -> None:
    place = gid("Property", await add_property(face.db, await add_host(face.db)))
    for wrong in ('"XXW"', '"eur"', "7"):
        fee = f"cleaningFee {{ converted(to: {wrong}) {{ amount }} }}"
        result = await face.run(f'{{ property(id: "{place}") {{ {fee} }} }}')
        assert result.errors
