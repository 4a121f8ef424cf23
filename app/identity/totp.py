"""Codes of authenticator apps (TOTP, RFC 6238), each used once.

The arithmetic is cryptography's; Six digits and 30 seconds are what every app knows.
"""

import base64
import hmac
import os
import re
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import sealing
from app.identity.tokens import TokenKeys
from db.models import TotpSecret

ISSUER = "Roost"
# RFC 4226 recommends 160 bits.
SECRET_BYTES = 20
DIGITS = 6
STEP_SECONDS = 30
# Steps that an app's clock may be behind or ahead, and somebody may take to type.
DRIFT = 1
# How long a secret that was handed out waits for its first code.
PATIENCE = timedelta(hours=1)
# Sealed anew in one go.
RENEWED_AT_ONCE = 500

log = structlog.get_logger(__name__)

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


def step_at(now: datetime) -> int:
    """Which 30 seconds since 1970 it is."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int) -> str:
    """The code of a step."""
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The step that a code belongs to, if it is one of about now."""
    typed = "".join(code.split())
    if not _CODE.fullmatch(typed):
        return None
    current = step_at(now)
    # All are compared, so that the time taken does not tell which it was.
    fitting = [
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if hmac.compare_digest(code_of(secret, step), typed)
    ]
    return fitting[-1] if fitting else None


def text_of(secret: bytes) -> str:
    """A secret as people type it into an app: base32."""
    return base64.b32encode(secret).decode()


def uri_of(secret: bytes, username: str) -> str:
    """A secret as apps scan it: an otpauth:// address, to be shown as a QR code."""
    return _totp(secret).get_provisioning_uri(username, ISSUER)


async def enroll(
    session: AsyncSession, keys: TokenKeys, user_id: UUID, now: datetime
) -> bytes | None:
    """A new secret, in place of one that was never confirmed. None when there is one that was."""
    secret = os.urandom(SECRET_BYTES)
    values = {
        "sealed_secret": sealing.seal(keys, secret, user_id.bytes),
        "created_at": now,
        "last_step": 0,
    }
    stored = await session.execute(
        insert(TotpSecret)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(
            index_elements=[TotpSecret.user_id],
            set_=values,
            where=TotpSecret.confirmed_at.is_(None),
        )
        .returning(TotpSecret.user_id)
    )
    return None if stored.first() is None else secret


async def confirm(
    session: AsyncSession, keys: TokenKeys, user_id: UUID, code: str, now: datetime
) -> bool | None:
    """Switch on the secret that waits for its first code, by that code.

    False for another code, None when no secret waits.
    """
    waiting = (TotpSecret.confirmed_at.is_(None), TotpSecret.created_at > now - PATIENCE)
    secret = await _secret(session, keys, user_id, *waiting)
    if secret is None:
        return None
    step = step_of(secret, code, now)
    if step is None:
        return False
    confirmed = await session.execute(
        update(TotpSecret)
        .where(TotpSecret.user_id == user_id, *waiting)
        .values(confirmed_at=now, last_step=step)
        .returning(TotpSecret.user_id)
    )
    return confirmed.first() is not None


async def use(
    session: AsyncSession, keys: TokenKeys, user_id: UUID, code: str, now: datetime
) -> bool:
    """Use a code up. False for a wrong one, and for one that it or a newer one was used of."""
    confirmed = TotpSecret.confirmed_at.is_not(None)
    secret = await _secret(session, keys, user_id, confirmed)
    step = None if secret is None else step_of(secret, code, now)
    if step is None:
        return False
    used = await session.execute(
        update(TotpSecret)
        .where(TotpSecret.user_id == user_id, confirmed, TotpSecret.last_step < step)
        .values(last_step=step)
        .returning(TotpSecret.user_id)
    )
    return used.first() is not None


async def remove(session: AsyncSession, user_id: UUID) -> bool:
    """Switch it off. False when it was not on."""
    removed = await session.execute(
        delete(TotpSecret).where(TotpSecret.user_id == user_id).returning(TotpSecret.confirmed_at)
    )
    return removed.scalar_one_or_none() is not None


async def renew_seals(session: AsyncSession, keys: TokenKeys) -> int:
    """Seal anew, by the first key, what another one has sealed. Returns how many it did.

    What none of the keys opens is left alone: its key may come back.
    """
    mark = func.substring(TotpSecret.sealed_secret, 1, sealing.MARK_BYTES)
    older = [sealing.mark_of(secret) for secret in keys.sealing_secrets[1:]]
    found = await session.execute(
        select(TotpSecret.user_id, TotpSecret.sealed_secret)
        .where(mark.in_(older))
        .order_by(TotpSecret.user_id)
        .limit(RENEWED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    renewed = 0
    for user_id, sealed in found.all():
        secret = sealing.unseal(keys, sealed, user_id.bytes)
        if secret is not None:
            await session.execute(
                update(TotpSecret)
                .where(TotpSecret.user_id == user_id)
                .values(sealed_secret=sealing.seal(keys, secret, user_id.bytes))
            )
            renewed += 1
    return renewed


async def _secret(
    session: AsyncSession, keys: TokenKeys, user_id: UUID, *which: ColumnElement[bool]
) -> bytes | None:
    found = await session.execute(
        select(TotpSecret.sealed_secret).where(TotpSecret.user_id == user_id, *which)
    )
    sealed = found.scalar_one_or_none()
    if sealed is None:
        return None
    secret = sealing.unseal(keys, sealed, user_id.bytes)
    if secret is None:
        log.error("a TOTP secret cannot be opened: was its signing key dropped too early?")
    return secret


def _totp(secret: bytes) -> TOTP:
    # As an HMAC, SHA-1 is unbroken, and many apps know nothing else.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303
