"""Codes on a real PostgreSQL: whose they are, how often they are used, and given back."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.actor import Actor, Role
from app.bookings import expiry, service, settling
from app.bookings.errors import PriceChanged
from app.bookings.placing import CreateBooking, place
from app.config import Settings
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.money import Money
from app.pricing.rules import Guests
from app.promotions import service as promotions
from app.promotions.errors import PromotionRefusal, PromotionRefused
from app.promotions.rules import Offer
from app.properties.errors import HostRequired
from db.enums import LineItemKind
from db.models import Booking, Payment, Promotion, StaffAction
from db.session import Database
from tests.support.postgres import until_blocked
from tests.support.world import NOW, add_host, add_property, add_staff, add_user

R = PromotionRefusal
CHECK_IN = date(2026, 7, 6)


@pytest.fixture(autouse=True)
def _clock_stands_still() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


class Market:
    """A host's place, codes for it, and guests who book it."""

    def __init__(self, db: Database, settings: Settings, host: UUID, home: UUID) -> None:
        self.db, self.settings, self.host, self.home = db, settings, Actor(user_id=host), home

    async def offer(self, code: str = "SUMMER", **offer: Any) -> UUID:
        offer = {"rate_bp": 1_000} | offer
        return await self.db.run(
            lambda session: promotions.create(session, self.host, Offer(code=code, **offer), NOW)
        )

    async def book(
        self,
        code: str | None = "SUMMER",
        *,
        guest: UUID | None = None,
        day: int = 0,
        total: int = 201_60,
        home: UUID | None = None,
    ) -> UUID:
        """Two nights at 100.00, 10 % off, and 12 % service fee."""
        start = CHECK_IN + timedelta(days=day)
        actor = Actor(user_id=guest or await add_user(self.db))
        command = CreateBooking(
            property_id=home or self.home,
            check_in=start,
            check_out=start + timedelta(days=2),
            guests=Guests(adults=2),
            expected_total=Money(total, "EUR"),
            idempotency_key=new_id().hex,
            promotion_code=code,
        )
        placed = await self.db.run(lambda session: place(session, actor, command, self.settings))
        return placed.booking_id

    async def homes(self, count: int) -> list[UUID]:
        """So many places: bookings of one wait for each other anyway."""
        return [await add_property(self.db, self.host.require_user()) for _ in range(count)]

    async def end(self, actor: Actor, promotion_id: UUID) -> None:
        await self.db.run(lambda session: promotions.end(session, actor, promotion_id, NOW))

    async def refused(self, code: str = "SUMMER", **more: Any) -> PromotionRefusal:
        with pytest.raises(PromotionRefused) as refused:
            await self.book(code, **more)
        return refused.value.refusal

    async def uses(self, code: str = "SUMMER") -> int:
        async with self.db.read() as connection:
            uses = await connection.scalar(select(Promotion.uses).where(Promotion.code == code))
        assert uses is not None
        return uses

    async def of(self, booking_id: UUID, *columns: Any) -> Any:
        async with self.db.read() as connection:
            return (
                await connection.execute(select(*columns).where(Booking.id == booking_id))
            ).one()


@pytest.fixture
async def market(db: Database, settings: Settings) -> Market:
    host = await add_host(db)
    return Market(db, settings, host, await add_property(db, host))


async def test_a_code_makes_the_booking_cheaper_and_is_counted(market: Market) -> None:
    promotion_id = await market.offer()
    booking_id = await market.book(" summer ")
    row = await market.of(
        booking_id,
        Booking.total_minor,
        Booking.host_payout_minor,
        Booking.promotion_minor,
        Booking.promotion_id,
        Booking.line_items,
    )
    # 180.00 and 12 %; the host gets 180.00 less 3 %.
    assert row[:4] == (201_60, 174_60, 0, promotion_id)
    assert row.line_items[1] == {
        "kind": LineItemKind.HOST_PROMOTION,
        "description": "Promotion SUMMER",
        "quantity": 1,
        "unit_minor": -20_00,
        "amount_minor": -20_00,
    }
    assert await market.uses() == 1


async def test_the_platforms_code_costs_the_host_nothing(market: Market) -> None:
    admin = await add_staff(market.db, Role.ADMIN)
    offer = Offer(code="WELCOME", amount_minor=100_00, currency="EUR")
    promotion_id = await market.db.run(
        lambda session: promotions.create_for_platform(session, admin, offer, "Spring.", NOW)
    )
    # 200.00 and 24.00, of which we pay 100.00: more than both our fees.
    booking_id = await market.book("WELCOME", total=124_00)
    row = await market.of(booking_id, Booking.host_payout_minor, Booking.promotion_minor)
    assert row == (194_00, 100_00)
    async with market.db.read() as connection:
        paid = (await connection.execute(select(Payment.__table__))).one()
        line = (await connection.execute(select(StaffAction.__table__))).one()
    assert (paid.amount_minor, paid.promotion_minor) == (124_00, 100_00)
    assert (paid.host_minor, paid.platform_minor, paid.tax_minor) == (194_00, 30_00, 0)
    assert (line.kind, line.object_id, line.reason) == (
        "PROMOTION_CREATED",
        promotion_id,
        "Spring.",
    )


async def test_another_total_than_the_codes_books_nothing(market: Market) -> None:
    await market.offer()
    with pytest.raises(PriceChanged) as changed:
        await market.book(total=224_00)
    assert changed.value.quote.total_minor == 201_60
    assert await market.uses() == 0


