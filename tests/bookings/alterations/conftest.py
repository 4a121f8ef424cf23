"""A confirmed booking of two nights, 6 to 8 July, and what its sides do to alter it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, update

from app import clock
from app.actor import Actor
from app.bookings.alterations import flows, pricing, queries
from app.bookings.alterations.queries import AlterationRow
from app.bookings.alterations.rules import Altered, Change
from app.bookings.alterations.service import Accept, Propose
from app.config import Settings
from app.ids import new_id
from app.money import Money
from app.payments import flows as payment_flows
from app.runtime import open_runtime
from db.models import Booking, BookingChange, OccupiedNight, Payment, Property
from jobs import tasks
from tests.bookings.test_flows import CHECK_IN, Scene, confirmed
from tests.support.books import assert_books_balance
from tests.support.sandbox import Sandbox
from tests.support.world import add_host, add_property, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CHECK_OUT = CHECK_IN + 2 * DAY


class Stage(Scene, kw_only=True):
    """A scene with a confirmed booking."""

    booking: UUID

    async def preview(self, **change: Any) -> Altered:
        db = self.runtime.db
        wanted = Change(**change)
        return await pricing.preview(db, self.booking, self.listing, wanted, clock.now())

    async def propose(
        self,
        actor: Actor | None = None,
        *,
        total: int | None = None,
        key: str | None = None,
        **change: Any,
    ) -> UUID:
        """What a client does: shows the price, and sends what it showed."""
        if total is None:
            total = (await self.preview(**change)).quote.total_minor
        wanted = {"check_in": None, "check_out": None, "guests": None} | change
        command = Propose(
            booking_id=self.booking,
            expected_total=Money(total, "EUR"),
            idempotency_key=key or new_id().hex,
            **wanted,
        )
        runtime = self.runtime
        return await flows.propose(
            runtime.db, runtime.providers, runtime.settings, actor or self.guest, command
        )

    async def agree(
        self, alteration_id: UUID, actor: Actor | None = None, key: str | None = None
    ) -> None:
        alteration = await self.alteration(alteration_id)
        command = Accept(
            alteration_id=alteration_id,
            expected_total=alteration.total_price,
            idempotency_key=key or new_id().hex,
        )
        runtime = self.runtime
        await flows.accept(
            runtime.db, runtime.providers, runtime.settings, actor or self.host, command
        )

    async def decline(self, alteration_id: UUID, actor: Actor | None = None) -> None:
        await flows.decline(self.runtime.db, actor or self.host, alteration_id, "No.")

    async def withdraw(self, alteration_id: UUID, actor: Actor | None = None) -> None:
        await flows.withdraw(self.runtime.db, actor or self.guest, alteration_id)

    async def expire_due(self) -> None:
        await flows.expire_due(self.runtime.db, self.runtime.providers)

    async def pay_more(self, alteration_id: UUID, card: str = "pm_card_visa") -> None:
        """What the guest's browser does with the alteration's payment; nobody tells us."""
        payment = await self.payment_of(alteration_id)
        params: Any = {"payment_method": card, "client_secret": payment.client_secret}
        await self.sandbox.browser().v1.payment_intents.confirm_async(
            payment.provider_payment_id, params
        )

    async def hear_more(self, alteration_id: UUID) -> list[str]:
        """Ask the provider about the alteration's payment, and do everything that follows."""
        payment = await self.payment_of(alteration_id)
        await payment_flows.sync(self.runtime.db, self.runtime.providers, payment.id)
        return await self.drain()

    async def alteration(self, alteration_id: UUID) -> AlterationRow:
        return (await queries.alterations(self.runtime.db, [alteration_id]))[alteration_id]

    async def state(self, alteration_id: UUID) -> str:
        return (await self.alteration(alteration_id)).status

    async def payment_of(self, alteration_id: UUID) -> Any:
        table = Payment.__table__
        async with self.runtime.db.read() as connection:
            query = select(table).where(table.c.alteration_id == alteration_id)
            return (await connection.execute(query.order_by(table.c.attempt.desc()))).first()

    async def row(self) -> Any:
        table = Booking.__table__
        async with self.runtime.db.read() as connection:
            query = select(table).where(table.c.id == self.booking)
            return (await connection.execute(query)).one()

    async def stay(self) -> tuple[date, date, int]:
        row = await self.row()
        return row.check_in, row.check_out, row.total_minor

    async def taken(self) -> dict[date, str]:
        async with self.runtime.db.read() as connection:
            rows = await connection.execute(
                select(OccupiedNight.night, OccupiedNight.kind).order_by(OccupiedNight.night)
            )
            return {row.night: row.kind for row in rows}

    async def steps(self) -> list[tuple[int, str]]:
        """The states that alterations went through, with the booking's versions."""
        async with self.runtime.db.read() as connection:
            rows = await connection.execute(
                select(BookingChange.version, BookingChange.alteration_status)
                .where(
                    BookingChange.booking_id == self.booking,
                    BookingChange.alteration_id.is_not(None),
                )
                .order_by(BookingChange.version)
            )
            return [(version, str(status)) for version, status in rows]


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture
async def stage(settings: Settings, sandbox: Sandbox) -> AsyncIterator[Stage]:
    tasks.load()
    await sandbox.control.clear_faults()
    await sandbox.control.reset()
    settings = msgspec.structs.replace(settings, stripe_api_base=sandbox.base_url)
    async with open_runtime(settings) as runtime:
        host_id = await add_host(runtime.db)
        stage = Stage(
            runtime=runtime,
            sandbox=sandbox,
            listing=await add_property(runtime.db, host_id),
            host=Actor(user_id=host_id),
            guest=Actor(user_id=await add_user(runtime.db)),
            booking=new_id(),
        )
        stage.booking = await confirmed(stage)
        yield stage
        await stage.drain()
        await assert_books_balance(runtime.db, sandbox)


async def change_property(stage: Stage, **columns: Any) -> None:
    async with stage.runtime.db.transaction() as session:
        await session.execute(update(Property).values(**columns))
