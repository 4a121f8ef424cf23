"""Alterations with their payments, against the payment sandbox over HTTP."""

import asyncio
from datetime import timedelta

import pytest
import stripe
from sqlalchemy import func, insert, select, update

from app import clock
from app.actor import Actor
from app.availability.errors import DatesUnavailable, StayNotAllowed
from app.bookings import expiry, flows
from app.bookings.alterations import service
from app.bookings.alterations.service import Accept, Propose
from app.bookings.errors import BookingNotFound, PriceChanged, TransitionNotAllowed
from app.errors import Invalid
from app.ids import new_id
from app.money import Money
from app.payments.errors import PaymentUnavailable
from app.pricing.rules import Guests
from db.models import (
    Booking,
    CoHost,
    JournalEntry,
    LedgerAccount,
    Posting,
    Promotion,
    Refund,
)
from tests.bookings.alterations.conftest import CHECK_OUT, DAY, NOW, Stage, change_property
from tests.bookings.test_flows import CHECK_IN, CHECK_IN_AT, TOTAL
from tests.support.drain import drain
from tests.support.world import NOW as LONG_AGO
from tests.support.world import add_user

# A night more at 100.00, with the guest's service fee of 12 %.
NIGHT = 112_00
SECOND = timedelta(seconds=1)


async def test_fewer_nights_give_the_difference_back_and_free_the_rest(stage: Stage) -> None:
    found = await stage.preview(check_out=CHECK_OUT - DAY)
    assert (found.difference_minor, found.difference.host_minor) == (-NIGHT, -97_00)
    alteration_id = await stage.propose(check_out=CHECK_OUT - DAY)
    assert await stage.payment_of(alteration_id) is None
    # Nothing happens before the host has agreed.
    assert await stage.stay() == (CHECK_IN, CHECK_OUT, TOTAL)
    assert await stage.taken() == {CHECK_IN: "BOOKING", CHECK_IN + DAY: "BOOKING"}
    await stage.agree(alteration_id)
    assert await stage.stay() == (CHECK_IN, CHECK_OUT - DAY, TOTAL - NIGHT)
    assert await stage.taken() == {CHECK_IN: "BOOKING"}
    await stage.drain()
    assert await stage.refunds() == [("SUCCEEDED", NIGHT)]
    assert await stage.steps() == [(3, "OPEN"), (4, "ACCEPTED")]
    assert (await stage.row()).deadline_at == (await stage.row()).check_out_at


async def test_more_nights_are_authorised_first_and_taken_when_the_host_agrees(
    stage: Stage,
) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    assert await stage.taken() == {
        CHECK_IN: "BOOKING",
        CHECK_IN + DAY: "BOOKING",
        CHECK_OUT: "HOLD",
    }
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    payment = await stage.payment_of(alteration_id)
    assert (payment.status, payment.amount_minor, payment.attempt) == ("AUTHORIZED", NIGHT, 2)
    assert await stage.stay() == (CHECK_IN, CHECK_OUT, TOTAL)
    await stage.agree(alteration_id)
    assert await stage.state(alteration_id) == "ACCEPTED"
    assert (await stage.payment_of(alteration_id)).status == "PAID"
    assert await stage.stay() == (CHECK_IN, CHECK_OUT + DAY, TOTAL + NIGHT)
    assert set((await stage.taken()).values()) == {"BOOKING"}
    # What the payment reports afterwards, twice, changes nothing.
    await stage.hear_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert [status for _, status in await stage.steps()] == ["OPEN", "AWAITING_PAYMENT", "ACCEPTED"]
    assert await stage.refunds() == []


async def test_what_a_host_proposes_is_paid_once_the_guest_agrees(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_in=CHECK_IN - DAY)
    assert await stage.payment_of(alteration_id) is None
    await stage.agree(alteration_id, stage.guest)
    assert await stage.state(alteration_id) == "AWAITING_PAYMENT"
    assert await stage.stay() == (CHECK_IN, CHECK_OUT, TOTAL)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert await stage.state(alteration_id) == "ACCEPTED"
    assert await stage.stay() == (CHECK_IN - DAY, CHECK_OUT, TOTAL + NIGHT)
    assert (await stage.row()).payout_due_at == CHECK_IN_AT - DAY + timedelta(hours=24)


