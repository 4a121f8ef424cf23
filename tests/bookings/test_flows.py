"""Bookings together with their payments, against the payment sandbox over HTTP.

Webhooks go nowhere here: what the provider did is found by asking, as the sweep does.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import stripe
from sqlalchemy import select, update

from app import clock
from app.actor import Actor
from app.bookings import expiry, flows, service
from app.bookings.errors import BookingNotFound, TransitionNotAllowed
from app.bookings.placing import CreateBooking
from app.bookings.quotes import quote_stay
from app.config import Settings
from app.ids import new_id
from app.money import Money
from app.payments import flows as payment_flows
from app.payments.errors import PaymentUnavailable
from app.pricing.rules import Guests
from app.properties.terms import fees_of
from app.reviews.service import create_review
from app.runtime import Runtime, open_runtime
from db.models import Booking, BookingChange, OccupiedNight, Payment, Property, Refund
from jobs import tasks
from tests.support.books import assert_books_balance
from tests.support.drain import drain
from tests.support.sandbox import Sandbox
from tests.support.world import add_host, add_property, add_user

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CHECK_IN = date(2026, 7, 6)
CHECK_IN_AT = datetime(2026, 7, 6, 14, tzinfo=UTC)
CHECK_OUT_AT = datetime(2026, 7, 8, 10, tzinfo=UTC)
TOTAL = 224_00
NO_MAIL = "notifications."


class Scene(msgspec.Struct, kw_only=True):
    """A property, its host and a guest, and the processes' neighbours."""

    runtime: Runtime
    sandbox: Sandbox
    listing: UUID
    host: Actor
    guest: Actor

    async def book(self, guest: Actor | None = None, key: str | None = None) -> UUID:
        command = CreateBooking(
            property_id=self.listing,
            check_in=CHECK_IN,
            check_out=CHECK_IN + timedelta(days=2),
            guests=Guests(adults=2),
            expected_total=Money(TOTAL, "EUR"),
            idempotency_key=key or new_id().hex,
        )
        runtime = self.runtime
        return await flows.create_booking(
            runtime.db, runtime.providers, runtime.settings, guest or self.guest, command
        )

    async def book_nights(self, check_in: date) -> UUID:
        """Hold another night, for somebody else."""
        runtime = self.runtime
        quote = await quote_stay(
            runtime.db,
            self.listing,
            check_in,
            check_in + timedelta(days=1),
            Guests(adults=1),
            clock.now(),
            fees_of(runtime.settings),
        )
        command = CreateBooking(
            property_id=self.listing,
            check_in=quote.check_in,
            check_out=quote.check_out,
            guests=quote.guests,
            expected_total=Money(quote.total_minor, quote.currency),
            idempotency_key=new_id().hex,
        )
        guest = Actor(user_id=await add_user(runtime.db))
        return await flows.create_booking(
            runtime.db, runtime.providers, runtime.settings, guest, command
        )

    async def pay(self, booking_id: UUID, card: str = "pm_card_visa") -> None:
        """What the guest's browser does; nobody tells us."""
        payment = await self.payment(booking_id)
        params: Any = {"payment_method": card, "client_secret": payment.client_secret}
        await self.sandbox.browser().v1.payment_intents.confirm_async(
            payment.provider_payment_id, params
        )

    async def hear(self, booking_id: UUID) -> list[str]:
        """Ask the provider, and do everything that follows."""
        payment = await self.payment(booking_id)
        await payment_flows.sync(self.runtime.db, self.runtime.providers, payment.id)
        return await self.drain()

    async def drain(self) -> list[str]:
        return await drain(self.runtime, skip=NO_MAIL)

    async def accept(self, booking_id: UUID, actor: Actor | None = None) -> None:
        runtime = self.runtime
        await flows.accept(
            runtime.db, runtime.providers, runtime.settings, actor or self.host, booking_id
        )

    async def cancel(self, booking_id: UUID, actor: Actor | None = None) -> int:
        refund = await flows.cancel(
            self.runtime.db, self.runtime.settings, actor or self.guest, booking_id, None
        )
        return refund.amount_minor

    async def payment(self, booking_id: UUID) -> Any:
        table = Payment.__table__
        async with self.runtime.db.read() as connection:
            query = select(table).where(table.c.booking_id == booking_id)
            return (await connection.execute(query.order_by(table.c.attempt.desc()))).first()

    async def status(self, booking_id: UUID) -> str:
        async with self.runtime.db.read() as connection:
            query = select(Booking.status).where(Booking.id == booking_id)
            return str(await connection.scalar(query))

    async def history(self, booking_id: UUID) -> list[tuple[int, str]]:
        async with self.runtime.db.read() as connection:
            rows = await connection.execute(
                select(BookingChange.version, BookingChange.status)
                .where(BookingChange.booking_id == booking_id)
                .order_by(BookingChange.version)
            )
            return [(version, status) for version, status in rows]

    async def nights(self) -> dict[str, int]:
        async with self.runtime.db.read() as connection:
            kinds = (await connection.execute(select(OccupiedNight.kind))).scalars().all()
        return {kind: kinds.count(kind) for kind in set(kinds)}

    async def refunds(self) -> list[tuple[str, int]]:
        async with self.runtime.db.read() as connection:
            rows = await connection.execute(select(Refund.status, Refund.amount_minor))
            return [(status, amount) for status, amount in rows]


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
async def scene(settings: Settings, sandbox: Sandbox) -> AsyncIterator[Scene]:
    tasks.load()
    await sandbox.control.clear_faults()
    await sandbox.control.reset()
    settings = msgspec.structs.replace(settings, stripe_api_base=sandbox.base_url)
    async with open_runtime(settings) as runtime:
        host_id = await add_host(runtime.db)
        scene = Scene(
            runtime=runtime,
            sandbox=sandbox,
            listing=await add_property(runtime.db, host_id),
            host=Actor(user_id=host_id),
            guest=Actor(user_id=await add_user(runtime.db)),
        )
        yield scene
        await scene.drain()
        await assert_books_balance(runtime.db, sandbox)


