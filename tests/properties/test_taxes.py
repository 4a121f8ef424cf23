"""Taxes that hosts name: all or nothing, in their order, and never those of a booking that is."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.properties.bookable import load_bookable
from app.properties.errors import StaleVersion
from app.properties.taxes import MAX_TAXES, checked, set_taxes, taxes_of
from app.properties.terms import Fees, Tax
from db.enums import TaxKind
from db.session import Database
from tests.support.world import NOW, add_host, add_property

VAT = Tax(name="VAT", kind=TaxKind.PERCENTAGE, rate_bp=613)
CITY = Tax(
    name="City tax",
    kind=TaxKind.PER_GUEST_NIGHT,
    amount_minor=2_00,
    max_nights=7,
    long_stays_exempt=True,
)


def changed(tax: Tax, **values: Any) -> Tax:
    return msgspec.structs.replace(tax, **values)


@pytest.mark.parametrize(
    ("taxes", "field"),
    [
        ([changed(VAT, name="  ")], "taxes.0.name"),
        ([changed(VAT, name="x" * 61)], "taxes.0.name"),
        ([VAT, CITY, changed(CITY, name=" VAT ")], "taxes.2.name"),
        ([changed(VAT, rate_bp=0)], "taxes.0.rateBasisPoints"),
        ([changed(VAT, rate_bp=10_001)], "taxes.0.rateBasisPoints"),
        ([VAT, changed(CITY, amount_minor=0)], "taxes.1.amountPerGuestNight"),
        ([VAT, changed(CITY, amount_minor=10**9 + 1)], "taxes.1.amountPerGuestNight"),
        ([VAT, changed(CITY, max_nights=0)], "taxes.1.maxNights"),
        ([VAT, changed(CITY, max_nights=366)], "taxes.1.maxNights"),
        ([changed(VAT, name=str(n)) for n in range(MAX_TAXES + 1)], "taxes"),
    ],
)
def test_what_is_refused(taxes: list[Tax], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(taxes)
    assert refused.value.field == field


async def put(
    db: Database, host: UUID, place: UUID, *taxes: Tax, version: int | None = None
) -> None:
    await db.run(
        lambda session: set_taxes(session, Actor(user_id=host), place, taxes, version, NOW)
    )


async def priced(db: Database, place: UUID) -> tuple[Tax, ...]:
    """What a price is made with."""
    fees = Fees(guest_fee_bp=0, host_fee_bp=0)
    return (await load_bookable(db, [place], NOW.date(), NOW.date(), fees))[place].price.taxes


async def test_prices_have_exactly_the_taxes_that_were_set_last(db: Database) -> None:
    host = await add_host(db)
    place = await add_property(db, host)
    await put(db, host, place, CITY, VAT)
    assert await priced(db, place) == (CITY, VAT)
    many = [changed(VAT, name=f"{n}") for n in range(MAX_TAXES)]
    await put(db, host, place, *many)
    assert await priced(db, place) == tuple(many)
    shown = (await taxes_of(db, [place]))[place]
    assert [(tax.name, tax.currency) for tax in shown] == [(tax.name, "EUR") for tax in many]
    await put(db, host, place)
    assert await priced(db, place) == ()


async def test_an_edit_of_what_was_changed_since_is_refused(db: Database) -> None:
    host, other = await add_host(db), await add_host(db)
    place = await add_property(db, host)
    await put(db, host, place, VAT, version=1)
    with pytest.raises(StaleVersion) as stale:
        await put(db, host, place, CITY, version=1)
    assert stale.value.current_version == 2
    with pytest.raises(NotFound):
        await put(db, other, place, CITY)
    assert await priced(db, place) == (VAT,)
