"""Out by SMTP."""

import asyncio
import logging
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from app import clock
from app.notifications.facts import Person
from app.notifications.formats import plain
from app.notifications.letters import Letter
from app.notifications.rendering import render

log = logging.getLogger(__name__)

# Per command, and for a whole mail; the task's own time-out is a little longer.
COMMAND_SECONDS = 10.0
MAIL_SECONDS = 20.0
# The server says that this address will never work.
NO_SUCH_RECIPIENT = {550, 551, 553}


class Server(msgspec.Struct, frozen=True):
    """Where mail is handed in, from a URL: `smtp://` (TLS if offered), `smtp+starttls://` (TLS
    insisted on) or `smtps://` (TLS from the start), with user and password if need be."""

    hostname: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    # None: if the server offers it.
    start_tls: bool | None


def server(url: str) -> Server:
    """Read SMTP_URL. Raises ValueError when it is not one."""
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("SMTP_URL must be smtp://, smtp+starttls:// or smtps:// and a host")
    use_tls = parts.scheme == "smtps"
    # A password never travels in the clear.
    insists = parts.scheme == "smtp+starttls" or bool(parts.password and not use_tls)
    return Server(
        hostname=parts.hostname,
        port=parts.port or ports[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=use_tls,
        start_tls=False if use_tls else insists or None,
    )


def compose(
    letter: Letter, recipient: Person, *, sender: str, reference: str, invitation: bytes | None
) -> EmailMessage:
    """A mail, ready to be sent.

    `reference` says what the letter is about, uniquely: the Message-ID follows from it alone, so
    that a mail sent twice can be recognised as one. Names and subjects lose line breaks on the
    way: whatever people call themselves, it adds no header.
    """
    name, address = parseaddr(sender)
    html, text = render(letter)
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<{letter.kind}.{reference}.{recipient.id}@{_domain(sender)}>"
    mail["Date"] = format_datetime(clock.now())
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(plain(recipient.full_name), addr_spec=recipient.email)
    mail["Subject"] = plain(letter.subject, 200)
    mail["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe_url is not None:
        # RFC 8058: mail programs offer it as a button, and post to it.
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    if invitation is not None:
        method = "CANCEL" if b"METHOD:CANCEL" in invitation else "REQUEST"
        mail.add_attachment(
            invitation,
            maintype="text",
            subtype="calendar",
            filename="stay.ics",
            params={"method": method, "charset": "utf-8"},
        )
    return mail


async def send(smtp_url: str, mail: EmailMessage) -> None:
    """Hand a mail to the server; also returns when the server knows that nobody has the address.

    Raises aiosmtplib.SMTPException, OSError or TimeoutError when it may work later.
    """
    to = server(smtp_url)
    try:
        async with asyncio.timeout(MAIL_SECONDS):
            await aiosmtplib.send(
                mail,
                hostname=to.hostname,
                port=to.port,
                username=to.username,
                password=to.password,
                use_tls=to.use_tls,
                start_tls=to.start_tls,
                timeout=COMMAND_SECONDS,
                # Its default asks DNS for this machine's name, and everything waits for that.
                local_hostname=_domain(str(mail["From"])),
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        if not all(refusal.code in NO_SUCH_RECIPIENT for refusal in error.recipients):
            raise
        log.warning("mail %s: nobody has its address", mail["Message-ID"])


def address_of(sender: str) -> str:
    """The bare address of `Roost <stays@roost.example>`."""
    return parseaddr(sender)[1]


def _domain(sender: str) -> str:
    return address_of(sender).rpartition("@")[2] or "localhost"
