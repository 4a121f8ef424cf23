"""What happens around people: time, tasks, timers, providers, and the end of a process."""

from contextlib import suppress
from datetime import timedelta

import stripe
from hypothesis import strategies as st

from app import clock
from db.enums import PaymentProvider
from tests.lifecycle.stage import Stage, timers
from tests.lifecycle.table import ANY, RECENT, action, booking_of, payment_of
from tests.support.sandbox import ControlError


@action(
    weight=4,
    by=st.sampled_from([timedelta(seconds=n) for n in (1, 900, 3600, 43_200, 86_400, 259_200)]),
)
async def wait(stage: Stage, by: timedelta) -> None:
    """Time passes."""
    await stage.advance(by)


@action(weight=4, booking=RECENT, early=st.booleans())
async def wait_for_its_time(stage: Stage, booking: int, *, early: bool) -> None:
    """Time passes until a booking's timer fires, or a second before."""
    deadline = booking_of(stage, booking).deadline_at
    if deadline is not None and deadline > clock.now():
        await stage.advance(deadline - clock.now() - timedelta(seconds=early))


@action(weight=6, timer=ANY)
async def tick(stage: Stage, timer: int) -> None:
    """A timer fires."""
    names = timers()
    await stage.tick(names[timer % len(names)])


@action(weight=8, which=ANY, count=st.integers(1, 3))
async def work(stage: Stage, which: int, count: int) -> None:
    """A worker runs some of the tasks that wait, in any order."""
    for _ in range(count):
        rows = await stage.tasks()
        if not rows:
            return
        await stage.work(rows[which % len(rows)])


@action()
async def settle(stage: Stage) -> None:
    """The trouble is over, and all that follows from it is done."""
    await stage.settle()


# Providers


@action(weight=8, which=ANY, times=st.integers(1, 2))
async def hear(stage: Stage, which: int, times: int) -> None:
    """A webhook arrives, in any order, perhaps twice."""
    news = await stage.news()
    waiting = [one for one in news if one[1]["id"] not in stage.arrived] or news
    for _ in range(times if waiting else 0):
        await stage.deliver(*waiting[which % len(waiting)])


@action(which=ANY)
async def hear_old_news(stage: Stage, which: int) -> None:
    """A webhook that has come before comes again."""
    news = [one for one in await stage.news() if one[1]["id"] in stage.arrived]
    if news:
        await stage.deliver(*news[which % len(news)])


@action(weight=2, which=ANY)
async def lose(stage: Stage, which: int) -> None:
    """A webhook never comes.

    Not one of Paystack's about a charge, which somebody may pay a day after we gave it up; nor
    one about what banks want back, which only the reconciliation would find.
    """
    news = [
        event
        for name, event in await stage.news()
        if event["id"] not in stage.arrived
        and "dispute" not in event["type"]
        and (name is PaymentProvider.STRIPE or not event["type"].startswith("charge."))
    ]
    if news:
        stage.lost.add(news[which % len(news)]["id"])


@action(
    weight=3,
    provider=st.sampled_from(list(PaymentProvider)),
    kind=st.sampled_from(["drop", "error"]),
    method=st.sampled_from(["POST", "*"]),
    when=st.sampled_from(["before", "after"]),
    times=st.integers(1, 4),
)
async def trouble(
    stage: Stage, provider: PaymentProvider, kind: str, method: str, when: str, times: int
) -> None:
    """The provider fails some of the next requests, before it has done its work or after."""
    path = {PaymentProvider.STRIPE: "/v1/*", PaymentProvider.PAYSTACK: "/*"}[provider]
    control = stage.sandboxes[provider].control
    await control.fault(kind=kind, method=method, path=path, when=when, times=times, status=500)


@action()
async def no_more_trouble(stage: Stage) -> None:
    """The provider is well again."""
    for sandbox in stage.sandboxes.values():
        await sandbox.control.clear_faults()


@action(weight=2)
async def forget_keys(stage: Stage) -> None:
    """Stripe remembers no idempotency key."""
    await stage.forget_keys()


@action(booking=RECENT)
async def let_go(stage: Stage, booking: int) -> None:
    """Stripe lets an authorisation go, as it does after a week."""
    payment = await payment_of(stage, booking)
    if payment is not None and payment.status == "AUTHORIZED":
        stage.shown = {}
        intents = stage.stripe.client().v1.payment_intents
        with suppress(stripe.StripeError):
            await intents.cancel_async(payment.provider_payment_id)


@action(weight=2, booking=RECENT, part=st.booleans())
async def dispute(stage: Stage, booking: int, *, part: bool) -> None:
    """The guest's bank wants money back."""
    payment = await payment_of(stage, booking)
    if payment is None or payment.captured_minor == 0:
        return
    stage.shown = {}
    amount = payment.captured_minor // 20 * 10 if part else None
    with suppress(ControlError):
        if payment.provider == PaymentProvider.STRIPE:
            wanted = {"payment_intent": payment.provider_payment_id, "amount": amount}
            await stage.stripe.control.call("POST", "disputes", wanted)
        else:
            await stage.paystack.control.dispute(payment.provider_payment_id, amount=amount)


@action(weight=2, which=ANY, won=st.booleans())
async def decide(stage: Stage, which: int, *, won: bool) -> None:
    """The bank has decided."""
    shown = await stage.look()
    found = [(name, row["id"]) for name, state in shown.items() for row in state["disputes"]]
    if not found:
        return
    name, key = found[which % len(found)]
    stage.shown = {}
    control = stage.sandboxes[name].control
    with suppress(ControlError):
        await control.call("POST", "disputes/resolve", {"dispute": str(key), "won": won})


@action(weight=3)
async def arrive(stage: Stage) -> None:
    """What is under way at Paystack arrives: refunds, transfers, yeses from phones."""
    stage.shown = {}
    await stage.paystack.control.settle()


@action(weight=3, after=st.integers(1, 6))
async def die(stage: Stage, after: int) -> None:
    """The process will be killed after so many more commits and answers."""
    stage.fate.dies_after = after