async def on_request(scene: Scene) -> None:
    async with scene.runtime.db.transaction() as session:
        await session.execute(update(Property).values(instant_book=False))


async def requested(scene: Scene) -> UUID:
    """A request whose money is authorised and that waits for the host."""
    await on_request(scene)
    booking_id = await scene.book()
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "PENDING_HOST"
    return booking_id


async def confirmed(scene: Scene) -> UUID:
    booking_id = await scene.book()
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"
    return booking_id


async def test_instant_book_is_confirmed_by_the_payment(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    assert (await scene.payment(booking_id)).status == "PAID"
    assert await scene.nights() == {"BOOKING": 2}
    assert await scene.history(booking_id) == [(1, "PENDING_PAYMENT"), (2, "CONFIRMED")]


async def test_a_declined_card_may_be_followed_by_another(scene: Scene) -> None:
    booking_id = await scene.book()
    with pytest.raises(stripe.CardError):
        await scene.pay(booking_id, "pm_card_chargeDeclined")
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "PENDING_PAYMENT"
    assert (await scene.payment(booking_id)).failure_code is not None
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"


async def test_the_same_request_a_hundred_times_opens_one_payment(scene: Scene) -> None:
    key = new_id().hex
    made = await asyncio.gather(*(scene.book(key=key) for _ in range(100)))
    assert len(set(made)) == 1
    assert len((await scene.sandbox.control.state())["payment_intents"]) == 1


async def test_when_the_provider_is_away_the_request_can_be_sent_again(scene: Scene) -> None:
    key = new_id().hex
    await scene.sandbox.control.fault(
        kind="error", status=500, method="POST", path="/v1/payment_intents", times=50
    )
    with pytest.raises(PaymentUnavailable) as unavailable:
        await scene.book(key=key)
    assert unavailable.value.retryable
    await scene.sandbox.control.clear_faults()
    booking_id = await scene.book(key=key)
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"


async def test_a_request_is_captured_when_the_host_accepts(scene: Scene) -> None:
    booking_id = await requested(scene)
    assert (await scene.payment(booking_id)).status == "AUTHORIZED"
    assert await scene.nights() == {"HOLD": 2}
    await scene.accept(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"
    assert (await scene.payment(booking_id)).status == "PAID"
    assert await scene.nights() == {"BOOKING": 2}
    # What the payment reports afterwards changes nothing.
    await scene.hear(booking_id)
    assert [status for _, status in await scene.history(booking_id)] == [
        "PENDING_PAYMENT",
        "PENDING_HOST",
        "CONFIRMED",
    ]


async def test_only_the_host_answers(scene: Scene) -> None:
    booking_id = await requested(scene)
    with pytest.raises(TransitionNotAllowed):
        await scene.accept(booking_id, scene.guest)
    stranger = Actor(user_id=await add_host(scene.runtime.db))
    with pytest.raises(BookingNotFound):
        await scene.accept(booking_id, stranger)
    with pytest.raises(BookingNotFound):
        await flows.decline(scene.runtime.db, stranger, booking_id, None)
    with pytest.raises(BookingNotFound):
        await scene.cancel(booking_id, stranger)
    assert await scene.status(booking_id) == "PENDING_HOST"


async def test_a_declined_request_takes_no_money_and_frees_the_nights(scene: Scene) -> None:
    booking_id = await requested(scene)
    await flows.decline(scene.runtime.db, scene.host, booking_id, "Renovating.")
    await scene.drain()
    assert await scene.status(booking_id) == "DECLINED"
    assert (await scene.payment(booking_id)).status == "CANCELLED"
    assert await scene.nights() == {}
    with pytest.raises(TransitionNotAllowed):
        await scene.accept(booking_id)


async def test_an_acceptance_whose_capture_went_unheard_is_finished_by_its_task(
    scene: Scene,
) -> None:
    booking_id = await requested(scene)
    path = "/v1/payment_intents/*/capture"
    await scene.sandbox.control.fault(kind="drop", method="POST", path=path, times=50)
    with pytest.raises(PaymentUnavailable):
        await scene.accept(booking_id)
    # Accepted, and captured without our knowing: nobody can pull it away meanwhile.
    for attempt in (scene.cancel(booking_id), scene.accept(booking_id)):
        with pytest.raises(TransitionNotAllowed):
            await attempt
    await scene.sandbox.control.clear_faults()
    await drain(scene.runtime, within=timedelta(minutes=2), skip=NO_MAIL)
    assert await scene.status(booking_id) == "CONFIRMED"


async def test_when_the_authorisation_is_lost_the_guest_pays_anew(scene: Scene) -> None:
    booking_id = await requested(scene)
    first = await scene.payment(booking_id)
    await scene.sandbox.client().v1.payment_intents.cancel_async(first.provider_payment_id)
    await scene.accept(booking_id)
    assert await scene.status(booking_id) == "PENDING_PAYMENT"
    second = await scene.payment(booking_id)
    assert (second.attempt, second.status) == (2, "PENDING")
    await scene.drain()
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"


async def test_a_yes_stands_when_the_authorisation_was_given_up_at_the_same_instant(
    scene: Scene,
) -> None:
    booking_id = await requested(scene)
    runtime = scene.runtime
    async with runtime.db.transaction() as session:
        await service.begin_acceptance(
            session, scene.host, booking_id, runtime.settings, clock.now()
        )
    # The timer had looked at the booking before that.
    await payment_flows.void(runtime.db, runtime.providers, (await scene.payment(booking_id)).id)
    await flows.finish_acceptance(runtime.db, runtime.providers, runtime.settings, booking_id)
    assert await scene.status(booking_id) == "PENDING_PAYMENT"
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"


async def test_an_unpaid_hold_expires_with_its_payment(scene: Scene) -> None:
    booking_id = await scene.book()
    clock.freeze(NOW + timedelta(minutes=15) - timedelta(seconds=1))
    await flows.expire_due(scene.runtime.db, scene.runtime.providers)
    assert await scene.status(booking_id) == "PENDING_PAYMENT"
    clock.freeze(NOW + timedelta(minutes=15))
    await flows.expire_due(scene.runtime.db, scene.runtime.providers)
    assert await scene.status(booking_id) == "EXPIRED"
    assert await scene.nights() == {}
    with pytest.raises(stripe.InvalidRequestError):
        await scene.pay(booking_id)


async def test_an_unanswered_request_expires_after_a_day(scene: Scene) -> None:
    booking_id = await requested(scene)
    clock.freeze(NOW + timedelta(hours=24))
    with pytest.raises(TransitionNotAllowed):
        await scene.accept(booking_id)
    await flows.expire_due(scene.runtime.db, scene.runtime.providers)
    await scene.drain()
    assert await scene.status(booking_id) == "EXPIRED"
    assert (await scene.payment(booking_id)).status == "CANCELLED"


async def test_paid_in_the_last_moment_wins_over_expiry(scene: Scene) -> None:
    booking_id = await scene.book()
    await scene.pay(booking_id)
    clock.freeze(NOW + timedelta(minutes=20))
    await flows.expire_due(scene.runtime.db, scene.runtime.providers)
    await scene.drain()
    assert await scene.status(booking_id) == "CONFIRMED"


async def pay_after_expiry(scene: Scene) -> UUID:
    """Another guest's attempt expires the hold; its payment succeeds before it is voided."""
    booking_id = await scene.book()
    clock.freeze(NOW + timedelta(minutes=16))
    rival = Actor(user_id=await add_user(scene.runtime.db))
    await scene.book(rival)
    assert await scene.status(booking_id) == "EXPIRED"
    await scene.pay(booking_id)
    return booking_id


async def test_paid_after_the_nights_went_to_another_is_refunded_in_full(scene: Scene) -> None:
    booking_id = await pay_after_expiry(scene)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "EXPIRED"
    assert await scene.refunds() == [("SUCCEEDED", TOTAL)]
    assert (await scene.payment(booking_id)).status == "REFUNDED"


async def test_paid_after_expiry_with_the_nights_still_free_is_confirmed(scene: Scene) -> None:
    booking_id = await scene.book()
    async with scene.runtime.db.transaction() as session:
        # Expired without the provider: as when another guest took the nights and gave them back.
        clock.freeze(NOW + timedelta(minutes=16))
        assert await expiry.expire(session, booking_id, clock.now())
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    assert await scene.status(booking_id) == "CONFIRMED"
    assert await scene.nights() == {"BOOKING": 2}
    assert await scene.refunds() == []


async def test_a_guests_cancellation_refunds_by_the_policy(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    # Flexible, 23 hours before check-in: one night is kept, and the service fee.
    clock.freeze(CHECK_IN_AT - timedelta(hours=23))
    assert await scene.cancel(booking_id) == 100_00
    await scene.drain()
    assert await scene.status(booking_id) == "CANCELLED"
    assert await scene.refunds() == [("SUCCEEDED", 100_00)]
    assert (await scene.payment(booking_id)).status == "PARTIALLY_REFUNDED"
    assert await scene.nights() == {}
    with pytest.raises(TransitionNotAllowed):
        await scene.cancel(booking_id)


async def test_a_hosts_cancellation_refunds_all_and_keeps_the_nights_blocked(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    clock.freeze(CHECK_IN_AT - timedelta(hours=1))
    assert await scene.cancel(booking_id, scene.host) == TOTAL
    await scene.drain()
    assert await scene.refunds() == [("SUCCEEDED", TOTAL)]
    assert await scene.nights() == {"BLOCK": 2}


async def test_who_leaves_early_gives_up_the_nights_that_have_not_begun(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    # The first night has begun: it is the booking's, and the next is refunded to nobody.
    clock.freeze(CHECK_IN_AT)
    assert await scene.cancel(booking_id) == 0
    await scene.drain()
    assert await scene.status(booking_id) == "CANCELLED"
    async with scene.runtime.db.read() as connection:
        kept = (await connection.scalars(select(OccupiedNight.night))).all()
    assert kept == [CHECK_IN]
    await scene.runtime.db.run(
        lambda session: create_review(session, scene.guest, booking_id, 4, "Short.", clock.now())
    )
    # Somebody else takes what was given up.
    await scene.book_nights(CHECK_IN + timedelta(days=1))
    assert await scene.nights() == {"BOOKING": 1, "HOLD": 1}


async def test_a_host_who_ends_a_stay_blocks_what_is_left_of_it(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    clock.freeze(CHECK_IN_AT + timedelta(hours=3))
    assert await scene.cancel(booking_id, scene.host) == TOTAL
    await scene.drain()
    assert await scene.nights() == {"BOOKING": 1, "BLOCK": 1}


async def test_a_request_for_tonight_that_is_taken_back_leaves_no_night(scene: Scene) -> None:
    await on_request(scene)
    clock.freeze(CHECK_IN_AT + timedelta(hours=3))
    booking_id = await scene.book()
    await scene.pay(booking_id)
    await scene.hear(booking_id)
    await scene.cancel(booking_id)
    await scene.drain()
    assert await scene.nights() == {}


async def test_money_that_comes_after_a_cancellation_goes_back(scene: Scene) -> None:
    booking_id = await scene.book()
    await scene.pay(booking_id)
    # Cancelled before we heard of the payment.
    await scene.cancel(booking_id)
    await scene.drain()
    assert await scene.status(booking_id) == "CANCELLED"
    assert await scene.refunds() == [("SUCCEEDED", TOTAL)]


async def test_a_stay_completes_at_check_out(scene: Scene) -> None:
    booking_id = await confirmed(scene)
    clock.freeze(CHECK_OUT_AT - timedelta(seconds=1))
    await flows.complete_due(scene.runtime.db)
    assert await scene.status(booking_id) == "CONFIRMED"
    clock.freeze(CHECK_OUT_AT)
    with pytest.raises(TransitionNotAllowed):
        await scene.cancel(booking_id)
    await flows.complete_due(scene.runtime.db)
    assert await scene.status(booking_id) == "COMPLETED"


async def test_accept_cancel_and_expiry_at_once_end_in_one_legal_state(scene: Scene) -> None:
    booking_id = await requested(scene)
    clock.freeze(NOW + timedelta(hours=24) - timedelta(seconds=1))
    outcomes = await asyncio.gather(
        scene.accept(booking_id),
        scene.cancel(booking_id),
        flows.expire_due(scene.runtime.db, scene.runtime.providers),
        flows.decline(scene.runtime.db, scene.host, booking_id, None),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert all(isinstance(outcome, TransitionNotAllowed) for outcome in refused)
    await scene.drain()
    status = await scene.status(booking_id)
    assert status in ("CONFIRMED", "CANCELLED", "DECLINED")
    versions = [version for version, _ in await scene.history(booking_id)]
    assert versions == list(range(1, len(versions) + 1))
