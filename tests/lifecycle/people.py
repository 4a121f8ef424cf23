"""What guests, hosts, their co-hosts, staff and strangers do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import stripe
from hypothesis import strategies as st
from sqlalchemy import text, update

from app import clock
from app.actor import Actor
from app.availability.edits import CalendarChange, edit_calendar
from app.bookings import flows
from app.bookings.options import BookingAction
from app.bookings.placing import CreateBooking
from app.bookings.quotes import quote_stay
from app.errors import DomainError
from app.ids import new_id
from app.money import Money
from app.payments import flows as payment_flows
from app.pricing.rules import Guests
from app.properties.terms import fees_of
from db.enums import PaymentMethod, PaymentProvider
from db.models import Property
from tests.lifecycle.offers import WHO, as_offered, caller
from tests.lifecycle.stage import Stage
from tests.lifecycle.table import ANY, RECENT, action, booking_of, payment_of
from tests.support.paystack import BANK_CARD, DECLINED, PHONE, VISA
from tests.support.sandbox import ControlError

# Guests


@action(
    weight=6,
    place=st.integers(0, 4),
    start=st.integers(0, 20),
    nights=st.integers(1, 4),
    guest=st.integers(0, 2),
    phone=st.booleans(),
)
async def book(
    stage: Stage, place: int, start: int, nights: int, guest: int, *, phone: bool, wrong: int = 0
) -> None:
    """A guest books what they were quoted."""
    wanted, by = stage.places[place], stage.guests[guest]
    check_in = stage.today(wanted) + timedelta(days=start)
    stay = (check_in, check_in + timedelta(days=nights), Guests(adults=1 + guest))
    fees = fees_of(stage.runtime.settings)
    total = 1
    with suppress(DomainError):
        quote = await quote_stay(stage.db, wanted.id, *stay, clock.now(), fees)
        total = quote.total_minor
    method = wanted.methods[0 if phone else -1]
    command = CreateBooking(
        property_id=wanted.id,
        check_in=stay[0],
        check_out=stay[1],
        guests=stay[2],
        expected_total=Money(total + wrong, wanted.currency),
        idempotency_key=new_id().hex,
        payment_method=method,
    )
    stage.asked.append((by, command))
    await _ask(stage, by, command)


@action(place=st.integers(0, 4), wrong=st.sampled_from([-1, 1]))
async def book_at_another_price(stage: Stage, place: int, wrong: int) -> None:
    """A client says what the guest pays."""
    await book(stage, place, 1, 1, 0, phone=False, wrong=wrong)


@action(which=ANY, other=st.booleans())
async def book_again(stage: Stage, which: int, *, other: bool) -> None:
    """A request is sent once more under its key, or another one under the same."""
    if not stage.asked:
        return
    by, command = stage.asked[-1 - which % len(stage.asked)]
    if other:
        command = msgspec.structs.replace(command, message="And a cot, please.")
    await _ask(stage, by, command)


@action(place=st.integers(0, 4))
async def book_ones_own(stage: Stage, place: int) -> None:
    """A host would stay in their own place."""
    wanted = stage.places[place]
    host = Actor(user_id=wanted.host)
    check_in = stage.today(wanted) + timedelta(days=1)
    command = CreateBooking(
        property_id=wanted.id,
        check_in=check_in,
        check_out=check_in + timedelta(days=1),
        guests=Guests(adults=1),
        expected_total=Money(1, wanted.currency),
        idempotency_key=new_id().hex,
    )
    await _ask(stage, host, command)


async def _ask(stage: Stage, by: Actor, command: CreateBooking) -> None:
    runtime = stage.runtime
    await flows.create_booking(runtime.db, runtime.providers, runtime.settings, by, command)


# What each kind of payer is at either provider.
CARDS = {
    "good": ("pm_card_visa", VISA),
    "declined": ("pm_card_chargeDeclined", DECLINED),
    "asks": ("pm_card_authenticationRequired", BANK_CARD),
}


@action(weight=8, booking=RECENT, kind=st.sampled_from(["good", "good", "good", *CARDS]))
async def pay(stage: Stage, booking: int, kind: str) -> None:
    """The guest is on the provider's page, however late. Nobody tells us."""
    payment = await payment_of(stage, booking)
    if payment is None or payment.provider_payment_id is None:
        return
    stage.shown = {}
    card, number = CARDS[kind]
    if payment.provider == PaymentProvider.PAYSTACK:
        how = {"card": number}
        if payment.method == PaymentMethod.MOBILE_MONEY:
            how = {"phone": PHONE}
        with suppress(ControlError):
            await stage.paystack.control.pay(payment.provider_payment_id, **how)
        return
    asked: Any = {"client_secret": payment.client_secret, "payment_method": card}
    with suppress(stripe.StripeError):
        await stage.browser.v1.payment_intents.confirm_async(payment.provider_payment_id, asked)


@action(weight=2, booking=RECENT, passed=st.booleans())
async def answer_the_bank(stage: Stage, booking: int, *, passed: bool) -> None:
    """The guest has proved to their bank that it is them, or not."""
    payment = await payment_of(stage, booking)
    if payment is None or payment.provider_payment_id is None:
        return
    stage.shown = {}
    with suppress(ControlError):
        if payment.provider == PaymentProvider.STRIPE:
            control = stage.stripe.control
            await control.challenge(payment.provider_payment_id, passed=passed)
        else:
            await stage.paystack.control.answer_bank(payment.provider_payment_id, passed=passed)


