"""Asking a provider over HTTPS: bounded in time and size, and remembered for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.identity.oidc.errors import ProviderUnavailable

T = TypeVar("T")

# A person waits.
DEADLINE_SECONDS = 8.0
TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
LIMITS = httpx2.Limits(max_connections=16, max_keepalive_connections=4)
# Google's largest document has 3 KB.
MAX_BYTES = 256 * 1024
FRESH_SECONDS = 3600.0
# A provider that failed is left alone this long, lest everybody waits for it in turn.
AWAY_SECONDS = 5.0


class Client(AsyncOAuth2Client):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's client, which reads no more and waits no longer than it should."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            timeout=TIMEOUT,
            limits=LIMITS,
            follow_redirects=False,
            # Unpacked, a small answer may be a huge one.
            headers={"accept-encoding": "identity"},
            **options,
        )

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send, and read the answer. Raises httpx2.HTTPError, TimeoutError."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            response = await super().send(request, **{**options, "stream": True})
            try:
                body = await _body(response)
            finally:
                await response.aclose()
        return httpx2.Response(
            response.status_code, headers=response.headers, content=body, request=request
        )

    async def fetch(self, url: str) -> Any:
        """A JSON document. Raises httpx2.HTTPError, TimeoutError, ValueError."""
        response = await self.request("GET", url, withhold_token=True)
        response.raise_for_status()
        return response.json()


async def _body(response: httpx2.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.RemoteProtocolError("packed, though asked not to be")
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BYTES:
            raise httpx2.RemoteProtocolError("more than any answer has")
        parts.append(part)
    return b"".join(parts)


class Remembered(Generic[T]):
    """What `fetch` has got, for an hour; whoever comes while it is fetched waits for it, too."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._fetched_at = -FRESH_SECONDS
        self._failed_at = -AWAY_SECONDS

    async def get(self, *, younger_than: float = FRESH_SECONDS) -> T:
        """The document, fetched again if it is older (seconds). Raises ProviderUnavailable."""
        async with self._lock:
            now = time.monotonic()
            if self._value is not None and now - self._fetched_at < younger_than:
                return self._value
            if now - self._failed_at < AWAY_SECONDS:
                raise ProviderUnavailable
            try:
                self._value = await self._fetch()
            except ProviderUnavailable:
                self._failed_at = time.monotonic()
                raise
            self._fetched_at = time.monotonic()
            return self._value