async def test_a_declined_card_may_be_followed_by_another(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    await stage.agree(alteration_id, stage.guest)
    with pytest.raises(stripe.CardError):
        await stage.pay_more(alteration_id, "pm_card_chargeDeclined")
    await stage.hear_more(alteration_id)
    assert await stage.state(alteration_id) == "AWAITING_PAYMENT"
    assert (await stage.payment_of(alteration_id)).failure_code is not None
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert await stage.state(alteration_id) == "ACCEPTED"


async def test_who_proposes_without_authorising_pays_once_the_host_agrees(stage: Stage) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.agree(alteration_id)
    assert await stage.state(alteration_id) == "AWAITING_PAYMENT"
    # The same payment: authorised now, it is taken at once.
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert await stage.state(alteration_id) == "ACCEPTED"
    assert (await stage.payment_of(alteration_id)).status == "PAID"


async def test_a_lost_authorisation_is_asked_for_anew(stage: Stage) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    first = await stage.payment_of(alteration_id)
    await stage.sandbox.client().v1.payment_intents.cancel_async(first.provider_payment_id)
    await stage.agree(alteration_id)
    assert await stage.state(alteration_id) == "AWAITING_PAYMENT"
    second = await stage.payment_of(alteration_id)
    assert (second.attempt, second.status, second.manual_capture) == (3, "PENDING", False)
    await stage.drain()
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert await stage.state(alteration_id) == "ACCEPTED"


async def test_declined_and_withdrawn_leave_everything_as_it_was(stage: Stage) -> None:
    before = await stage.row()
    declined = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(declined)
    await stage.hear_more(declined)
    await stage.decline(declined)
    await stage.drain()
    assert (await stage.payment_of(declined)).status == "CANCELLED"
    withdrawn = await stage.propose(check_in=CHECK_IN + DAY)
    await stage.withdraw(withdrawn)
    await stage.drain()
    assert [await stage.state(each) for each in (declined, withdrawn)] == ["DECLINED", "WITHDRAWN"]
    after = await stage.row()
    moved = {"version", "updated_at"}
    assert {k: v for k, v in after._asdict().items() if k not in moved} == {
        k: v for k, v in before._asdict().items() if k not in moved
    }
    assert await stage.taken() == {CHECK_IN: "BOOKING", CHECK_IN + DAY: "BOOKING"}
    assert await stage.refunds() == []


async def test_an_unanswered_alteration_expires_after_a_day(stage: Stage) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    clock.freeze(NOW + DAY - SECOND)
    await stage.expire_due()
    assert await stage.state(alteration_id) == "OPEN"
    clock.freeze(NOW + DAY)
    with pytest.raises(TransitionNotAllowed):
        await stage.agree(alteration_id)
    await stage.expire_due()
    await stage.drain()
    assert await stage.state(alteration_id) == "EXPIRED"
    assert (await stage.payment_of(alteration_id)).status == "CANCELLED"
    assert CHECK_OUT not in await stage.taken()


async def test_unpaid_after_twelve_hours_it_expires(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    clock.freeze(NOW + timedelta(hours=20))
    await stage.agree(alteration_id, stage.guest)
    clock.freeze(NOW + timedelta(hours=32))
    await stage.expire_due()
    await stage.drain()
    assert await stage.state(alteration_id) == "EXPIRED"
    with pytest.raises(stripe.InvalidRequestError):
        await stage.pay_more(alteration_id)


async def test_paid_in_the_last_moment_wins_over_expiry(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    await stage.agree(alteration_id, stage.guest)
    await stage.pay_more(alteration_id)
    clock.freeze(NOW + timedelta(hours=13))
    await stage.expire_due()
    await stage.drain()
    assert await stage.state(alteration_id) == "ACCEPTED"
    assert await stage.stay() == (CHECK_IN, CHECK_OUT + DAY, TOTAL + NIGHT)


async def test_money_that_comes_too_late_goes_back_in_full(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    await stage.agree(alteration_id, stage.guest)
    await stage.pay_more(alteration_id)
    # The provider has it and we do not know, while somebody else takes the lapsed night.
    clock.freeze(NOW + timedelta(hours=13))
    await stage.book_nights(CHECK_OUT)
    assert await stage.state(alteration_id) == "EXPIRED"
    await stage.hear_more(alteration_id)
    assert await stage.refunds() == [("SUCCEEDED", NIGHT)]
    assert (await stage.payment_of(alteration_id)).status == "REFUNDED"
    assert await stage.stay() == (CHECK_IN, CHECK_OUT, TOTAL)


async def test_cancelling_ends_the_alteration_and_lets_go_of_its_money(stage: Stage) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert await stage.cancel(stage.booking, stage.host) == TOTAL
    await stage.drain()
    assert await stage.state(alteration_id) == "EXPIRED"
    assert (await stage.payment_of(alteration_id)).status == "CANCELLED"
    # Only what was booked stays blocked.
    assert await stage.taken() == {CHECK_IN: "BLOCK", CHECK_IN + DAY: "BLOCK"}


async def test_a_cancellation_gives_back_of_every_payment_what_it_brought(stage: Stage) -> None:
    longer = await stage.propose(stage.host, check_out=CHECK_OUT + 2 * DAY)
    await stage.agree(longer, stage.guest)
    await stage.pay_more(longer)
    await stage.hear_more(longer)
    shorter = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.agree(shorter)
    await stage.drain()
    assert await stage.refunds() == [("SUCCEEDED", NIGHT)]
    # Of four nights three are left: 336.00 by two payments, of which 112.00 went back of the last.
    assert await stage.cancel(stage.booking, stage.host) == 3 * NIGHT
    await stage.drain()
    async with stage.runtime.db.read() as connection:
        rows = await connection.execute(
            select(Refund.reason, Refund.amount_minor).order_by(Refund.id)
        )
        assert [tuple(row) for row in rows] == [
            ("ALTERATION", NIGHT),
            ("CANCELLATION", NIGHT),
            ("CANCELLATION", TOTAL),
        ]
    assert (await stage.payment_of(longer)).status == "REFUNDED"
    assert (await stage.payment(stage.booking)).status == "REFUNDED"


async def test_the_stay_ends_with_its_alteration(stage: Stage) -> None:
    clock.freeze(CHECK_IN_AT + timedelta(hours=3))
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    row = await stage.row()
    # Until check-out at the latest, although that is less than a day away.
    clock.freeze(row.check_out_at - timedelta(hours=2))
    assert (await stage.alteration(alteration_id)).expires_at == CHECK_IN_AT + timedelta(hours=27)
    await stage.expire_due()
    last = await stage.propose(check_out=CHECK_OUT + DAY)
    assert (await stage.alteration(last)).expires_at == row.check_out_at
    clock.freeze(row.check_out_at)
    await flows.complete_due(stage.runtime.db)
    await stage.drain()
    assert await stage.status(stage.booking) == "COMPLETED"
    assert await stage.state(last) == "EXPIRED"
    assert CHECK_OUT not in await stage.taken()


async def test_an_extension_after_the_payout_is_paid_out_later(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    async with stage.runtime.db.transaction() as session:
        await session.execute(update(Booking).values(payout_due_at=None))
    clock.freeze(NOW + timedelta(hours=1))
    await stage.agree(alteration_id, stage.guest)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert (await stage.row()).payout_due_at == CHECK_IN_AT + DAY


async def test_only_one_at_a_time_and_only_by_the_sides(stage: Stage) -> None:
    stranger = Actor(user_id=await add_user(stage.runtime.db))
    with pytest.raises(BookingNotFound):
        await stage.propose(stranger, check_out=CHECK_OUT + DAY)
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    with pytest.raises(TransitionNotAllowed):
        await stage.propose(stage.host, guests=Guests(adults=1))
    for refused in (
        stage.agree(alteration_id, stage.guest),
        stage.decline(alteration_id, stage.guest),
        stage.withdraw(alteration_id, stage.host),
    ):
        with pytest.raises(TransitionNotAllowed):
            await refused
    with pytest.raises(BookingNotFound):
        await stage.agree(alteration_id, stranger)
    # Somebody who helps the host with everything is the host's side.
    helper = Actor(user_id=await add_user(stage.runtime.db))
    async with stage.runtime.db.transaction() as session:
        await session.execute(
            insert(CoHost).values(
                id=new_id(),
                property_id=stage.listing,
                user_id=helper.require_user(),
                rights=["ALL"],
                invited_at=LONG_AGO,
                accepted_at=LONG_AGO,
            )
        )
    await stage.decline(alteration_id, helper)
    assert await stage.state(alteration_id) == "DECLINED"


async def test_what_was_not_shown_is_not_agreed(stage: Stage) -> None:
    with pytest.raises(PriceChanged) as refused:
        await stage.propose(check_out=CHECK_OUT + DAY, total=TOTAL)
    assert refused.value.quote.total_minor == TOTAL + NIGHT
    assert CHECK_OUT not in await stage.taken()
    assert await stage.steps() == []


async def test_the_offered_price_holds_whatever_the_host_asks_meanwhile(stage: Stage) -> None:
    alteration_id = await stage.propose(stage.host, check_out=CHECK_OUT + DAY)
    await change_property(stage, base_price_minor=500_00, cleaning_fee_minor=80_00)
    await stage.agree(alteration_id, stage.guest)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    assert (await stage.stay())[2] == TOTAL + NIGHT
    # The next one pays today's price for its nights alone.
    found = await stage.preview(check_out=CHECK_OUT + 2 * DAY)
    assert found.difference_minor == 560_00


async def test_nobody_loses_a_night_to_an_extension(stage: Stage) -> None:
    await stage.book_nights(CHECK_OUT)
    with pytest.raises(DatesUnavailable) as refused:
        await stage.propose(check_out=CHECK_OUT + 2 * DAY, total=1)
    assert refused.value.nights == (CHECK_OUT,)
    with pytest.raises(DatesUnavailable):
        await stage.preview(check_out=CHECK_OUT + DAY)


async def test_what_can_never_be_is_refused(stage: Stage) -> None:
    for change in (
        {"check_out": CHECK_IN},
        {"check_out": CHECK_OUT},
        {"guests": Guests(adults=0)},
        {"check_out": CHECK_IN + 400 * DAY},
    ):
        with pytest.raises(Invalid):
            await stage.propose(total=1, **change)
    with pytest.raises(StayNotAllowed):
        await stage.propose(guests=Guests(adults=17), total=1)
    assert await stage.steps() == []


async def test_the_same_request_again_is_the_same_alteration(stage: Stage) -> None:
    key = new_id().hex
    made = await asyncio.gather(
        *(stage.propose(check_out=CHECK_OUT + DAY, total=TOTAL + NIGHT, key=key) for _ in range(10))
    )
    assert len(set(made)) == 1
    answer = new_id().hex
    await stage.pay_more(made[0])
    await stage.hear_more(made[0])
    await asyncio.gather(*(stage.agree(made[0], key=answer) for _ in range(10)))
    assert await stage.stay() == (CHECK_IN, CHECK_OUT + DAY, TOTAL + NIGHT)


async def test_an_agreement_whose_capture_went_unheard_is_finished_by_its_task(
    stage: Stage,
) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    path = "/v1/payment_intents/*/capture"
    await stage.sandbox.control.fault(kind="drop", method="POST", path=path, times=50)
    with pytest.raises(PaymentUnavailable):
        await stage.agree(alteration_id)
    await stage.sandbox.control.clear_faults()
    await drain(stage.runtime, within=timedelta(minutes=2), skip="notifications.")
    assert await stage.state(alteration_id) == "ACCEPTED"
    assert await stage.stay() == (CHECK_IN, CHECK_OUT + DAY, TOTAL + NIGHT)


@pytest.mark.parametrize("round_", range(50))
async def test_agreed_withdrawn_expired_and_cancelled_at_once_end_in_one_legal_state(
    stage: Stage, round_: int
) -> None:
    alteration_id = await stage.propose(check_out=CHECK_OUT + DAY)
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    clock.freeze(NOW + DAY - (SECOND if round_ % 2 else timedelta(0)))

    async def expire() -> None:
        await stage.runtime.db.run(lambda session: expiry.expire(session, stage.booking, NOW + DAY))

    attempts = [
        stage.agree(alteration_id),
        stage.withdraw(alteration_id),
        stage.decline(alteration_id),
        expire(),
        *([stage.cancel(stage.booking)] if round_ % 3 == 0 else []),
    ]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    unexpected = [
        each
        for each in outcomes
        if isinstance(each, BaseException)
        and not isinstance(each, TransitionNotAllowed | PaymentUnavailable)
    ]
    assert unexpected == []
    await drain(stage.runtime, within=timedelta(minutes=2), skip="notifications.")
    state, payment = await stage.state(alteration_id), await stage.payment_of(alteration_id)
    row, taken = await stage.row(), await stage.taken()
    if state == "ACCEPTED":
        assert payment.status in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
        assert row.check_out == CHECK_OUT + DAY
    else:
        assert state in ("WITHDRAWN", "DECLINED", "EXPIRED")
        assert payment.status in ("CANCELLED", "REFUNDED")
        assert (row.check_out, row.total_minor) == (CHECK_OUT, TOTAL)
    if row.status == "CONFIRMED":
        assert set(taken.values()) == {"BOOKING"}
        assert len(taken) == (row.check_out - row.check_in).days
    else:
        assert taken == {}


async def test_a_change_at_the_same_price_moves_only_whose_money_it_is(stage: Stage) -> None:
    """Guests alone, where they cost nothing: no money moves, and the booking says who comes."""
    alteration_id = await stage.propose(guests=Guests(adults=1, infants=1))
    assert (await stage.alteration(alteration_id)).difference_minor == 0
    await stage.agree(alteration_id)
    row = await stage.row()
    assert (row.adults, row.infants, row.total_minor) == (1, 1, TOTAL)
    async with stage.runtime.db.read() as connection:
        kinds = (await connection.scalars(select(JournalEntry.kind))).all()
    assert "ALTERATION" not in kinds
    assert "REFUND_DUE" not in kinds


async def test_the_same_price_may_fall_apart_in_another_way(stage: Stage) -> None:
    """What our code took off the guest's price is lost, and a cheaper night makes up for it."""
    promotion_id, taken_off = new_id(), 22_40
    line = {"kind": "PLATFORM_PROMOTION", "description": "Promotion JULY", "quantity": 1}
    line |= {"unit_minor": -taken_off, "amount_minor": -taken_off}
    row = await stage.row()
    async with stage.runtime.db.transaction() as session:
        offer = {"code": "JULY", "amount_minor": taken_off, "currency": "EUR"}
        await session.execute(
            insert(Promotion).values(id=promotion_id, stays_to=CHECK_OUT, **offer)
        )
        await session.execute(
            update(Booking).values(
                promotion_id=promotion_id,
                promotion_minor=taken_off,
                total_minor=TOTAL - taken_off,
                line_items=[*row.line_items, line],
            )
        )
    await change_property(stage, base_price_minor=80_00)
    alteration_id = await stage.propose(check_in=CHECK_IN + DAY, check_out=CHECK_OUT + DAY)
    alteration = await stage.alteration(alteration_id)
    assert (alteration.difference_minor, alteration.host_difference_minor) == (0, -19_40)
    await stage.agree(alteration_id)
    async with stage.runtime.db.read() as connection:
        postings = await connection.execute(
            select(LedgerAccount.kind, func.sum(Posting.amount_minor))
            .join(Posting, Posting.account_id == LedgerAccount.id)
            .join(JournalEntry, JournalEntry.id == Posting.entry_id)
            .where(JournalEntry.source_id == alteration_id)
            .group_by(LedgerAccount.kind)
        )
        assert {kind: int(amount) for kind, amount in postings} == {
            "HOST_PAYABLE": 19_40,
            "PLATFORM_REVENUE": 3_00,
            "PROMOTIONS": -22_40,
        }
    assert set(await stage.taken()) == {CHECK_IN + DAY, CHECK_OUT}
    assert await stage.refunds() == []


async def test_a_process_that_dies_between_two_steps_is_finished_by_tasks(stage: Stage) -> None:
    """After each commit and before the call that follows it, in turn."""
    runtime = stage.runtime
    db, settings = runtime.db, runtime.settings
    total = Money(TOTAL + NIGHT, "EUR")
    wanted = Propose(
        booking_id=stage.booking,
        check_in=None,
        check_out=CHECK_OUT + DAY,
        guests=None,
        expected_total=total,
        idempotency_key="proposed",
    )
    alteration_id = await db.run(
        lambda session: service.propose(session, stage.guest, wanted, settings)
    )
    assert (await stage.payment_of(alteration_id)).provider_payment_id is None
    await drain(runtime, within=timedelta(minutes=2), skip="notifications.")
    await stage.pay_more(alteration_id)
    await stage.hear_more(alteration_id)
    answer = Accept(alteration_id=alteration_id, expected_total=total, idempotency_key="agreed")
    await db.run(lambda session: service.accept(session, stage.host, answer, settings, clock.now()))
    assert await stage.state(alteration_id) == "AWAITING_PAYMENT"
    # The provider has forgotten our keys when the task comes to it.
    await stage.sandbox.control.forget_keys()
    await drain(runtime, within=timedelta(minutes=2), skip="notifications.")
    assert await stage.stay() == (CHECK_IN, CHECK_OUT + DAY, TOTAL + NIGHT)
    assert [status for _, status in await stage.steps()] == ["OPEN", "AWAITING_PAYMENT", "ACCEPTED"]
