"""The promises that only hold if they hold under pressure: many at once, kills, lost queues."""

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from db.models import Booking, OccupiedNight, OutboxMessage, Payment
from tests.journeys import operations as op
from tests.journeys.story import (
    CHECK_IN,
    CHECK_OUT,
    GUESTS,
    Story,
    book,
    check_books,
    eventually,
    pay,
)
from tests.support.postgres import deadlocks

TOTAL = {"amount": 330_00 * 112 // 100, "currency": "EUR"}


def stay(listing: str, key: str, **changes: Any) -> dict[str, Any]:
    return {
        "propertyId": listing,
        "checkIn": CHECK_IN.isoformat(),
        "checkOut": CHECK_OUT.isoformat(),
        "guests": GUESTS,
        "expectedTotal": TOTAL,
        "idempotencyKey": key,
    } | changes


@pytest.mark.alone
async def test_of_a_thousand_at_once_exactly_one_gets_the_nights(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guests = [await story.person(f"guest{number}") for number in range(5)]
    began = time.perf_counter()
    answers = await asyncio.gather(
        *(
            guests[number % 5].send(op.CREATE_BOOKING, input=stay(listing, f"key{number}"))
            for number in range(1_000)
        )
    )
    seconds = time.perf_counter() - began
    assert Counter(answer.status_code for answer in answers) == {200: 1_000}
    failures = [answer.text for answer in answers if "errors" in answer.json()]
    assert not failures, f"{len(failures)} failed, the first: {failures[0]}"
    kinds = Counter(answer.json()["data"]["createBooking"]["__typename"] for answer in answers)
    assert kinds == {"CreateBookingSuccess": 1, "DatesUnavailableError": 999}
    refused = next(
        answer.json()["data"]["createBooking"]
        for answer in answers
        if "DatesUnavailableError" in answer.text
    )
    assert refused["nights"] == [
        (CHECK_IN + timedelta(days=offset)).isoformat() for offset in range(3)
    ]
    assert await deadlocks(story.stack.settings.database_url) == 0
    print(f"1,000 bookings of the same nights at once: {seconds:.1f} s")


@pytest.mark.alone
async def test_random_stays_of_many_at_once_never_share_a_night(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guests = [await story.person(f"guest{number}") for number in range(5)]
    chance = random.Random(11)
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + 15

    async def visitor(number: int) -> None:
        attempt = 0
        while time.monotonic() < end:
            attempt += 1
            check_in = CHECK_IN + timedelta(days=chance.randrange(200))
            nights = chance.randrange(1, 8)
            total = (nights * 100_00 + 30_00) * 112 // 100
            booked = await guests[number % 5].do(
                op.CREATE_BOOKING,
                input=stay(
                    listing,
                    f"{number}-{attempt}",
                    checkIn=check_in.isoformat(),
                    checkOut=(check_in + timedelta(days=nights)).isoformat(),
                    expectedTotal={"amount": total, "currency": "EUR"},
                ),
            )
            outcomes[booked["__typename"]] += 1
            if booked["__typename"] == "CreateBookingSuccess" and chance.random() < 0.8:
                cancelled = await guests[number % 5].do(op.CANCEL, id=booked["booking"]["id"])
                outcomes[cancelled["__typename"]] += 1

    await asyncio.gather(*(visitor(number) for number in range(20)))
    assert set(outcomes) <= {
        "CreateBookingSuccess",
        "DatesUnavailableError",
        "CancelBookingSuccess",
    }
    assert outcomes["CreateBookingSuccess"] > 20
    async with story.db.read() as connection:
        live = (
            await connection.execute(
                select(Booking.check_in, Booking.check_out).where(
                    Booking.status == "PENDING_PAYMENT"
                )
            )
        ).all()
        held = await connection.scalar(select(func.count()).select_from(OccupiedNight))
    nights = [
        check_in + timedelta(days=offset)
        for check_in, check_out in live
        for offset in range((check_out - check_in).days)
    ]
    assert len(nights) == len(set(nights)) == held
    # Somebody left on the day on which somebody else came.
    assert {check_in for check_in, _ in live} & {check_out for _, check_out in live}
    assert await deadlocks(story.stack.settings.database_url) == 0


async def test_one_key_a_hundred_times_at_once_is_one_booking_and_one_payment(
    story: Story,
) -> None:
    _, listing = await story.host_with_listing()
    guest = await story.person("ada")
    answers = await asyncio.gather(
        *(guest.send(op.CREATE_BOOKING, input=stay(listing, "same")) for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {200}
    bodies = {answer.text for answer in answers}
    assert len(bodies) == 1
    assert "CreateBookingSuccess" in bodies.pop()
    assert len((await story.control.state())["payment_intents"]) == 1
    other = await guest.do(op.CREATE_BOOKING, input=stay(listing, "same", message="Hello"))
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_webhooks_ten_times_shuffled_and_at_once_have_one_effect(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guest = await story.person("ada")
    await story.control.webhooks(paused=True, duplicate=10)
    booked = await book(guest, listing)
    await pay(story, booked)
    await story.control.resume(shuffle=True)
    await confirmed(story, booked)
    await story.control.delivered()
    await all_done(story)
    seen = await guest.do(op.BOOKING, id=booked["booking"]["id"])
    assert [step["version"] for step in seen["history"]] == [1, 2]
    mails = [mail for mail in await story.mails() if mail["attachments"]]
    assert sorted(address for mail in mails for address in mail["to"]) == [
        "ada@example.com",
        "hedy@example.com",
    ]
    await check_books(story)


async def test_a_webhook_that_never_comes_is_found_by_asking(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guest = await story.person("ada")
    await story.control.webhooks(drop=["*"])
    booked = await book(guest, listing)
    await pay(story, booked)
    began = time.monotonic()
    await confirmed(story, booked, seconds=60)
    print(f"found without a webhook after {time.monotonic() - began:.0f} s")


async def test_nothing_is_lost_when_the_worker_is_killed_and_redis_wiped(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guest = await story.person("ada")
    redis = Redis.from_url(story.stack.settings.redis_url)
    booked = await book(guest, listing)
    # Dead before the payment's webhook comes, then again while its consequences run.
    story.stack.worker.kill()
    await pay(story, booked)
    await story.control.delivered()
    await redis.flushdb()
    for _ in range(3):
        story.stack.worker.launch()
        await asyncio.sleep(1.2)
        story.stack.worker.kill()
        await redis.flushdb()
    await story.stack.worker.start()
    await confirmed(story, booked, seconds=60)
    await all_done(story, seconds=60)
    mails = [mail for mail in await story.mails() if mail["attachments"]]
    by_person = Counter(address for mail in mails for address in mail["to"])
    assert set(by_person) == {"ada@example.com", "hedy@example.com"}
    # A kill between sending and noting it may repeat a mail, never under another id.
    assert len({mail["message_id"] for mail in mails}) == 2
    await check_books(story)
    await redis.aclose()


async def confirmed(story: Story, booked: Any, seconds: float = 20) -> None:
    async def is_confirmed() -> bool:
        async with story.db.read() as connection:
            return await connection.scalar(select(Booking.status)) == "CONFIRMED"

    await eventually(is_confirmed, seconds)


async def all_done(story: Story, seconds: float = 30) -> None:
    """Every consequence has taken effect; healing tasks may wait for their time."""

    async def is_done() -> bool:
        async with story.db.read() as connection:
            open_tasks = (
                await connection.execute(
                    select(OutboxMessage.task).where(
                        OutboxMessage.done_at.is_(None), OutboxMessage.task != "payments.start"
                    )
                )
            ).all()
        return not open_tasks

    await eventually(is_done, seconds)


async def test_rubbish_gets_a_clear_answer_and_changes_nothing(story: Story) -> None:
    _, listing = await story.host_with_listing()
    guest = await story.person("ada")
    rubbish: list[dict[str, Any]] = [
        {"propertyId": "nonsense"},
        {"propertyId": guest.user["id"]},
        {"checkIn": "2026-02-30"},
        {"checkIn": CHECK_OUT.isoformat(), "checkOut": CHECK_IN.isoformat()},
        {"guests": {"adults": -1}},
        {"guests": {"adults": 1_000_000_000_000}},
        {"expectedTotal": {"amount": 1.5, "currency": "EUR"}},
        {"expectedTotal": {"amount": 2**60, "currency": "EUR"}},
        {"expectedTotal": {"amount": TOTAL["amount"], "currency": "eur"}},
        {"idempotencyKey": ""},
        {"idempotencyKey": "\x00"},
        {"message": "x" * 5_000},
        {"message": "a\x00b"},
        {"paymentMethod": "SHELLS"},
    ]
    for changes in rubbish:
        answer = await guest.send(op.CREATE_BOOKING, input=stay(listing, "k") | changes)
        assert answer.status_code in (200, 400), (changes, answer.text)
        body = answer.json()
        if "errors" in body:
            codes = {error["extensions"]["code"] for error in body["errors"]}
            assert codes == {"BAD_USER_INPUT"}, (changes, body)
        else:
            assert body["data"]["createBooking"]["code"] != "INTERNAL_SERVER_ERROR", body
            assert "Error" in body["data"]["createBooking"]["__typename"], (changes, body)
    async with story.db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Payment)) == 0
    async with httpx2.AsyncClient(trust_env=False) as http:
        for body in (b"", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"query": 1}'):
            answer = await http.post(
                f"{story.stack.api.url}/graphql",
                content=body,
                headers={"content-type": "application/json"},
            )
            assert answer.status_code == 400, (body[:20], answer.text)
