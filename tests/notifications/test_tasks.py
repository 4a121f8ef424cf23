"""Each event's task sends that event's letters."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import update

from app.bookings.events import (
    BookingAccepted,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDeclined,
    BookingEvent,
    BookingExpired,
    BookingRequested,
)
from app.config import Settings
from app.identity.events import EmailChanged, EmailVerified, PasswordChanged
from app.ids import new_id
from app.outbox import Event
from app.runtime import Runtime, open_runtime
from db.enums import BookingActor, BookingStatus
from db.models import Booking
from jobs import tasks
from jobs.registry import TASKS, Lane
from tests.support import world
from tests.support.mailbox import Mailbox


@pytest.fixture
async def runtime(settings: Settings, mailbox: Mailbox) -> AsyncIterator[Runtime]:
    tasks.load()
    async with open_runtime(
        msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)
    ) as runtime:
        yield runtime


async def run(runtime: Runtime, event: Event) -> None:
    """What a worker does with the event's outbox rows."""
    for name in event.tasks:
        task = TASKS[name]
        assert task.lane is Lane.MAIL
        await task.run(runtime, msgspec.convert(msgspec.to_builtins(event), task.event))


@pytest.mark.parametrize(
    ("event", "status", "subject"),
    [
        (BookingRequested, BookingStatus.PENDING_HOST, "Your request for"),
        (BookingAccepted, BookingStatus.PENDING_PAYMENT, "Hedy accepted: pay now"),
        (BookingConfirmed, BookingStatus.CONFIRMED, "Confirmed: Tiled flat"),
        (BookingDeclined, BookingStatus.DECLINED, "Your request for"),
        (BookingCancelled, BookingStatus.CANCELLED, "Cancelled: Tiled flat"),
        (BookingExpired, BookingStatus.EXPIRED, "Your hold for"),
        (BookingCompleted, BookingStatus.COMPLETED, "How was Tiled flat"),
    ],
)
async def test_booking_events(
    runtime: Runtime,
    mailbox: Mailbox,
    event: type[BookingEvent],
    status: BookingStatus,
    subject: str,
) -> None:
    db = runtime.db
    host_id = await world.add_host(db)
    guest_id = await world.add_user(db, email="ada@example.com")
    property_id = await world.add_property(db, host_id)
    booking_id = await world.add_booking(db, property_id, guest_id, host_id)
    by = BookingActor.GUEST if status is BookingStatus.CANCELLED else None
    async with db.transaction() as session:
        await session.execute(update(Booking).values(status=status, cancelled_by=by))

    await run(runtime, event(booking_id=booking_id, version=1))

    (mail,) = mailbox.to("ada@example.com")
    assert mail.subject.startswith(subject)


async def test_account_events(runtime: Runtime, mailbox: Mailbox) -> None:
    user_id = await world.add_user(runtime.db, email="ada@example.com")

    await run(runtime, EmailVerified(user_id=user_id))
    await run(runtime, PasswordChanged(user_id=user_id, change_id=new_id()))
    await run(
        runtime, EmailChanged(user_id=user_id, old_email="old@example.com", change_id=new_id())
    )

    assert [(mail.to[0], mail.subject) for mail in mailbox.mails] == [
        ("ada@example.com", "Welcome to Roost"),
        ("ada@example.com", "Your password was changed"),
        ("old@example.com", "Your e-mail address was changed"),
    ]