async def test_only_the_host_and_their_places(market: Market) -> None:
    other = await add_host(market.db)
    elsewhere = await add_property(market.db, market.host.require_user())
    others = Market(market.db, market.settings, other, await add_property(market.db, other))
    await market.offer("HERE", property_ids=(market.home,))
    await market.offer("THERE", property_ids=(elsewhere,))
    await market.offer("POUNDS", rate_bp=None, amount_minor=1, currency="GBP")
    await others.offer("THEIRS")
    assert await market.refused("THERE") is R.NOT_VALID
    assert await market.refused("POUNDS") is R.NOT_VALID
    # That there is such a code is told no more than that there is none.
    assert await market.refused("THEIRS") is R.NOT_VALID
    assert await market.refused("NOBODYS") is R.NOT_VALID
    assert await market.refused("?") is R.NOT_VALID
    await market.book("HERE")
    with pytest.raises(Invalid) as refused:
        await market.offer("STOLEN", property_ids=(others.home,))
    assert refused.value.field == "propertyIds"
    # Codes of different hosts do not meet; two of one host do.
    await others.offer("HERE")
    with pytest.raises(Invalid) as refused:
        await market.offer("here")
    assert refused.value.field == "code"


async def test_who_may_make_and_end_codes(market: Market) -> None:
    guest, support = (
        Actor(user_id=await add_user(market.db)),
        await add_staff(market.db, Role.SUPPORT),
    )
    admin, offer = await add_staff(market.db, Role.ADMIN), Offer(code="SUMMER", rate_bp=1_000)
    with pytest.raises(HostRequired):
        await market.db.run(lambda session: promotions.create(session, guest, offer, NOW))
    with pytest.raises(NotFound):
        await market.db.run(
            lambda session: promotions.create_for_platform(session, support, offer, "Why", NOW)
        )
    own = await market.offer()
    ours = await market.db.run(
        lambda session: promotions.create_for_platform(session, admin, offer, "Why", NOW)
    )
    for actor, promotion_id in ((guest, own), (admin, own), (market.host, ours)):
        with pytest.raises(NotFound):
            await market.end(actor, promotion_id)
    with pytest.raises(NotFound):
        await market.db.run(
            lambda session: promotions.end_for_platform(session, admin, own, "Why", NOW)
        )
    # The host's own goes before the platform's of the same name, also when it has ended.
    await market.end(market.host, own)
    assert await market.refused() is R.OVER
    await market.db.run(
        lambda session: promotions.end_for_platform(session, admin, ours, "Why", NOW)
    )


async def test_the_last_use_is_had_once(market: Market) -> None:
    """Eight want it at once, in places of their own."""
    await market.offer(max_uses=3)
    asked = [market.book(home=home) for home in await market.homes(8)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each.refusal for each in found if isinstance(each, PromotionRefused)]
    assert len([each for each in found if isinstance(each, UUID)]) == 3
    assert refused == [R.USED_UP] * 5
    assert await market.uses() == 3
    async with market.db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Booking)) == 3


async def test_a_guest_uses_it_once_however_many_they_try_at_once(market: Market) -> None:
    await market.offer(max_uses_per_guest=1)
    guest = await add_user(market.db)
    found = await asyncio.gather(
        *(market.book(guest=guest, home=home) for home in await market.homes(5)),
        return_exceptions=True,
    )
    refused = [each.refusal for each in found if isinstance(each, PromotionRefused)]
    assert refused == [R.USED_BY_GUEST] * 4
    assert await market.uses() == 1
    await market.book(day=30)
    assert await market.uses() == 2


async def test_ending_it_wins_over_who_has_looked_already(market: Market) -> None:
    promotion_id = await market.offer()
    async with market.db.transaction() as session:
        await session.execute(
            update(Promotion).where(Promotion.id == promotion_id).values(ended_at=NOW)
        )
        found = asyncio.ensure_future(market.refused())
        await until_blocked(market.db)
    assert await found is R.OVER


async def test_a_use_is_given_back_unless_the_booking_was_confirmed(market: Market) -> None:
    await market.offer(max_uses=1, max_uses_per_guest=1)
    guest = await add_user(market.db)
    later = NOW + timedelta(hours=1)
    expired = await market.book(guest=guest)
    assert await market.refused(day=9) is R.USED_UP
    await market.db.run(lambda session: expiry.expire(session, expired, later))
    assert await market.uses() == 0
    cancelled = await market.book(guest=guest, day=9)
    me = Actor(user_id=guest)
    await market.db.run(
        lambda session: service.cancel(session, me, cancelled, None, market.settings, NOW)
    )
    assert await market.uses() == 0
    # Twice is once.
    await market.db.run(lambda session: expiry.expire(session, expired, later))
    assert await market.uses() == 0
    confirmed = await market.book(guest=guest, day=20)
    async with market.db.read() as connection:
        payment_id = await connection.scalar(
            select(Payment.id).where(Payment.booking_id == confirmed)
        )
    assert payment_id is not None
    await market.db.run(
        lambda session: settling.succeeded(session, confirmed, payment_id, market.settings, NOW)
    )
    assert await market.uses() == 1


async def test_money_that_comes_late_uses_the_code_after_all(market: Market) -> None:
    await market.offer()
    booking_id = await market.book()
    later = NOW + timedelta(hours=1)
    await market.db.run(lambda session: expiry.expire(session, booking_id, later))
    assert await market.uses() == 0
    async with market.db.read() as connection:
        payment_id = await connection.scalar(select(Payment.id))
    assert payment_id is not None
    await market.db.run(
        lambda session: settling.succeeded(session, booking_id, payment_id, market.settings, later)
    )
    assert (await market.of(booking_id, Booking.status)).status == "CONFIRMED"
    assert await market.uses() == 1
