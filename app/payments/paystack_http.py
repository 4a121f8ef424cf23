"""How we reach Paystack: connections, time-outs, and what a failure means.

There are no idempotency keys. A question is asked again after a fault; a deed never is, here:
whoever does it has to find out first whether it was done.
"""

import asyncio
import random
import re
from typing import Any

import httpx2
import msgspec
import structlog

from app.payments.errors import ProviderRefused, ProviderUnavailable

log = structlog.get_logger(__name__)

API = "https://api.paystack.co"
# The guest waits for the first answer: all tries together stay below a request's deadline.
DEADLINE_SECONDS = 8.0
TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
ATTEMPTS = 3
# Their word for what is wrong; `code` and `type` have changed places in some of their answers.
KINDS = {"validation_error", "processor_error", "api_error"}
MISSING = "not_found"


class Missing(Exception):
    """Paystack has no such object."""


class Reply(msgspec.Struct, frozen=True):
    """An answer that says yes."""

    data: Any
    meta: Any


class PaystackHttp:
    """Requests with our key. `base` is the sandbox's address, or None for Paystack's own."""

    def __init__(self, secret_key: str, base: str | None) -> None:
        self.client = httpx2.AsyncClient(
            base_url=base or API,
            headers={"Authorization": f"Bearer {secret_key}"},
            timeout=TIMEOUT,
            trust_env=base is None,
        )

    async def ask(self, path: str, **query: str | int) -> Reply:
        """Ask about something; a fault is tried again.

        Raises:
            Missing: there is no such object.
            ProviderUnavailable: no answer in time, only faults, or an answer that makes no sense.
                A question that is refused says nothing about what was asked, so that is one, too.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                for attempt in range(1, ATTEMPTS + 1):
                    try:
                        return await self._request("GET", path, params=query)
                    except ProviderUnavailable:
                        if attempt == ATTEMPTS:
                            raise
                    await asyncio.sleep(random.uniform(0.1, 0.4) * 2**attempt)
        except TimeoutError as error:
            raise ProviderUnavailable(
                f"no answer from Paystack in {DEADLINE_SECONDS:g} s"
            ) from error
        except ProviderRefused as error:
            raise ProviderUnavailable(str(error)) from error
        raise AssertionError("unreachable")

    async def do(self, path: str, body: dict[str, Any]) -> Any:
        """Do something, once; returns what Paystack shows of it.

        Raises:
            ProviderUnavailable: whether it was done is unknown.
            ProviderRefused: Paystack has said no.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return (await self._request("POST", path, json=body)).data
        except TimeoutError as error:
            raise ProviderUnavailable(
                f"no answer from Paystack in {DEADLINE_SECONDS:g} s"
            ) from error
        except Missing as error:
            raise ProviderRefused(MISSING, str(error)) from error

    async def _request(self, method: str, path: str, **content: Any) -> Reply:
        try:
            response = await self.client.request(method, path, **content)
        except (httpx2.HTTPError, OSError) as error:
            raise ProviderUnavailable(f"{type(error).__name__}: {error}") from error
        answer = _decoded(response)
        if response.is_success and answer.get("status") is True:
            return Reply(answer.get("data"), answer.get("meta"))
        raise _failure(response.status_code, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()


def _decoded(response: httpx2.Response) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(response.content)
    except msgspec.DecodeError as error:
        raise ProviderUnavailable(f"Paystack answers {response.status_code}, no JSON") from error
    if not isinstance(answer, dict):
        raise ProviderUnavailable(f"Paystack answers {response.status_code}, no object")
    return answer


def _failure(status: int, answer: dict[str, Any]) -> Exception:
    message = str(answer.get("message"))
    code = next(
        (word for word in (answer.get("code"), answer.get("type")) if word and word not in KINDS),
        slug(message),
    )
    if status == httpx2.codes.UNAUTHORIZED:
        # Wrong key: our fault, not the guest's.
        log.error("Paystack does not accept our requests", why=message)
        return ProviderUnavailable(message)
    if status == httpx2.codes.NOT_FOUND or str(code).endswith("_not_found"):
        return Missing(message)
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= 500 or status < 400:
        return ProviderUnavailable(f"{status}: {message}")
    return ProviderRefused(str(code), message)


def slug(words: str) -> str:
    """`Insufficient Funds` as a code: `insufficient_funds`."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:64]
