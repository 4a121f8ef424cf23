"""What every resolver of one operation shares: who asks, when, and the loaders."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, Text, case, func, literal, literal_column

from app import clock
from app.actor import ANONYMOUS, Actor
from app.currencies.rules import Rates
from app.identity.client import Client
from app.identity.staff import Look
from app.identity.tokens import TokenKeys, load_keys
from app.runtime import Runtime
from app.storage import Addresses
from db.enums import StaffActionKind
from db.shapes import Value
from schema.loaders import Loaders


class Context:
    """One operation's. `loaders` is replaced when what they hold may have changed."""

    runtime: Runtime
    actor: Actor
    client: Client
    now: datetime
    loaders: Loaders

    def __init__(
        self,
        runtime: Runtime,
        actor: Actor = ANONYMOUS,
        client: Client | None = None,
        *,
        takes_json: bool = False,
    ) -> None:
        self.runtime = runtime
        self.actor = actor
        self.client = client or Client()
        # Whether whoever encodes the response takes `msgspec.Raw` in it.
        self.takes_json = takes_json
        # How addresses on this server begin.
        self.public_url = runtime.settings.public_url.rstrip("/")
        self._keys: TokenKeys | None = None
        self.renew()

    def renew(self) -> None:
        """Forget everything read so far: after a mutation's commit, before each event."""
        self.now = clock.now()
        self.loaders = Loaders(self.runtime.db, self.actor, self.now)
        self._rates: asyncio.Task[Rates | None] | None = None

    @property
    def keys(self) -> TokenKeys:
        """Our keys, parsed when something is first signed."""
        if self._keys is None:
            self._keys = load_keys(self.runtime.settings)
        return self._keys

    def rates(self) -> Awaitable[Rates | None]:
        """The exchange rates: the same for all amounts of an operation."""
        if self._rates is None:
            self._rates = asyncio.ensure_future(self.runtime.rates.get())
        return self._rates

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


def absolute(path: str, info: Info) -> str:
    """The address of a path on this server."""
    return info.context.public_url + path


def shown_at(path: str, info: Info) -> str:
    """Where a browser finds a picture that a row names."""
    return info.context.runtime.storage.address(path)


def shown_at_in_sql(column: str, large: Enum) -> Callable[[Addresses, Enum], Value | None]:
    """The same in SQL of a row's column, by the storage's addresses and the size that is asked for.

    What smaller ones are called is not worked out twice: PostgreSQL knows the `large` ones.
    """

    def write(addresses: Addresses, size: Enum) -> Value | None:
        return (lambda row: _shown(getattr(row, column), addresses)) if size is large else None

    return write


def _shown(path: Any, addresses: Addresses) -> ColumnElement[str]:
    choices = [
        (
            func.starts_with(path, _constant(f"'{beginning}'")),
            literal(shown, Text) + func.substr(path, _constant(str(len(beginning) + 1))),
        )
        for beginning, shown in addresses
    ]
    return case(*choices, else_=path)


def _constant(text: str) -> ColumnElement[Any]:
    """Written out: a value would be sent along each time. Of our own making only."""
    return literal_column(text)
