"""What a person can prove themselves by besides a password: an app's codes, passkeys, and
recovery codes for when those are lost.

Whoever has an authenticator app or a passkey is asked for one of them at every sign-in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import audit, passkeys, recovery, totp
from app.identity.client import Client
from app.identity.errors import PasskeyRefused
from app.identity.events import FactorsChanged
from app.identity.passkeys import Party
from app.identity.tokens import TokenKeys
from app.ids import new_id
from app.outbox import emit
from db.enums import SignInEventKind as Kind
from db.models import Passkey, RecoveryCode, TotpSecret
from db.statements import Reader, Statement


class Factors(msgspec.Struct, frozen=True):
    """What somebody has."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether a password alone signs nobody in."""
        return self.totp or self.passkeys > 0


class ByTotp(msgspec.Struct, frozen=True):
    """A code of the authenticator app."""

    code: str


class ByRecoveryCode(msgspec.Struct, frozen=True):
    """One of the codes for emergencies."""

    code: str


class ByPasskey(msgspec.Struct, frozen=True):
    """What an authenticator answered, in the form of WebAuthn's `AuthenticationResponseJSON`."""

    credential: Mapping[str, Any]


Answer: TypeAlias = ByTotp | ByRecoveryCode | ByPasskey

_FACTORS = Statement(
    Factors,
    lambda: select(
        exists().where(
            TotpSecret.user_id == bindparam("user_id"), TotpSecret.confirmed_at.is_not(None)
        ),
        select(func.count()).where(Passkey.user_id == bindparam("user_id")).scalar_subquery(),
        select(func.count()).where(RecoveryCode.user_id == bindparam("user_id")).scalar_subquery(),
    ),
)


async def held_by(reader: Reader, user_id: UUID) -> Factors:
    """What a user has, in one statement."""
    (held,) = await _FACTORS.fetch(reader, user_id=user_id)
    return held


async def meet(
    session: AsyncSession,
    keys: TokenKeys,
    party: Party,
    user_id: UUID,
    secret: bytes,
    answer: Answer,
    client: Client,
    now: datetime,
) -> bool:
    """Whether an answer is right, which uses it up. `secret` is the challenge of a passkey's.

    The caller holds the user's lock, and commits whatever the outcome: a refusal is noted.
    """
    match answer:
        case ByTotp(code):
            met = await totp.use(session, keys, user_id, code, now)
        case ByRecoveryCode(code):
            met = await recovery.use(session, user_id, code)
            if met:
                await note(session, Kind.RECOVERY_CODE_USED, user_id, client, now)
        case ByPasskey(credential):
            met = await _asserted(session, party, user_id, secret, credential, client, now)
    if not met:
        await audit.record(session, Kind.FACTOR_REFUSED, user_id, client, now)
    return met


async def note(
    session: AsyncSession,
    kind: Kind,
    user_id: UUID,
    client: Client,
    now: datetime,
    session_id: UUID | None = None,
) -> None:
    """Put what happened to somebody's factors into the trail, and mail it to them."""
    await audit.record(session, kind, user_id, client, now, session_id)
    await emit(session, FactorsChanged(user_id=user_id, kind=kind, change_id=new_id()))


async def _asserted(
    session: AsyncSession,
    party: Party,
    user_id: UUID,
    secret: bytes,
    credential: Mapping[str, Any],
    client: Client,
    now: datetime,
) -> bool:
    passkey = await passkeys.named_by(session, credential)
    if passkey is None or passkey.user_id != user_id:
        return False
    try:
        count = passkeys.verify(party, secret, passkey, credential)
    except PasskeyRefused:
        return False
    if not await passkeys.count_on(session, passkey, count, now):
        await note(session, Kind.PASSKEY_SUSPECTED, user_id, client, now)
        return False
    return True
