"""What the tests of reconciliation share: walks, and what they have found."""

from datetime import timedelta

from sqlalchemy import select

from app import clock
from app.ledger import queries as ledger
from app.payments import holds
from app.reconciliation import flows
from db.models import Difference
from tests.support.money import Till

# What is done now is past every grace by then.
LATER = timedelta(hours=2)


async def reconcile(till: Till, later: timedelta = LATER) -> None:
    only = {till.provider.name: till.provider}
    await flows.reconcile(till.db, only, clock.now() + later)


async def differences(till: Till) -> list[Difference]:
    async with till.db.transaction() as session:
        found = await session.scalars(select(Difference).order_by(Difference.id))
        return list(found)


async def still_open(till: Till) -> list[tuple[str, int]]:
    return [
        (one.kind, one.theirs_minor - one.ours_minor)
        for one in await differences(till)
        if one.resolved_at is None
    ]


async def held(till: Till) -> bool:
    async with till.db.read() as connection:
        return await holds.payouts_are_held(connection, till.provider.name, till.currency)


async def assert_balanced(till: Till) -> None:
    """The ledger has what the provider says that it holds, to the minor unit."""
    held_there = await till.provider.balances()
    async with till.db.read() as connection:
        ours = await ledger.held_at(connection, till.provider.name)
        assert await ledger.verify(connection) == []
    assert {code: amount for code, amount in held_there.items() if amount} == {
        code: amount for code, amount in ours.items() if amount
    }