# Both sides


@action(weight=5, booking=RECENT, who=WHO)
async def cancel(stage: Stage, booking: int, who: str) -> None:
    """Somebody ends a booking; what they were shown before is what goes back."""
    row = booking_of(stage, booking, "PENDING_HOST", "CONFIRMED")
    actor = caller(stage, row, who)
    reason = "Their guests were never there." if who == "ADMIN" else None
    async with as_offered(stage, row, who, BookingAction.CANCEL) as foreseen:
        given = await flows.cancel(stage.runtime.db, stage.runtime.settings, actor, row.id, reason)
        stage.promised[row.id] = given.amount_minor
        assert foreseen in (None, given.amount_minor), f"{foreseen} was shown, {given} is given"


@action(weight=6, booking=RECENT, who=WHO)
async def accept(stage: Stage, booking: int, who: str) -> None:
    """Somebody says yes for the host."""
    row, runtime = booking_of(stage, booking, "PENDING_HOST"), stage.runtime
    async with as_offered(stage, row, who, BookingAction.ACCEPT):
        await flows.accept(
            runtime.db, runtime.providers, runtime.settings, caller(stage, row, who), row.id
        )


@action(weight=5, booking=RECENT, who=WHO)
async def decline(stage: Stage, booking: int, who: str) -> None:
    """Somebody says no for the host."""
    row = booking_of(stage, booking, "PENDING_HOST")
    async with as_offered(stage, row, who, BookingAction.DECLINE):
        await flows.decline(stage.runtime.db, caller(stage, row, who), row.id, "Renovating.")


@action(
    weight=2,
    booking=RECENT,
    those=st.sets(st.sampled_from(["accept", "decline", "cancel", "expire"])),
)
async def at_once(stage: Stage, booking: int, those: set[str]) -> None:
    """The host answers while the guest cancels and the time is over."""
    row, runtime = booking_of(stage, booking, "PENDING_HOST"), stage.runtime
    host, guest = Actor(user_id=row.host_id), Actor(user_id=row.guest_id)
    deeds: dict[str, Callable[[], Awaitable[Any]]] = {
        "accept": lambda: flows.accept(
            runtime.db, runtime.providers, runtime.settings, host, row.id
        ),
        "decline": lambda: flows.decline(runtime.db, host, row.id, None),
        "cancel": lambda: flows.cancel(runtime.db, runtime.settings, guest, row.id, None),
        "expire": lambda: flows.expire_due(runtime.db, runtime.providers),
    }
    names = sorted(those)
    outcomes = await asyncio.gather(*(deeds[name]() for name in names), return_exceptions=True)
    for name, outcome in zip(names, outcomes, strict=True):
        if name == "cancel" and not isinstance(outcome, BaseException):
            stage.promised[row.id] = outcome.amount_minor
        if isinstance(outcome, BaseException) and not isinstance(outcome, DomainError):
            raise outcome


@action(place=st.integers(0, 4), start=st.integers(0, 20), closed=st.booleans())
async def edit(stage: Stage, place: int, start: int, *, closed: bool) -> None:
    """The host closes or opens some nights, and asks for more money."""
    wanted = stage.places[place]
    first = stage.today(wanted) + timedelta(days=start)
    change = CalendarChange(
        start=first, end=first + timedelta(days=2), closed=closed, price_minor=120_00
    )
    host = Actor(user_id=wanted.host)
    await stage.runtime.db.run(
        lambda session: edit_calendar(session, host, wanted.id, [change], None, clock.now())
    )


@action(place=st.integers(0, 4))
async def change_terms(stage: Stage, place: int) -> None:
    """The host turns instant booking on or off, and takes another policy for what comes."""
    async with stage.db.transaction() as session:
        await session.execute(
            update(Property)
            .where(Property.id == stage.places[place].id)
            .values(
                instant_book=~Property.instant_book,
                cancellation_policy=text(
                    "CASE cancellation_policy WHEN 'FLEXIBLE' THEN 'FIRM' ELSE 'FLEXIBLE' END"
                ),
            )
        )


# A whole story in one step, so that what comes after a payment is reached often


@action(
    weight=8,
    place=st.integers(0, 4),
    start=st.integers(0, 20),
    nights=st.integers(1, 4),
    answered=st.booleans(),
)
async def stay(stage: Stage, place: int, start: int, nights: int, *, answered: bool) -> None:
    """A guest books, pays, and the host says yes, or has not answered yet."""
    stage.fate.dies_after, stage.shown = None, {}
    for sandbox in stage.sandboxes.values():
        await sandbox.control.clear_faults()
    await book(stage, place, start, nights, place % 3, phone=True)
    await stage.refresh()
    for _ in range(2):
        await pay(stage, 0, "good")
        await stage.paystack.control.settle()
        payment = await payment_of(stage, 0)
        runtime = stage.runtime
        if payment is not None:
            await payment_flows.sync(runtime.db, runtime.providers, payment.id)
        for row in await stage.tasks():
            await stage.work(row)
        await stage.refresh()
        if stage.bookings[-1].status == "PENDING_HOST":
            if not answered:
                return
            host = Actor(user_id=stage.bookings[-1].host_id)
            await flows.accept(
                runtime.db, runtime.providers, runtime.settings, host, stage.bookings[-1].id
            )
            await stage.refresh()
    stage.shown = {}
