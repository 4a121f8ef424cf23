"""The process is killed at every step of every story in turn, and nothing doubles or gets lost.

The steps are not listed anywhere: a story is told again and again, killed one commit or one answer
of a provider later each time, until it lives to its end.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from app import clock
from app.actor import Actor
from app.bookings import flows
from app.bookings.errors import TransitionNotAllowed
from app.bookings.placing import CreateBooking
from app.bookings.quotes import quote_stay
from app.ids import new_id
from app.money import Money
from app.pricing.rules import Guests
from app.properties.terms import fees_of
from db.enums import PaymentMethod, PaymentProvider
from db.models import BookingChange, Payment, Payout, PayoutItem, Refund
from tests.lifecycle import checks, people
from tests.lifecycle.stage import Stage
from tests.support.mortal import Killed
from tests.support.world import add_host, add_user

# No story is told in fewer steps than a commit, a provider's answer, and another commit.
LEAST = 3


class Scene:
    """A place, its host, a guest, and one booking: nobody else's stories touch them."""

    def __init__(self, stage: Stage, place: Any, guest: Actor, command: CreateBooking) -> None:
        self.stage = stage
        self.place = place
        self.guest = guest
        self.host = Actor(user_id=place.host)
        self.command = command
        self.booking_id: UUID | None = None

    async def book(self) -> None:
        """The guest asks for the stay, always under the same key."""
        runtime = self.stage.runtime
        self.booking_id = await flows.create_booking(
            runtime.db, runtime.providers, runtime.settings, self.guest, self.command
        )

    async def pay(self) -> None:
        """The guest pays, if they have not; nobody tells us."""
        await self.stage.refresh()
        which = [row.id for row in reversed(self.stage.bookings)].index(self.booking_id)
        await people.pay(self.stage, which, "good")
        await self.stage.paystack.control.settle()

    async def accept(self) -> None:
        """The host says yes, if they still can."""
        runtime = self.stage.runtime
        with suppress(TransitionNotAllowed):
            await flows.accept(
                runtime.db, runtime.providers, runtime.settings, self.host, self.its_id
            )

    async def decline(self) -> None:
        """The host says no, if they still can."""
        with suppress(TransitionNotAllowed):
            await flows.decline(self.stage.runtime.db, self.host, self.its_id, None)

    async def cancel(self, by: Actor | None = None) -> None:
        """Somebody ends it, if they still can."""
        runtime = self.stage.runtime
        with suppress(TransitionNotAllowed):
            await flows.cancel(runtime.db, runtime.settings, by or self.guest, self.its_id, None)

    async def hear(self) -> None:
        """What providers tell arrives, and all that follows is done."""
        await self.stage.hear()

    @property
    def its_id(self) -> UUID:
        assert self.booking_id is not None
        return self.booking_id

    async def outcome(self) -> Any:
        """How it all ended: the booking's way, and the money."""
        key = self.booking_id
        paid_for = select(Payment.id).where(Payment.booking_id == key)
        async with self.stage.db.read() as connection:

            async def rows(query: Any) -> list[tuple[Any, ...]]:
                return [tuple(row) for row in await connection.execute(query)]

            return (
                await rows(
                    select(BookingChange.status)
                    .where(BookingChange.booking_id == key)
                    .order_by(BookingChange.version)
                ),
                await rows(
                    select(Payment.status, Payment.captured_minor, Payment.refunded_minor)
                    .where(Payment.booking_id == key)
                    .order_by(Payment.attempt)
                ),
                await rows(
                    select(Refund.status, Refund.amount_minor)
                    .where(Refund.payment_id.in_(paid_for))
                    .order_by(Refund.reason)
                ),
                await rows(
                    select(Payout.status, Payout.amount_minor)
                    .join(PayoutItem, PayoutItem.payout_id == Payout.id)
                    .where(PayoutItem.booking_id == key)
                    .order_by(Payout.id)
                ),
            )


Tell = Callable[[Scene], Awaitable[None]]


class Story(msgspec.Struct, frozen=True):
    """What is told with kills, after what was told without; all of it can be told twice."""

    tell: Tell
    after: Tell | None = None
    columns: dict[str, Any] = {}


async def _charge(scene: Scene) -> None:
    await scene.book()
    await scene.pay()
    await scene.hear()


async def _charge_on_request(scene: Scene) -> None:
    await _charge(scene)
    await scene.accept()
    await scene.hear()


async def _charge_after_acceptance(scene: Scene) -> None:
    await scene.book()
    await scene.accept()
    await scene.pay()
    await scene.hear()


async def _cancel(scene: Scene) -> None:
    await scene.cancel()
    await scene.hear()


async def _cancel_by_host(scene: Scene) -> None:
    await scene.cancel(scene.host)
    await scene.hear()


async def _decline(scene: Scene) -> None:
    await scene.decline()
    await scene.hear()


async def _expire(scene: Scene) -> None:
    await scene.stage.tick("bookings.expire_due")
    await scene.hear()


async def _pay_out(scene: Scene) -> None:
    await scene.stage.tick("payouts.release_due")
    await scene.hear()


async def _stayed(scene: Scene) -> None:
    await _charge(scene)
    await scene.stage.advance(timedelta(days=3))


