"""How we reach Stripe: connections, time-outs, retries, and what a failure means.

The library's own retries are off: it gives up on a truncated reply and on 429, and its default
time-out is 80 seconds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx2
import stripe
import structlog

from app.payments.errors import ProviderRefused, ProviderUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

# The guest waits for the first answer: all tries together stay below a request's deadline.
DEADLINE_SECONDS = 8.0
TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
ATTEMPTS = 3


class HttpClient(stripe.HTTPClient):
    """The library's requests over httpx2."""

    name = "httpx2"

    def __init__(self, *, trust_env: bool) -> None:
        """`trust_env`: go through the proxy that the environment names, if it names one."""
        super().__init__()
        self._http = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=trust_env)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request. Raises the library's APIConnectionError whatever goes wrong."""
        try:
            response = await self._http.request(method, url, headers=headers, content=post_data)
        except (httpx2.HTTPError, OSError) as error:
            failure: Any = stripe.APIConnectionError
            raise failure(f"{type(error).__name__}: {error}") from error
        return response.content, response.status_code, response.headers

    async def close_async(self) -> None:
        """Close the connections."""
        await self._http.aclose()


async def call(request: Callable[[], Awaitable[T]]) -> T:
    """Carry out a request that may be repeated (it reads, or carries an idempotency key).

    Raises:
        ProviderUnavailable: no answer in time, or only faults: the outcome is unknown.
        ProviderRefused: Stripe has said no.
    """
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return await request()
                except stripe.StripeError as error:
                    if not _transient(error):
                        raise
                    if attempt == ATTEMPTS:
                        raise ProviderUnavailable(str(error)) from error
                await asyncio.sleep(random.uniform(0.1, 0.4) * 2**attempt)
    except TimeoutError as error:
        raise ProviderUnavailable(f"no answer from Stripe in {DEADLINE_SECONDS:g} s") from error
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        raise ProviderRefused(
            error.code or "invalid_request", error.user_message or str(error)
        ) from error
    except stripe.StripeError as error:
        # Wrong key, no permission, a key used for something else: our fault, not the guest's.
        log.error("Stripe does not accept our requests", why=str(error))
        raise ProviderUnavailable(f"{type(error).__name__}: {error}") from error
    raise AssertionError("unreachable")


async def ask(request: Callable[[], Awaitable[T]]) -> T:
    """Carry out a request that only reads. Raises ProviderUnavailable, whatever goes wrong.

    A question that Stripe refuses says nothing about what was asked: it must never pass for a
    refusal of the deed.
    """
    try:
        return await call(request)
    except ProviderRefused as error:
        raise ProviderUnavailable(str(error)) from error


def _transient(error: stripe.StripeError) -> bool:
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return True
    # A 409 (the key is in use at this moment), a 5xx, or a reply that is cut off.
    return type(error) is stripe.APIError
