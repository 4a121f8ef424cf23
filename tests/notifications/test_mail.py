"""A letter as a mail: what is on paper, in the headers and in the calendar."""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import msgspec
import pytest
from icalendar import Calendar

from app.notifications import mailer
from app.notifications.facts import Person
from app.notifications.invitation import calendar
from app.notifications.letters import Button, Letter, Quote, Row
from app.notifications.rendering import render
from app.notifications.rules import Invitation
from tests.notifications.stays import ADA, HEDY, STAY, stay
from tests.support.mailbox import Mailbox

EVIL = "<script>alert('x')</script>\r\nBcc: eve@example.com"
LETTER = Letter(
    kind="test",
    subject="Grüße – ¥12,000",
    heading="Hello",
    paragraphs=("First.", "Second."),
    details=(Row("Place", "Lisbon"),),
    amounts=(Row("Total", "€1.00", is_strong=True),),
    quote=Quote("Hedy", "See\nyou"),
    button=Button("Go", "https://roost.example/?a=1&b=2"),
    note="Small print.",
)


def composed(
    letter: Letter = LETTER, recipient: Person = ADA, invitation: bytes | None = None
) -> EmailMessage:
    return mailer.compose(
        letter,
        recipient,
        sender="Roost <stays@roost.example>",
        reference="7.2",
        invitation=invitation,
    )


def test_html_and_text_say_the_same() -> None:
    html, text = render(LETTER)

    for word in ("Hello", "First.", "Second.", "Lisbon", "€1.00", "Hedy", "Small print."):
        assert word in html
        assert word in text
    assert "> See\n> you\n– Hedy\n" in text
    assert "Go: https://roost.example/?a=1&b=2" in text
    assert 'href="https://roost.example/?a=1&amp;b=2"' in html
    # Nothing is fetched when the mail is opened.
    assert "fonts.googleapis" not in html
    assert "<img" not in html


def test_what_people_typed_is_text_and_nothing_else() -> None:
    values = dict.fromkeys(("subject", "heading", "note"), EVIL)
    letter = msgspec.structs.replace(
        LETTER,
        **values,
        paragraphs=(EVIL,),
        quote=Quote(EVIL, EVIL),
        details=(Row(EVIL, EVIL),),
        button=Button(EVIL, 'https://x/" onclick="evil()'),
    )
    html, _ = render(letter)

    assert "<script" not in html
    assert '" onclick' not in html


def test_nobodys_name_adds_a_header() -> None:
    crook = Person(
        id=ADA.id, email=ADA.email, first_name="Eve\r\nBcc: all@example.com", last_name='"<x@y.z>,'
    )
    raw = composed(msgspec.structs.replace(LETTER, subject=EVIL), crook).as_bytes()
    head = raw.split(b"\r\n\r\n")[0]

    assert b"\nBcc:" not in head
    assert head.count(b"\nTo:") == 1
    parsed = composed(recipient=crook)["To"].addresses
    assert [address.addr_spec for address in parsed] == [ADA.email]


def test_the_headers_of_a_mail() -> None:
    mail = composed()

    assert mail["Message-ID"] == f"<test.7.2.{ADA.id}@roost.example>"
    assert mail["From"] == "Roost <stays@roost.example>"
    assert mail["To"] == "Ada Lovelace <ada@example.com>"
    assert mail["Subject"] == "Grüße – ¥12,000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo is not None
    assert all(len(line) <= 998 for line in mail.as_bytes().split(b"\r\n"))
    assert composed()["Message-ID"] == mail["Message-ID"]
    assert composed(recipient=HEDY)["Message-ID"] != mail["Message-ID"]


def test_an_invitation_holds_the_stay_from_check_in_to_check_out() -> None:
    raw = calendar(Invitation.REQUEST, STAY, ADA, sequence=3, organizer="stays@roost.example")
    file = Calendar.from_ical(raw)
    (event,) = file.walk("VEVENT")

    assert (file["method"], file["version"]) == ("REQUEST", "2.0")
    assert event["uid"] == f"booking-{STAY.booking_id}@roost"
    assert event["sequence"] == 3
    assert event.decoded("dtstart") == datetime(2026, 7, 1, 14, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 7, 4, 10, tzinfo=UTC)
    assert event["location"] == "Rua dos Remédios 1, 1100-442 Lisbon, Portugal"
    assert event["status"] == "CONFIRMED"
    assert event["attendee"] == "mailto:ada@example.com"
    assert HEDY.email.encode() not in raw


def test_a_cancellation_takes_the_same_stay_out_again() -> None:
    raw = calendar(Invitation.CANCEL, STAY, HEDY, sequence=4, organizer="stays@roost.example")
    (event,) = Calendar.from_ical(raw).walk("VEVENT")

    assert b"METHOD:CANCEL" in raw
    assert (event["status"], event["sequence"]) == ("CANCELLED", 4)
    assert event["uid"] == f"booking-{STAY.booking_id}@roost"


def test_a_title_cannot_break_out_of_the_calendar() -> None:
    title = "Flat\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Evil; x, y"
    raw = calendar(Invitation.REQUEST, stay(title=title), ADA, sequence=1, organizer="a@b.example")

    assert len(Calendar.from_ical(raw).walk("VEVENT")) == 1


async def test_a_mail_arrives_with_both_parts_and_the_invitation(mailbox: Mailbox) -> None:
    raw = calendar(Invitation.REQUEST, STAY, ADA, sequence=3, organizer="stays@roost.example")

    await mailer.send(mailbox.smtp_url, composed(invitation=raw))

    (mail,) = mailbox.to("ada@example.com")
    assert mail.subject == "Grüße – ¥12,000"
    assert "Second." in mail.text
    assert "<h1" in mail.html
    (attachment,) = mail.attachments
    assert (attachment.filename, attachment.content_type) == ("stay.ics", "text/calendar")
    assert attachment.content.replace(b"\r\n", b"\n") == raw.replace(b"\r\n", b"\n")


async def test_what_the_server_puts_off_is_tried_again_later(mailbox: Mailbox) -> None:
    mailbox.refuses = "451 later"

    with pytest.raises(aiosmtplib.SMTPDataError):
        await mailer.send(mailbox.smtp_url, composed())


@pytest.mark.parametrize(("answer", "raises"), [(b"550 no such user", False), (b"450 busy", True)])
async def test_an_address_that_nobody_has_is_not_tried_again(answer: bytes, raises: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            writer.write((answer if verb == b"RCPT" else b"250 ok") + b"\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        if raises:
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
                await mailer.send(url, composed())
        else:
            await mailer.send(url, composed())


async def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailer, "COMMAND_SECONDS", 0.2)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async with server:
        with pytest.raises(TimeoutError):
            await mailer.send(url, composed())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", ("mail", 25, None, None, False, None)),
        ("smtp://mail:1025", ("mail", 1025, None, None, False, None)),
        # A password does not travel in the clear.
        ("smtp://me:p%40ss@mail", ("mail", 25, "me", "p@ss", False, True)),
        ("smtp+starttls://mail", ("mail", 587, None, None, False, True)),
        ("smtps://me:x@mail", ("mail", 465, "me", "x", True, False)),
    ],
)
def test_the_servers_url(url: str, expected: tuple[object, ...]) -> None:
    assert msgspec.structs.astuple(mailer.server(url)) == expected


@pytest.mark.parametrize("url", ["", "mail:25", "http://mail", "smtp://"])
def test_what_is_not_a_servers_url(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        mailer.server(url)
