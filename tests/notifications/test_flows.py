"""From rows to mails."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiosmtplib
import msgspec
import pytest
from sqlalchemy import insert, select, update

from app.config import Settings
from app.ids import new_id
from app.ledger import service as ledger
from app.ledger.rules import Shares, dispute_lost
from app.notifications import flows
from app.notifications.rules import Occasion
from db.enums import BookingActor, BookingStatus
from db.models import (
    Booking,
    BookingChange,
    Dispute,
    Payment,
    Payout,
    PayoutItem,
    Property,
    Refund,
    User,
)
from db.session import Database
from tests.support import world
from tests.support.mailbox import Mailbox


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    """Settings whose mail goes to the mailbox."""
    return msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)


class Stage(msgspec.Struct):
    """A booking of Ada's at Hedy's."""

    db: Database
    booking_id: UUID
    guest_id: UUID
    host_id: UUID

    async def move(self, status: BookingStatus, version: int, **columns: Any) -> None:
        """Put the booking into another state, with its history."""
        previous = BookingStatus.CONFIRMED
        async with self.db.transaction() as session:
            await session.execute(
                update(Booking)
                .where(Booking.id == self.booking_id)
                .values(status=status, version=version, **columns)
            )
            await session.execute(
                insert(BookingChange).values(
                    booking_id=self.booking_id,
                    version=version,
                    status=status,
                    previous_status=previous,
                    actor=BookingActor.GUEST,
                    occurred_at=world.NOW,
                )
            )


@pytest.fixture
async def stage(db: Database) -> Stage:
    host_id = await world.add_host(db, email="hedy@example.com", last_name="Lamarr")
    guest_id = await world.add_user(db, email="ada@example.com")
    property_id = await world.add_property(db, host_id)
    booking_id = await world.add_booking(
        db, property_id, guest_id, host_id, confirmed_at=world.NOW, message="By train."
    )
    return Stage(db, booking_id, guest_id, host_id)


async def test_a_new_user_is_welcomed(db: Database, settings: Settings, mailbox: Mailbox) -> None:
    user_id = await world.add_user(db, email="ada@example.com")

    await flows.welcome(db, settings, user_id)

    (mail,) = mailbox.mails
    assert mail.to == ("ada@example.com",)
    assert "Welcome, Ada" in mail.text


async def test_a_confirmation_reaches_both_with_an_invitation(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    await flows.about_booking(stage.db, settings, Occasion.CONFIRMED, stage.booking_id, 1)

    (guest,) = mailbox.to("ada@example.com")
    (host,) = mailbox.to("hedy@example.com")
    assert "Rua dos Remédios 1" in guest.text
    assert "Wednesday 1 July 2026, 15:00" in guest.html
    assert "€291.00" in host.text
    for mail in (guest, host):
        (attachment,) = mail.attachments
        assert b"METHOD:REQUEST" in attachment.content
        assert b"SEQUENCE:1" in attachment.content


async def test_a_letter_sent_again_is_the_same_letter(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    for _ in range(2):
        await flows.about_booking(stage.db, settings, Occasion.CONFIRMED, stage.booking_id, 1)

    first, second = mailbox.to("ada@example.com")
    assert first.message_id == second.message_id
    assert (first.text, first.subject) == (second.text, second.subject)
    assert first.attachments == second.attachments


async def test_a_cancellation_says_what_is_refunded(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    await pay(stage, 300_00, refund=150_00)
    await stage.move(
        BookingStatus.CANCELLED, 2, cancelled_by=BookingActor.GUEST, cancelled_at=world.NOW
    )

    await flows.about_booking(stage.db, settings, Occasion.CANCELLED, stage.booking_id, 2)

    (guest,) = mailbox.to("ada@example.com")
    assert "€150.00 goes back" in guest.text
    assert b"METHOD:CANCEL" in guest.attachments[0].content
    assert b"SEQUENCE:2" in guest.attachments[0].content
    assert "Ada Lovelace has cancelled" in mailbox.to("hedy@example.com")[0].text


async def test_news_that_are_no_longer_true_are_not_sent(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    await stage.move(
        BookingStatus.CANCELLED, 2, cancelled_by=BookingActor.GUEST, cancelled_at=world.NOW
    )

    await flows.about_booking(stage.db, settings, Occasion.CONFIRMED, stage.booking_id, 1)

    assert mailbox.mails == []


async def test_one_sides_trouble_is_not_the_others(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    async with stage.db.transaction() as session:
        await session.execute(
            update(User).where(User.id == stage.guest_id).values(email="not an address")
        )

    with pytest.raises(Exception, match="addr-spec"):
        await flows.about_booking(stage.db, settings, Occasion.CONFIRMED, stage.booking_id, 1)

    assert len(mailbox.to("hedy@example.com")) == 1


async def test_a_mail_server_that_is_away_is_an_error_to_retry(
    stage: Stage, settings: Settings
) -> None:
    away = msgspec.structs.replace(settings, smtp_url="smtp://127.0.0.1:9")

    with pytest.raises(aiosmtplib.SMTPConnectError):
        await flows.about_booking(stage.db, away, Occasion.CONFIRMED, stage.booking_id, 1)


async def add_payout(stage: Stage, **columns: Any) -> UUID:
    payout_id = new_id()
    async with stage.db.transaction() as session:
        await session.execute(
            insert(Payout).values(
                id=payout_id,
                host_id=stage.host_id,
                provider="STRIPE",
                currency="EUR",
                amount_minor=291_00,
                **columns,
            )
        )
        await session.execute(
            insert(PayoutItem).values(
                payout_id=payout_id, booking_id=stage.booking_id, amount_minor=291_00
            )
        )
    return payout_id


async def test_a_payout_is_announced(stage: Stage, settings: Settings, mailbox: Mailbox) -> None:
    payout_id = await add_payout(stage, status="PAID", paid_at=world.NOW)

    await flows.payout_sent(stage.db, settings, payout_id)

    (mail,) = mailbox.to("hedy@example.com")
    assert mail.subject == "Your payout of €291.00 is on its way"
    assert "1 booking" in mail.text


async def test_a_payout_that_failed_comes_with_what_helps(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    payout_id = await add_payout(stage, status="FAILED", failure_code="account_not_active")
    await flows.payout_failed(stage.db, settings, payout_id, "Your account is <closed>.")
    (mail,) = mailbox.to("hedy@example.com")
    assert mail.subject == "Your payout of €291.00 did not reach you"
    assert "Hello Hedy, your account is <closed>." in mail.text


@pytest.mark.parametrize(
    ("status", "subject", "says"),
    [
        ("NEEDS_RESPONSE", "Ada's bank disputes the payment for Tiled flat in Alfama", "on hold"),
        ("WON", "The dispute about Tiled flat in Alfama is won", "paid out as usual"),
        (
            "LOST",
            "The dispute about Tiled flat in Alfama is lost",
            "€241.00 of it were your earnings",
        ),
    ],
)
async def test_a_host_hears_of_a_dispute(
    stage: Stage, settings: Settings, mailbox: Mailbox, status: str, subject: str, says: str
) -> None:
    await pay(stage, 300_00, refund=10_00)
    dispute = new_id()
    async with stage.db.transaction() as session:
        payment = (await session.execute(select(Payment.id))).scalar_one()
        await session.execute(
            insert(Dispute).values(
                id=dispute,
                payment_id=payment,
                provider="STRIPE",
                provider_dispute_id="dp_1",
                status=status,
                amount_minor=300_00,
                currency="EUR",
                reason="fraudulent",
                opened_at=world.NOW,
                settled_at=None if status == "NEEDS_RESPONSE" else world.NOW,
            )
        )
        if status == "LOST":
            shares = Shares(host_minor=241_00, platform_minor=59_00, tax_minor=0)
            lost = dispute_lost(dispute, stage.booking_id, stage.host_id, "EUR", shares)
            await ledger.post(session, lost, world.NOW)

    await flows.dispute_opened(stage.db, settings, dispute)
    if status != "NEEDS_RESPONSE":
        assert mailbox.mails == []
        await flows.dispute_settled(stage.db, settings, dispute)

    (mail,) = mailbox.to("hedy@example.com")
    assert mail.subject == subject
    assert says in mail.text
    assert mailbox.to("ada@example.com") == []


async def test_titles_and_names_arrive_harmless(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    async with stage.db.transaction() as session:
        await session.execute(update(Property).values(title="<b>Flat</b>\r\nBcc: eve@example.com"))
        await session.execute(update(User).values(first_name="Eve\r\nX-Evil: 1"))

    await flows.about_booking(stage.db, settings, Occasion.CONFIRMED, stage.booking_id, 1)

    (mail,) = mailbox.to("ada@example.com")
    assert "&lt;b&gt;Flat" in mail.html
    assert not {"Bcc", "X-Evil"} & {name for name, _ in mail.headers}


async def test_whom_a_letter_was_for_may_be_gone(
    db: Database, settings: Settings, mailbox: Mailbox
) -> None:
    await flows.welcome(db, settings, new_id())
    await flows.payout_sent(db, settings, new_id())
    await flows.payout_failed(db, settings, new_id(), "Wait.")
    await flows.dispute_opened(db, settings, new_id())
    await flows.dispute_settled(db, settings, new_id())
    await flows.about_booking(db, settings, Occasion.CONFIRMED, new_id(), 1)

    assert mailbox.mails == []


async def pay(stage: Stage, amount: int, refund: int) -> None:
    """The booking's payment, with a refund under way."""
    payment_id = new_id()
    async with stage.db.transaction() as session:
        await session.execute(
            insert(Payment).values(
                id=payment_id,
                booking_id=stage.booking_id,
                attempt=1,
                provider="STRIPE",
                method="CARD",
                status="PAID",
                amount_minor=amount,
                captured_minor=amount,
                currency="EUR",
                guest_id=stage.guest_id,
                host_id=stage.host_id,
                host_minor=amount,
                platform_minor=0,
                tax_minor=0,
                manual_capture=False,
                paid_at=datetime(2026, 6, 1, tzinfo=UTC),
            )
        )
        await session.execute(
            insert(Refund).values(
                id=new_id(),
                payment_id=payment_id,
                reason="CANCELLATION",
                status="PENDING",
                amount_minor=refund,
                host_minor=refund,
                platform_minor=0,
                tax_minor=0,
            )
        )