async def _paid_out(scene: Scene) -> None:
    await _stayed(scene)
    await _pay_out(scene)


async def _held_too_long(scene: Scene) -> None:
    await scene.book()
    await scene.stage.advance(timedelta(minutes=16))


async def _paid_too_late(scene: Scene) -> None:
    """Another guest has the nights by the time that the money comes."""
    await _held_too_long(scene)
    rival = Scene(scene.stage, scene.place, await _guest(scene.stage), scene.command)
    await rival.book()
    await scene.pay()


async def _lose_a_dispute(scene: Scene) -> None:
    stage = scene.stage
    shown = (await stage.look())[PaymentProvider.STRIPE]
    (intent,) = [
        row
        for row in shown["payment_intents"]
        if row["metadata"]["booking_id"] == str(scene.booking_id)
    ]
    if not any(row["payment_intent"] == intent["id"] for row in shown["disputes"]):
        wanted = {"payment_intent": intent["id"], "amount": None}
        made = await stage.stripe.control.call("POST", "disputes", wanted)
        body = {"dispute": made["id"], "won": False}
        await stage.stripe.control.call("POST", "disputes/resolve", body)
    await scene.hear()


REQUEST = {"instant_book": False}
GHS = {"currency": "GHS", "timezone": "Africa/Accra"}
STORIES = {
    "charge": Story(_charge_on_request, columns=REQUEST),
    "charge at Paystack": Story(_charge_after_acceptance, columns=GHS | REQUEST),
    "void after a no": Story(_decline, after=_charge, columns=REQUEST),
    "void after its time": Story(_expire, after=_held_too_long),
    "refund": Story(_cancel, after=_charge),
    "refund at Paystack": Story(_cancel, after=_charge, columns=GHS),
    "refund of what came too late": Story(Scene.hear, after=_paid_too_late),
    "refund of what was paid out": Story(_cancel_by_host, after=_paid_out),
    "payout": Story(_pay_out, after=_stayed),
    "payout at Paystack": Story(_pay_out, after=_stayed, columns=GHS),
    "dispute": Story(_lose_a_dispute, after=_charge),
}
# What somebody begins who may not ask again; the others begin by themselves.
BEGUN = ["charge", "charge at Paystack", "void after a no", "refund"]


async def _guest(stage: Stage) -> Actor:
    return Actor(user_id=await add_user(stage.db))


async def set_scene(stage: Stage, story: Story) -> Scene:
    """A place, people, and all that has happened before the story."""
    host = Actor(user_id=await add_host(stage.db))
    stage.hosts = [host]
    if story.after in (_stayed, _paid_out):
        await stage.open_account(host)
    method = PaymentMethod.MOBILE_MONEY if "currency" in story.columns else PaymentMethod.CARD
    place = await stage.add_place(0, (method,), **story.columns)
    check_in = stage.today(place) + timedelta(days=1)
    # Long enough that it can be cancelled after the payout, too.
    stay = (check_in, check_in + timedelta(days=5), Guests(adults=2))
    fees = fees_of(stage.runtime.settings)
    quote = await quote_stay(stage.db, place.id, *stay, clock.now(), fees)
    command = CreateBooking(
        property_id=place.id,
        check_in=stay[0],
        check_out=stay[1],
        guests=stay[2],
        expected_total=Money(quote.total_minor, place.currency),
        idempotency_key=new_id().hex,
        payment_method=method,
    )
    scene = Scene(stage, place, await _guest(stage), command)
    if story.after is not None:
        await story.after(scene)
    return scene


@pytest.mark.parametrize("name", STORIES)
async def test_killed_at_every_step_and_told_again(stage: Stage, name: str) -> None:
    """Whoever got no answer asks again; Stripe has forgotten its keys meanwhile."""
    story = STORIES[name]
    undisturbed = await set_scene(stage, story)
    await story.tell(undisturbed)
    await stage.settle()
    expected = await undisturbed.outcome()
    for steps in count(1):
        scene = await set_scene(stage, story)
        if not await _is_killed(scene, story, steps):
            break
        await stage.forget_keys()
        await story.tell(scene)
        await stage.settle()
        assert await scene.outcome() == expected, f"killed after {steps}: {stage.fate.steps}"
        await _assert_sound(stage)
    assert steps > LEAST


@pytest.mark.parametrize("name", BEGUN)
async def test_killed_at_every_step_and_left_alone(stage: Stage, name: str) -> None:
    """Nobody asks again: what was begun is finished, or as if it had never been."""
    story = STORIES[name]
    for steps in count(1):
        scene = await set_scene(stage, story)
        if not await _is_killed(scene, story, steps):
            break
        await stage.forget_keys()
        await stage.settle()
        await _assert_sound(stage)
    assert steps > LEAST


async def _is_killed(scene: Scene, story: Story, steps: int) -> bool:
    stage = scene.stage
    stage.fate.steps.clear()
    stage.fate.dies_after = steps
    try:
        await stage.live(lambda: story.tell(scene))
    except Killed:
        return True
    finally:
        stage.fate.dies_after = None
    return False


async def _assert_sound(stage: Stage) -> None:
    await checks.assert_sound(stage, None)
    await checks.assert_settled(stage)
