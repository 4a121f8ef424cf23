"""Whose fee and which tax a posting is: told by the lines of the price that it comes from."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.ids import new_id
from app.ledger import rules, service
from app.ledger.rules import Shares, Tax, shares_of
from app.line_items import LineItem
from app.payments.rules import lost_shares, sum_of
from db.enums import LedgerAccountKind, LineItemKind, PaymentProvider, Side
from db.models import LedgerAccount, LedgerTax, Posting
from db.session import Database
from tests.support import world
from tests.support.money import line

PARTS = Shares(host_minor=241_00, platform_minor=44_00, tax_minor=15_00)
CITY, STATE = Tax("DE", "Berlin", "City tax"), Tax("DE", "Berlin", "State tax")
PRICE = (
    line(LineItemKind.NIGHTS, 250_00),
    line(LineItemKind.SERVICE_FEE, 35_00),
    line(LineItemKind.TAX, 10_00, "City tax"),
    line(LineItemKind.TAX, 5_00, "State tax"),
)


@pytest.mark.parametrize(
    ("lines", "guest_fee", "taxes"),
    [
        (PRICE, 35_00, {CITY: 10_00, STATE: 5_00}),
        # Two lines of one tax are one tax.
        ((*PRICE[2:], PRICE[2]), 0, {CITY: 20_00, STATE: 5_00}),
        (PRICE[:1], 0, {}),
        ((), None, {}),
    ],
)
def test_lines_tell_shares_apart(
    lines: tuple[LineItem, ...], guest_fee: int | None, taxes: dict[Tax, int]
) -> None:
    told = shares_of(lines, "DE", "Berlin", PARTS)
    assert (told.guest_fee_minor, told.taxes) == (guest_fee, taxes)
    assert told.total_minor == PARTS.total_minor


def told(entry: rules.Entry) -> dict[tuple[str, str | None], int]:
    """What an entry posts to revenue and taxes: by whose fee, by which tax."""
    ours = (LedgerAccountKind.PLATFORM_REVENUE, LedgerAccountKind.TAX_PAYABLE)
    return {
        (line.account, line.tax.name if line.tax else line.service_fee): line.amount_minor
        for line in entry.lines
        if line.account in ours
    }


def test_what_is_not_told_apart_is_posted_all_the_same() -> None:
    ids = (new_id(), new_id(), new_id(), PaymentProvider.STRIPE, "EUR")
    assert told(rules.capture(*ids, shares_of(PRICE[:3], "DE", "Berlin", PARTS))) == {
        ("PLATFORM_REVENUE", "GUEST"): -35_00,
        ("PLATFORM_REVENUE", "HOST"): -9_00,
        ("TAX_PAYABLE", "City tax"): -10_00,
        ("TAX_PAYABLE", None): -5_00,
    }
    assert told(rules.capture(*ids, PARTS)) == {
        ("PLATFORM_REVENUE", None): -44_00,
        ("TAX_PAYABLE", None): -15_00,
    }


minor = st.integers(0, 10_000)


@given(
    taken=st.lists(minor, min_size=1, max_size=4),
    back=st.floats(0, 1),
    host=minor,
    lost=st.integers(0, 50_000),
)
def test_a_loss_is_apportioned_to_the_taxes_that_are_left(
    taken: list[int], back: float, host: int, lost: int
) -> None:
    names = [Tax("PT", "", f"tax {number}") for number in range(len(taken))]

    def shares(amounts: list[int]) -> Shares:
        taxes = dict(zip(names, amounts, strict=True))
        tax = sum(amounts)
        return Shares(host_minor=host, platform_minor=100, tax_minor=tax, taxes=taxes)

    paid = shares(taken)
    refund = shares([int(each * back) for each in taken])
    given_back = sum_of([Shares(host_minor=0, platform_minor=0, tax_minor=0), refund])
    borne = lost_shares(paid, given_back, lost)
    assert sum(borne.taxes.values()) == borne.tax_minor
    for tax, amount in borne.taxes.items():
        assert 0 <= amount <= paid.taxes[tax] - given_back.taxes[tax]


async def test_the_books_know_them(db: Database) -> None:
    guest_id, host_id = await world.add_user(db), await world.add_host(db)
    booking_id = await world.add_booking(
        db, await world.add_property(db, host_id), guest_id, host_id
    )
    shares = shares_of(PRICE, "DE", "Berlin", PARTS)

    async def capture(payment_id: UUID) -> bool:
        stripe = PaymentProvider.STRIPE
        entry = rules.capture(payment_id, booking_id, host_id, stripe, "EUR", shares)
        async with db.transaction() as session:
            return await service.post(session, entry, world.NOW)

    # At once: neither waits for the other for ever, and each tax is noted once.
    assert all(await asyncio.gather(*(capture(new_id()) for _ in range(8))))
    async with db.read() as connection:
        taxes = await connection.execute(
            select(LedgerTax.name, func.sum(Posting.amount_minor))
            .join(Posting, Posting.tax_id == LedgerTax.id)
            .group_by(LedgerTax.id)
        )
        assert {name: int(amount) for name, amount in taxes} == {
            "City tax": -80_00,
            "State tax": -40_00,
        }
        fees = await connection.execute(
            select(Posting.service_fee, func.sum(Posting.amount_minor))
            .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
            .where(LedgerAccount.kind == LedgerAccountKind.PLATFORM_REVENUE)
            .group_by(Posting.service_fee)
        )
        assert {fee: int(amount) for fee, amount in fees} == {
            Side.GUEST: -280_00,
            Side.HOST: -72_00,
        }
