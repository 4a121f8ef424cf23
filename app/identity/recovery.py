"""Recovery codes: shown once, each stands in once for a factor that is lost."""

import base64
import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import RecoveryCode

COUNT = 10
# 80 bits: nobody guesses one, so a plain hash of it is enough.
CODE_BYTES = 10


async def make(session: AsyncSession, user_id: UUID, now: datetime) -> list[str]:
    """Ten new codes in place of all earlier ones: `ABCD-EFGH-IJKL-MNOP`, from A–Z and 2–7."""
    codes = [_new() for _ in range(COUNT)]
    await remove(session, user_id)
    await session.execute(
        insert(RecoveryCode),
        [{"user_id": user_id, "code_hash": hash_of(code), "created_at": now} for code in codes],
    )
    return codes


async def use(session: AsyncSession, user_id: UUID, code: str) -> bool:
    """Use a code up. False for one that is wrong or used."""
    used = await session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == hash_of(code))
        .returning(RecoveryCode.user_id)
    )
    return used.first() is not None


async def remove(session: AsyncSession, user_id: UUID) -> None:
    """Void all codes."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def hash_of(code: str) -> bytes:
    """What is stored of a code, however it is typed."""
    typed = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(typed.encode()).digest()


def _new() -> str:
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
