"""A mail server inside the test process that keeps what it is sent."""

import asyncio
import re
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.dev.mail import Mail, parse


def code_in(text: str) -> str:
    """The code of a mailed link. AssertionError when the mail's text has none."""
    found = re.search(r"^Code: (\S{43})\s*$", text, re.MULTILINE)
    assert found, text
    return found.group(1)


class Mailbox:
    """Received mails, oldest first. While `refuses` is set, every mail gets that answer."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refuses: str | None = None
        self.smtp_url = ""
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
        )
        port = self._server.sockets[0].getsockname()[1]
        self.smtp_url = f"smtp://127.0.0.1:{port}"

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd for each mail."""
        if self.refuses:
            return self.refuses
        raw = envelope.content or b""
        content = raw if isinstance(raw, bytes) else raw.encode()
        mail = parse(str(len(self.mails)), datetime.now(UTC), envelope.rcpt_tos, content)
        self.mails.append(mail)
        self._arrived.set()
        return "250 OK"

    def to(self, address: str) -> list[Mail]:
        """What `address` was sent."""
        return [mail for mail in self.mails if address in mail.to]

    async def wait_for(self, count: int, *, to: str | None = None, seconds: float = 10) -> None:
        """Return once `count` mails (to `to`) have arrived. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.to(to) if to else self.mails) < count:
                self._arrived.clear()
                await self._arrived.wait()
