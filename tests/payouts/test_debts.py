"""What hosts owe and no stay of theirs will bring, as admins see it."""

from datetime import timedelta
from uuid import UUID

import pytest

from app import clock
from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Shares
from app.payouts.debts import DebtRow, debts
from db.enums import PaymentProvider
from db.session import Database
from tests.support.world import add_booking, add_host, add_property, add_user

DAY = timedelta(days=1)


class Books:
    """A host and their stays, of which only the books know."""

    def __init__(self, db: Database, host: UUID, home: UUID, guest: UUID) -> None:
        self.db, self.host, self.home, self.guest = db, host, home, guest
        self._stays = 0

    async def stay(self) -> UUID:
        self._stays += 1
        first = (clock.now() + 5 * self._stays * DAY).date()
        return await add_booking(self.db, self.home, self.guest, self.host, check_in=first)

    async def earn(self, minor: int, days_ago: int, currency: str = "EUR") -> UUID:
        booking = await self.stay()
        shares = Shares(host_minor=minor, platform_minor=0, tax_minor=0)
        whose = (new_id(), booking, self.host, PaymentProvider.STRIPE, currency)
        async with self.db.transaction() as session:
            at = clock.now() - days_ago * DAY
            await ledger.post(session, entries.capture(*whose, shares), at)
        return booking

    async def owe(self, minor: int, days_ago: int, currency: str = "EUR") -> UUID:
        booking = await self.stay()
        async with self.db.transaction() as session:
            at = clock.now() - days_ago * DAY
            fee = entries.cancellation_fee(booking, self.host, currency, minor)
            await ledger.post(session, fee, at)
        return booking

    async def shown(self, older_than: int = 30) -> list[DebtRow]:
        return await debts(self.db, clock.now() - older_than * DAY, 10)


@pytest.fixture
async def books(db: Database) -> Books:
    host = await add_host(db)
    return Books(db, host, await add_property(db, host), await add_user(db))


async def test_only_old_debts(books: Books) -> None:
    await books.owe(50_00, days_ago=29)
    assert await books.shown() == []
    assert [(row.host_id, row.amount_minor) for row in await books.shown(28)] == [
        (books.host, 50_00)
    ]


async def test_what_stays_bring_is_taken_off(books: Books) -> None:
    await books.owe(50_00, days_ago=40)
    await books.earn(30_00, days_ago=1)
    (row,) = await books.shown()
    assert row.amount_minor == 20_00
    assert clock.now() - row.since > 39 * DAY
    await books.earn(20_00, days_ago=1)
    assert await books.shown() == []


async def test_each_currency_by_itself(books: Books) -> None:
    await books.owe(50_00, days_ago=40)
    await books.owe(7, days_ago=50, currency="JPY")
    await books.earn(90_00, days_ago=1)
    (row,) = await books.shown()
    assert (row.currency, row.amount_minor) == ("JPY", 7)


async def test_the_oldest_first_and_no_more_than_asked_for(books: Books) -> None:
    await books.owe(1, days_ago=40)
    await books.owe(2, days_ago=60, currency="JPY")
    await books.owe(4, days_ago=50)
    assert [(row.currency, row.amount_minor) for row in await books.shown()] == [
        ("JPY", 2),
        ("EUR", 5),
    ]
    before = clock.now() - 30 * DAY
    assert len(await debts(books.db, before, 1)) == 1


async def test_what_was_let_off_is_no_debt(books: Books) -> None:
    booking = await books.owe(50_00, days_ago=40)
    async with books.db.transaction() as session:
        entry = entries.cancellation_fee_waived(booking, books.host, "EUR", 50_00)
        await ledger.post(session, entry, clock.now())
    assert await books.shown(0) == []
