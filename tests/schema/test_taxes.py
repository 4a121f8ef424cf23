"""Taxes over GraphQL: set by the host, shown, and part of the next price."""

from datetime import timedelta
from typing import Any

from app import clock
from tests.schema.face import Face, gid, person
from tests.support.world import add_host, add_property

SET = """mutation ($input: SetPropertyTaxesInput!) { setPropertyTaxes(input: $input) {
  __typename ... on Error { code } ... on InvalidInputError { field }
  ... on StaleVersionError { currentVersion }
  ... on SetPropertyTaxesSuccess { property { version taxes { name rateBasisPoints
    amountPerGuestNight { amount currency } maxNights longStaysExempt } } } } }"""
QUOTE = """query ($input: QuoteInput!) { quote(input: $input) { ... on Quote {
  lineItems { kind description amount { amount } } } } }"""


async def test_taxes_are_set_shown_and_charged(face: Face) -> None:
    host_id = await add_host(face.db)
    place, host = gid("Property", await add_property(face.db, host_id)), person(host_id)
    wanted: dict[str, Any] = {
        "propertyId": place,
        "expectedVersion": 1,
        "taxes": [
            {"name": "City tax", "amountPerGuestNight": 2_00, "maxNights": 1},
            {"name": "VAT", "rateBasisPoints": 613, "longStaysExempt": True},
        ],
    }
    done = (await face.ask(SET, host, input=wanted))["setPropertyTaxes"]
    assert done["property"] == {
        "version": 2,
        "taxes": [
            {
                "name": "City tax",
                "rateBasisPoints": None,
                "amountPerGuestNight": {"amount": 2_00, "currency": "EUR"},
                "maxNights": 1,
                "longStaysExempt": False,
            },
            {
                "name": "VAT",
                "rateBasisPoints": 613,
                "amountPerGuestNight": None,
                "maxNights": None,
                "longStaysExempt": True,
            },
        ],
    }
    first = clock.now().date() + timedelta(days=40)
    stay = {
        "propertyId": place,
        "checkIn": str(first),
        "checkOut": str(first + timedelta(days=2)),
        "guests": {"adults": 2},
    }
    lines = (await face.ask(QUOTE, input=stay))["quote"]["lineItems"]
    assert [(line["description"], line["amount"]["amount"]) for line in lines[-2:]] == [
        ("City tax", 4_00),
        ("VAT", 12_26),
    ]
    stale = (await face.ask(SET, host, input=wanted))["setPropertyTaxes"]
    assert (stale["code"], stale["currentVersion"]) == ("STALE_VERSION", 2)
    for wrong in ({"name": "A"}, {"name": "A", "rateBasisPoints": 1, "amountPerGuestNight": 1}):
        refused = await face.ask(SET, host, input={"propertyId": place, "taxes": [wrong]})
        assert refused["setPropertyTaxes"]["field"] == "taxes.0"
