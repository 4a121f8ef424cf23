"""What every resolver of one operation shares: who asks, when, and the loaders."""

import asyncio
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import strawberry

from app import clock
from app.actor import ANONYMOUS, Actor
from app.identity.client import Client
from app.identity.staff import Look
from app.runtime import Runtime
from db.enums import StaffActionKind
from schema.loaders import Loaders


class Context:
    """One operation's. `loaders` is replaced when what they hold may have changed."""

    runtime: Runtime
    actor: Actor
    client: Client
    now: datetime
    loaders: Loaders

    def __init__(
        self, runtime: Runtime, actor: Actor = ANONYMOUS, client: Client | None = None
    ) -> None:
        self.runtime = runtime
        self.actor = actor
        self.client = client or Client()
        # How addresses on this server begin.
        self.public_url = runtime.settings.public_url.rstrip("/")
        self.renew()

    def renew(self) -> None:
        """Forget everything read so far: after a mutation's commit, before each event."""
        self.now = clock.now()
        self.loaders = Loaders(self.runtime.db, self.actor, self.now)

    async def look(
        self, kind: StaffActionKind, *subjects: UUID | None, object_id: UUID | None = None
    ) -> bool:
        """Whether the viewer is staff who may see this of the subjects'. It leaves them a line."""
        if not self.actor.may(kind):
            return False
        looks = [Look(kind, object_id, subject) for subject in subjects]
        return all(await asyncio.gather(*map(self.loaders.looks.load, looks)))

    # The two by which the transport knows when a long-lived connection has to end.

    @property
    def expires_at(self) -> datetime | None:
        return self.actor.expires_at

    @property
    def session_id(self) -> UUID | None:
        return self.actor.session_id


Info: TypeAlias = strawberry.Info[Context, None]


def absolute(url: str, info: Info) -> str:
    """A picture's address as a browser needs it: stored ones may be paths on this server."""
    return info.context.public_url + url if url.startswith("/") else url
