"""Files made for whoever has their address: read, then made outside of transactions."""

import asyncio
from datetime import datetime

import msgspec

from app.accounting import queries
from app.accounting.downloads import DocumentFile, file_of
from app.accounting.pdf.paper import Printed, render
from app.identity import limits
from app.identity.client import Client
from app.identity.errors import LinkRefused
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from db.enums import DocumentKind
from db.session import Database

PDF = "application/pdf"
# Making a PDF keeps a processor busy for some tenths of a second: one at a time per process
# leaves the rest to others.
_pages = asyncio.Semaphore(1)


class Made(msgspec.Struct, frozen=True):
    """A file for a browser."""

    content: bytes
    media_type: str
    name: str


async def download(
    db: Database, limiter: Limiter, keys: TokenKeys, code: str, client: Client, now: datetime
) -> Made:
    """The file that an address is for. Raises LinkRefused, RateLimited."""
    await limiter.take(limits.download(client.address))
    return await _document(db, file_of(keys, code, now))


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
