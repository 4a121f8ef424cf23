"""A request to a sandbox's API and its reply, as far as every provider has them."""

import asyncio
from typing import Protocol

import msgspec

from app.sandbox.faults import Fault, Faults
from app.sandbox.state import State
from app.sandbox.store import Store


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request, as far as the API cares."""

    method: str
    path: str
    query: bytes
    body: bytes
    # By lower-case name.
    headers: dict[str, str]


class Response(msgspec.Struct, kw_only=True):
    """The reply; with `dropped` the connection ends without it."""

    status: int
    body: bytes
    headers: dict[str, str]
    dropped: bool = False


class Api(Protocol):
    """One provider's API over one State."""

    state: State
    store: Store
    faults: Faults

    async def handle(self, request: Request) -> Response:
        """Answer one request; errors are answers too."""


async def hang(fault: Fault | None, moment: str) -> None:
    """Wait, if the fault says so at this moment."""
    if fault is not None and fault.kind == "hang" and fault.moment == moment:
        await asyncio.sleep(fault.seconds)
