"""Stays that hosts cancel, on PostgreSQL: what they owe, once, and what is counted in public."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from app import clock
from app.actor import Actor, Role
from app.bookings import flows, host_cancellations
from app.bookings.errors import TransitionNotAllowed
from app.config import Settings
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.ledger import queries as ledger
from db.enums import LedgerAccountKind
from db.models import Booking, CoHost, StaffAction
from db.session import Database
from tests.support.world import add_booking, add_host, add_property, add_staff, add_user


class Stay:
    """A confirmed stay of 291.00 EUR for its host, and nothing of the guest's money."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings

    async def make(self, days: int = 40, **columns: Any) -> UUID:
        self.host, self.guest = await add_host(self.db), await add_user(self.db)
        home = await add_property(self.db, self.host)
        first = (clock.now() + timedelta(days=days)).date()
        confirmed = {"confirmed_at": clock.now() - timedelta(days=2), "check_in": first}
        return await add_booking(self.db, home, self.guest, self.host, **(confirmed | columns))

    async def cancel(self, booking_id: UUID, actor: Actor | None = None) -> None:
        me = actor or Actor(user_id=self.host)
        await flows.cancel(self.db, self.settings, me, booking_id, "A burst pipe.")

    async def owed(self) -> int:
        async with self.db.read() as connection:
            assert await ledger.verify(connection) == []
            kind = LedgerAccountKind.HOST_PAYABLE
            return -await ledger.balance(connection, kind, "EUR", self.host)

    async def count(self, after: timedelta = timedelta()) -> int:
        counts = await host_cancellations.counts(self.db, [self.host], clock.now() + after)
        return counts.get(self.host, 0)

    async def due(self, booking_id: UUID) -> Any:
        async with self.db.read() as connection:
            query = select(Booking.payout_due_at).where(Booking.id == booking_id)
            return await connection.scalar(query)


@pytest.fixture
def stay(db: Database, settings: Settings) -> Stay:
    return Stay(db, settings)


async def test_a_host_owes_a_fee_and_is_counted(stay: Stay) -> None:
    booking_id = await stay.make()
    await stay.cancel(booking_id)
    assert await stay.owed() == -50_00
    assert await stay.count() == 1
    # Released with the host's next money, though nothing of this stay was ever due.
    assert await stay.due(booking_id) is not None
    with pytest.raises(TransitionNotAllowed):
        await stay.cancel(booking_id)
    assert await stay.owed() == -50_00
    async with stay.db.read() as connection:
        revenue = await ledger.balance(connection, LedgerAccountKind.PLATFORM_REVENUE, "EUR")
    assert revenue == -50_00


async def test_counted_for_a_year(stay: Stay) -> None:
    await stay.cancel(await stay.make())
    assert await stay.count(timedelta(days=364, hours=23)) == 1
    assert await stay.count(timedelta(days=365, minutes=1)) == 0


@pytest.mark.parametrize("who", ["guest", "admin"])
async def test_nobody_elses_cancellation_costs_the_host(stay: Stay, who: str) -> None:
    booking_id = await stay.make()
    admin = await add_staff(stay.db, Role.ADMIN)
    await stay.cancel(booking_id, Actor(user_id=stay.guest) if who == "guest" else admin)
    assert (await stay.owed(), await stay.count()) == (0, 0)


async def test_a_withdrawn_request_costs_nothing(stay: Stay) -> None:
    booking_id = await stay.make(status="PENDING_HOST", confirmed_at=None)
    await stay.cancel(booking_id)
    assert (await stay.owed(), await stay.count()) == (0, 0)


async def waive(stay: Stay, booking_id: UUID, actor: Actor, reason: str = "A flood.") -> int:
    fee = await stay.db.run(
        lambda session: host_cancellations.waive(session, actor, booking_id, reason, clock.now())
    )
    return fee.amount


async def test_an_admin_lets_a_host_off_once(stay: Stay) -> None:
    booking_id = await stay.make()
    await stay.cancel(booking_id)
    admin = await add_staff(stay.db, Role.ADMIN)
    with pytest.raises(Invalid):
        await waive(stay, booking_id, admin, "")
    assert await stay.owed() == -50_00
    async with stay.db.transaction() as session:
        # It was netted from a payout meanwhile.
        await session.execute(update(Booking).values(payout_due_at=None))
    assert [await waive(stay, booking_id, admin) for _ in range(2)] == [50_00, 50_00]
    assert (await stay.owed(), await stay.count()) == (0, 0)
    assert await stay.due(booking_id) is not None
    async with stay.db.read() as connection:
        lines = await connection.execute(select(StaffAction.kind, StaffAction.subject_id))
        assert set(lines) == {("CANCELLATION_FEE_WAIVED", stay.host)}


async def test_only_admins_let_a_host_off(stay: Stay) -> None:
    booking_id = await stay.make()
    await stay.cancel(booking_id)
    for actor in (Actor(user_id=stay.host), await add_staff(stay.db, Role.SUPPORT)):
        with pytest.raises(NotFound):
            await waive(stay, booking_id, actor)
    assert (await stay.owed(), await stay.count()) == (-50_00, 1)


async def test_nothing_to_let_off(stay: Stay) -> None:
    booking_id = await stay.make()
    admin = await add_staff(stay.db, Role.ADMIN)
    with pytest.raises(NotFound):
        await waive(stay, booking_id, admin)
    await stay.cancel(booking_id, admin)
    with pytest.raises(NotFound):
        await waive(stay, booking_id, admin)


async def test_what_a_co_host_cancels_the_host_owes(stay: Stay) -> None:
    booking_id = await stay.make()
    helper = await add_user(stay.db)
    async with stay.db.transaction() as session:
        place = await session.scalar(select(Booking.property_id))
        row = {"id": new_id(), "property_id": place, "user_id": helper, "rights": ["ALL"]}
        await session.execute(insert(CoHost).values(row | {"accepted_at": clock.now()}))
    await stay.cancel(booking_id, Actor(user_id=helper))
    assert (await stay.owed(), await stay.count()) == (-50_00, 1)
