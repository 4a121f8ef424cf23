"""The trail of who signed in, who tried, and what was done to an account. Only ever added to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.client import Client
from app.ids import new_id
from db.enums import SignInEventKind
from db.models import SignInEvent


async def record(
    session: AsyncSession,
    kind: SignInEventKind,
    user_id: UUID | None,
    client: Client,
    now: datetime,
    session_id: UUID | None = None,
) -> None:
    """Add one line, in the transaction of what it tells. No user: nobody has that login."""
    await session.execute(
        insert(SignInEvent).values(
            id=new_id(),
            user_id=user_id,
            kind=kind,
            session_id=session_id,
            user_agent=client.user_agent,
            address=client.address,
            occurred_at=now,
        )
    )
