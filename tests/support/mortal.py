"""A process that dies on demand: right after a commit, or after a provider has answered.

Every commit of a `MortalDatabase` and every deed that a watched client was told of is a step. What
has run under a `Fate` is known by its steps; with `dies_after` set, the process dies after that
many more.
`Killed` is no Exception, so that nothing in the product handles it, and what it held in memory is
gone: as good as `kill -9`, but at a chosen place.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from app.payments.paystack import PaystackProvider
from app.payments.provider import Provider
from app.payments.stripe import StripeProvider
from db.session import Database


class Killed(BaseException):
    """The process has died here."""


class Fate:
    """What has happened so far, in order, and when the process dies; None: it lives on."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.dies_after: int | None = None

    def passed(self, step: str) -> None:
        """Count a step that has had its effect, and die if it was the last one."""
        self.steps.append(step)
        if self.dies_after is None:
            return
        self.dies_after -= 1
        if self.dies_after <= 0:
            self.dies_after = None
            raise Killed(step)


class MortalDatabase(Database):
    """A database whose client may die right after a commit."""

    fate: Fate

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with super().transaction() as session:
            yield session
        self.fate.passed("commit")


def watch(providers: Mapping[Any, Provider], fate: Fate) -> None:
    """Let whoever asks these providers die after an answer."""

    async def answered(response: httpx2.Response) -> None:
        # A question changes nothing: to die after it is to have died before it.
        if response.request.method != "GET":
            await response.aread()
            fate.passed(f"{response.request.method} {response.request.url.path}")

    for provider in providers.values():
        http = _client(provider)
        http.event_hooks = {**http.event_hooks, "response": [answered]}


def _client(provider: Provider) -> httpx2.AsyncClient:
    if isinstance(provider, PaystackProvider):
        return provider.http.client
    assert isinstance(provider, StripeProvider), provider
    return provider._http._http
