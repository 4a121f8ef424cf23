"""The mail catcher: what goes in by SMTP comes out as a page, as JSON and after a restart."""

import asyncio
import base64
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import aiosmtplib
import httpx2
import pytest
from litestar import Litestar

from app.dev.mail import Mailbox
from app.dev.mailbox import web
from tests.support.lifespan import running
from tests.support.mailbox import Mailbox as Capture
from tests.support.ports import free_port


class Running:
    """A catcher inside this process."""

    def __init__(self, app: Litestar, client: httpx2.AsyncClient, smtp_port: int) -> None:
        self.app = app
        self.client = client
        self.smtp_port = smtp_port

    async def json(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == httpx2.codes.OK, answer.text
        return answer.json()

    async def send(self, mail: EmailMessage, *recipients: str) -> None:
        await aiosmtplib.send(
            mail, recipients=recipients or None, hostname="127.0.0.1", port=self.smtp_port
        )


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Running]:
    port = free_port()
    app = web(Mailbox(tmp_path), "127.0.0.1", port)
    transport = httpx2.ASGITransport(cast(Any, app))
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://m") as c:
        yield Running(app, c, port)


def letter(subject: str = "Your stay – confirmed", to: str = "ana@example.com") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Roost <stays@roost.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<booking-1@roost.example>"
    mail.set_content("See you in Lisboa.")
    mail.add_alternative("<p>See you in <b>Lisboa</b>.<script>alert(1)</script></p>", "html")
    mail.add_attachment(
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        subtype="calendar",
        filename='stay "ü".ics',
        params={"method": "REQUEST"},
    )
    return mail


async def test_a_mail_comes_out_as_json(catcher: Running) -> None:
    await catcher.send(letter(), "ana@example.com", "hidden@example.com")
    [mail] = await catcher.json("/api/messages")
    assert mail["from"] == "Roost <stays@roost.example>"
    assert mail["to"] == ["ana@example.com", "hidden@example.com"]
    assert mail["subject"] == "Your stay – confirmed"
    assert mail["message_id"] == "<booking-1@roost.example>"
    assert mail["text"].strip() == "See you in Lisboa."
    assert "<b>Lisboa</b>" in mail["html"]
    [file] = mail["attachments"]
    assert (file["filename"], file["content_type"]) == ('stay "ü".ics', "text/calendar")
    assert base64.b64decode(file["content"]).startswith(b"BEGIN:VCALENDAR")
    assert await catcher.json(f"/api/messages/{mail['id']}") == mail
    assert await catcher.json("/api/messages?to=hidden@example.com") == [mail]
    assert await catcher.json("/api/messages?to=nobody@example.com") == []


async def test_a_mail_cannot_run_anything_in_the_page(catcher: Running) -> None:
    await catcher.send(letter(subject="<script>alert(1)</script>"))
    [mail] = await catcher.json("/api/messages")
    page = (await catcher.client.get(f"/messages/{mail['id']}")).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'sandbox="allow-popups' in page
    frame = await catcher.client.get(f"/messages/{mail['id']}/html")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    file = await catcher.client.get(f"/messages/{mail['id']}/attachments/0")
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment;")


async def test_the_page_lists_the_newest_first_and_opens_it(catcher: Running) -> None:
    assert "No mail yet" in (await catcher.client.get("/")).text
    await catcher.send(letter("first"))
    await catcher.send(letter("second"))
    page = (await catcher.client.get("/")).text
    assert page.index("second") < page.index("first")
    assert "<h2>second</h2>" in page


async def test_what_is_not_there_is_not_found(catcher: Running) -> None:
    await catcher.send(letter())
    [mail] = await catcher.json("/api/messages")
    for path in ("/api/messages/x", "/messages/x/html", f"/messages/{mail['id']}/attachments/7"):
        assert (await catcher.client.get(path)).status_code == httpx2.codes.NOT_FOUND


async def test_mails_survive_a_restart_until_deleted(catcher: Running, tmp_path: Path) -> None:
    await catcher.send(letter(), "ana@example.com", "hidden@example.com")
    [before] = await catcher.json("/api/messages")
    [again] = Mailbox(tmp_path).mails.values()
    assert (again.id, again.subject, again.to) == (
        before["id"],
        before["subject"],
        tuple(before["to"]),
    )
    assert (await catcher.client.delete("/api/messages")).status_code == httpx2.codes.NO_CONTENT
    assert await catcher.json("/api/messages") == []
    assert not Mailbox(tmp_path).mails


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, kept=3)
    for number in range(5):
        mailbox.add(["a@example.com"], f"Subject: {number}\r\n\r\nhi".encode())
    assert [mail.subject for mail in mailbox.mails.values()] == ["2", "3", "4"]
    assert [m.subject for m in Mailbox(tmp_path).mails.values()] == ["2", "3", "4"]


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"Subject: x", b"Content-Type: text/html\r\n\r\n"]
)
def test_a_mangled_mail_is_kept_all_the_same(tmp_path: Path, raw: bytes) -> None:
    Mailbox(tmp_path).add(["a@example.com"], raw)
    assert len(Mailbox(tmp_path).mails) == 1


async def test_the_capture_of_the_tests_waits_and_refuses(mailbox: Capture) -> None:
    port = int(mailbox.smtp_url.rsplit(":", 1)[1])
    sending = asyncio.create_task(aiosmtplib.send(letter(), hostname="127.0.0.1", port=port))
    await mailbox.wait_for(1, to="ana@example.com")
    await sending
    assert mailbox.mails[0].attachments[0].content_type == "text/calendar"
    mailbox.refuses = "451 later"
    with pytest.raises(aiosmtplib.SMTPDataError):
        await aiosmtplib.send(letter(), hostname="127.0.0.1", port=port)
    assert len(mailbox.mails) == 1
