"""Addresses of files: signed, for whoever was shown them, and good for some minutes.

A browser downloads by a plain address and sends no token along, so the address itself says what
it is for, and until when.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from app.accounting.periods import Month
from app.identity.errors import LinkRefused
from app.identity.tokens import TokenKeys

PATH = "/downloads/"
LASTS = timedelta(minutes=15)
MAC_BYTES = 16
USE = b"download"
# The longest there is, and some more.
MAX_LENGTH = 512


class Report(StrEnum):
    """Which report."""

    REVENUE = "revenue"
    TAXES = "taxes"


class DocumentFile(msgspec.Struct, frozen=True, array_like=True, tag="document"):
    """A document as a PDF."""

    document_id: UUID


class StatementFile(msgspec.Struct, frozen=True, array_like=True, tag="statement"):
    """A host's statement of a month as CSV."""

    host_id: UUID
    currency: str
    month: Month


class BookingFile(msgspec.Struct, frozen=True, array_like=True, tag="booking"):
    """What a host had of one booking, as CSV."""

    host_id: UUID
    booking_id: UUID


class ReportFile(msgspec.Struct, frozen=True, array_like=True, tag="report"):
    """One of our reports as CSV, for a member of staff as long as they are one."""

    report: Report
    first: Month
    last: Month
    user_id: UUID
    session_id: UUID


File = DocumentFile | StatementFile | BookingFile | ReportFile


class _Signed(msgspec.Struct, frozen=True, array_like=True):
    file: File
    # Seconds since 1970.
    until: int


def address_of(keys: TokenKeys, file: File, now: datetime) -> str:
    """The path of a file's address."""
    signed = msgspec.msgpack.encode(_Signed(file, int((now + LASTS).timestamp())))
    code = signed + _mac(keys.link_secrets[0], signed)
    return PATH + base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def file_of(keys: TokenKeys, code: str, now: datetime) -> File:
    """What the code of an address is for. Raises LinkRefused."""
    try:
        raw = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise LinkRefused from None
    signed, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    # Every key is tried, and each comparison takes the same time.
    genuine = [hmac.compare_digest(mac, _mac(secret, signed)) for secret in keys.link_secrets]
    if not any(genuine):
        raise LinkRefused
    found = msgspec.msgpack.decode(signed, type=_Signed)
    if datetime.fromtimestamp(found.until, UTC) <= now:
        raise LinkRefused
    return found.file


def _mac(secret: bytes, signed: bytes) -> bytes:
    return hmac.digest(secret, USE + signed, hashlib.sha256)[:MAC_BYTES]
