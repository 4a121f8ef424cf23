"""Idempotency keys: one keyed request of one user has one effect, however often it is sent.

The key's row is written in the transaction of the effect itself. A request that is refused leaves
no row, and may be sent again under its key once it can succeed.
"""

import hashlib
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.errors import Conflict, Invalid
from db.models import IdempotencyKey

MAX_LENGTH = 255


class IdempotencyConflict(Conflict):
    """The key was used for another request."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for a different request; use a new one.")


async def claim(
    session: AsyncSession,
    *,
    actor_id: UUID,
    operation: str,
    key: str,
    request: Any,
    subject_id: UUID,
) -> UUID | None:
    """Take the key for `subject_id`, or return the subject that an equal request made before.

    Waits for a concurrent request with the same key to commit or roll back. Call it first in the
    transaction: keys come before all other locks. Raises Invalid, IdempotencyConflict.
    """
    if not (1 <= len(key) <= MAX_LENGTH and key.isprintable()):
        raise Invalid(
            f"An idempotency key has 1 to {MAX_LENGTH} printable characters.", "idempotencyKey"
        )
    digest = hashlib.sha256(msgspec.json.encode(request, order="sorted")).digest()
    claimed = await session.execute(
        insert(IdempotencyKey)
        .values(
            actor_id=actor_id,
            operation=operation,
            key=key,
            request_hash=digest,
            subject_id=subject_id,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.subject_id)
    )
    if claimed.one_or_none() is not None:
        return None
    earlier = await session.execute(
        select(IdempotencyKey.subject_id, IdempotencyKey.request_hash).where(
            IdempotencyKey.actor_id == actor_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
    )
    row = earlier.one()
    if row.request_hash != digest:
        raise IdempotencyConflict
    subject: UUID = row.subject_id
    return subject


async def is_used(connection: AsyncConnection, actor_id: UUID, operation: str, key: str) -> bool:
    """Whether a request under this key has been committed; one under way does not count."""
    found = await connection.execute(
        select(IdempotencyKey.subject_id).where(
            IdempotencyKey.actor_id == actor_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
    )
    return found.first() is not None
