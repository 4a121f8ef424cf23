"""Files made for whoever has their address: read, then made outside of transactions."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from app.accounting import queries, reports, statements, tables
from app.accounting.documents import issuer_of
from app.accounting.downloads import (
    BookingFile,
    DocumentFile,
    Report,
    ReportFile,
    StatementFile,
    file_of,
)
from app.accounting.pdf.paper import Printed, render
from app.accounting.periods import period
from app.actor import Actor
from app.config import Settings
from app.identity import limits, staff
from app.identity.client import Client
from app.identity.errors import LinkRefused
from app.identity.staff import Look
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from db.enums import DocumentKind, StaffActionKind
from db.session import Database

PDF, CSV = "application/pdf", "text/csv; charset=utf-8; header=present"
# Making a PDF keeps a processor busy for some tenths of a second: one at a time per process
# leaves the rest to others.
_pages = asyncio.Semaphore(1)


class Made(msgspec.Struct, frozen=True):
    """A file for a browser."""

    content: bytes
    media_type: str
    name: str


async def download(
    db: Database,
    limiter: Limiter,
    settings: Settings,
    keys: TokenKeys,
    code: str,
    client: Client,
    now: datetime,
) -> Made:
    """The file that an address is for. Raises LinkRefused, RateLimited."""
    await limiter.take(limits.download(client.address))
    zone = issuer_of(settings).zone
    match file_of(keys, code, now):
        case DocumentFile() as file:
            return await _document(db, file)
        case StatementFile() as file:
            return await _statement(db, file, zone)
        case BookingFile() as file:
            found = await statements.lines_of(db, file.host_id, file.booking_id)
            return _csv(f"booking-{file.booking_id}", tables.movements(found, zone))
        case ReportFile() as file:
            return await _report(db, file, zone, now)


async def _statement(db: Database, file: StatementFile, zone: ZoneInfo) -> Made:
    asked = (file.host_id, file.currency, period(file.month, file.month, zone))
    opening = (await statements.balances(db, *asked)).opening_minor
    found = await statements.lines(db, *asked)
    table = tables.statement(opening, found, file.currency, zone)
    return _csv(f"statement-{file.month}-{file.currency}", table)


async def _report(db: Database, file: ReportFile, zone: ZoneInfo, now: datetime) -> Made:
    # Whoever was shown the address may be nobody special any more; and this look leaves a line.
    actor = Actor(user_id=file.user_id, session_id=file.session_id)
    look = Look(StaffActionKind.BOOKS_READ, None, None)
    if not (await staff.look(db, actor, [look], now))[look]:
        raise LinkRefused
    asked = period(file.first, file.last, zone)
    if file.report is Report.REVENUE:
        table = tables.revenue(await reports.revenue(db, asked))
    else:
        table = tables.taxes(await reports.taxes(db, asked))
    return _csv(f"{file.report}-{file.first}-{file.last}", table)


def _csv(name: str, table: bytes) -> Made:
    return Made(table, CSV, f"{name}.csv")


async def _document(db: Database, file: DocumentFile) -> Made:
    found = (await queries.documents(db, [file.document_id])).get(file.document_id)
    if found is None:
        raise LinkRefused
    printed = Printed(
        kind=DocumentKind(found.kind),
        number=found.number,
        currency=found.currency,
        total_minor=found.total_minor,
        issued_at=found.issued_at,
        content=found.content,
    )
    async with _pages:
        content = await asyncio.to_thread(render, printed)
    return Made(content, PDF, f"{found.number}.pdf")
