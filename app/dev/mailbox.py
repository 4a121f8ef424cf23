"""The mail catcher: SMTP in; a web page and JSON out. Nothing it receives goes any further.

`GET /api/messages?to=…` (newest first), `GET /api/messages/{id}`, `DELETE /api/messages`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, MediaType, Response, delete, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from app.dev.mail import Mail, Mailbox

LARGEST_MAIL = 25 * 1024 * 1024

# What a mail may do in the reader's browser: show itself and pictures, and open links elsewhere.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src * data:; style-src 'unsafe-inline'; font-src data:"
)

pages = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("pages")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Catcher:
    """Keeps every mail that aiosmtpd hands over."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd for each mail."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        self.mailbox.add(envelope.rcpt_tos, raw)
        return "250 OK: caught"


async def listen(mailbox: Mailbox, host: str, port: int) -> asyncio.Server:
    """Receive mail into `mailbox`. Raises OSError when the port can't be had."""
    loop = asyncio.get_running_loop()
    catcher = Catcher(mailbox)
    return await loop.create_server(
        lambda: SMTP(
            catcher,
            hostname="roost-mailbox",
            ident="Roost mail catcher",
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST_MAIL,
            loop=loop,
        ),
        host,
        port,
    )


Kept = NamedDependency[Mailbox]


def find(mailbox: Mailbox, id: str) -> Mail:
    """Raises NotFoundException for a mail that is not, or no longer, there."""
    mail = mailbox.mails.get(id)
    if mail is None:
        raise NotFoundException("No such mail; it may have been deleted.")
    return mail


def page(mailbox: Mailbox, selected: Mail | None) -> str:
    """The list, and one mail beside it."""
    mails = list(reversed(mailbox.mails.values()))
    return pages.get_template("mailbox.html").render(
        mails=mails, selected=selected, smtp=mailbox.address
    )


@get("/", media_type=MediaType.HTML)
async def index(mailbox: Kept) -> str:
    return page(mailbox, next(reversed(mailbox.mails.values()), None))


@get("/messages/{id:str}", media_type=MediaType.HTML)
async def message(mailbox: Kept, id: FromPath[str]) -> Response[str] | Redirect:
    if id not in mailbox.mails:
        return Redirect("/")
    return Response(page(mailbox, mailbox.mails[id]), media_type=MediaType.HTML)


@get("/messages/{id:str}/html", media_type=MediaType.HTML)
async def html(mailbox: Kept, id: FromPath[str]) -> Response[str]:
    # Links open in a new tab, not inside the frame.
    content = '<base target="_blank">' + find(mailbox, id).html
    return Response(content, headers={"Content-Security-Policy": MAIL_POLICY})


@get("/messages/{id:str}/attachments/{number:int}")
async def attachment(mailbox: Kept, id: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    attachments = find(mailbox, id).attachments
    if not 0 <= number < len(attachments):
        raise NotFoundException("No such attachment.")
    file = attachments[number]
    return Response(
        file.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.filename)}"},
    )


@get("/api/messages")
async def messages(mailbox: Kept, to: FromQuery[str | None] = None) -> list[Mail]:
    return [mail for mail in reversed(mailbox.mails.values()) if to is None or to in mail.to]


@get("/api/messages/{id:str}")
async def one(mailbox: Kept, id: FromPath[str]) -> Mail:
    return find(mailbox, id)


@delete("/api/messages")
async def clear(mailbox: Kept) -> None:
    mailbox.clear()


@get("/api/newest")
async def newest(mailbox: Kept) -> dict[str, str | None]:
    return {"id": next(reversed(mailbox.mails), None)}


@get("/health/ready")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


def web(mailbox: Mailbox, host: str, smtp_port: int) -> Litestar:
    """The page and the JSON; receives mail on `smtp_port` while it runs."""
    mailbox.address = f"{host}:{smtp_port}"

    @asynccontextmanager
    async def receiving(app: Litestar) -> AsyncIterator[None]:
        server = await listen(mailbox, host, smtp_port)
        yield
        server.close()

    return Litestar(
        [index, message, html, attachment, messages, one, clear, newest, ready],
        dependencies={"mailbox": Provide(lambda: mailbox, sync_to_thread=False)},
        lifespan=[receiving],
        openapi_config=None,
        logging_config=None,
    )


def run() -> None:
    """Run until a signal. Reads HOST, MAILBOX_PORT, MAILBOX_SMTP_PORT and MAILBOX_DIR."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = int(os.environ.get("MAILBOX_PORT") or 8025)
    smtp_port = int(os.environ.get("MAILBOX_SMTP_PORT") or 1025)
    folder = Path(os.environ.get("MAILBOX_DIR") or "var/mailbox")
    try:
        mailbox = Mailbox(folder)
    except OSError as error:
        sys.exit(f"MAILBOX_DIR: can't use {folder} ({error.strerror})")
    uvicorn.run(
        web(mailbox, host, smtp_port),
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
