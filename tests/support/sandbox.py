"""The payment sandbox as a process of its own, and everything a test can tell it.

sandbox = Sandbox(webhook_url=...)
await sandbox.start()
stripe = sandbox.client()
... await sandbox.fault(kind="drop", method="POST", path="/v1/payment_intents") ...
await sandbox.stop()
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import stripe

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 20.0


class ControlError(AssertionError):
    """A control call was refused."""


class Http(stripe.HTTPClient):
    """How the official library reaches the network here: over httpx2.

    Its own `HTTPXClient` wants httpx, which the product does not install.
    """

    name = "httpx2"

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._client = httpx2.AsyncClient(timeout=timeout, trust_env=False)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._client.request(
                method, url, headers=dict(headers), content=post_data or b""
            )
        except httpx2.HTTPError as error:
            # Without an answer the same key may be tried again.
            failure = stripe.APIConnectionError(repr(error))  # type: ignore[no-untyped-call]
            failure.should_retry = True
            raise failure from error
        return answer.content, answer.status_code, answer.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._client.aclose()


class Control:
    """The control calls of a running sandbox (docs/sandbox.md lists them)."""

    def __init__(self, base_url: str, secret_key: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret_key}"},
            trust_env=False,
            timeout=30,
        )

    async def call(self, method: str, name: str, body: Any = None) -> Any:
        """Any control call; ControlError with its answer if it is refused."""
        answer = await self._http.request(method, f"/_sandbox/{name}", json=body or {})
        if answer.status_code != httpx2.codes.OK:
            raise ControlError(f"{method} {name}: {answer.status_code} {answer.text}")
        return msgspec.json.decode(answer.content)

    async def reset(self) -> None:
        """Forget everything but the endpoint that was configured at the start."""
        await self.call("POST", "reset")

    async def state(self, *only: str, skip: int = 0) -> Any:
        """All objects, by kind: `payment_intents`, `charges`, `refunds`, `transfers`, …

        With names, those kinds alone; without so many of each, the oldest.
        """
        return await self.call("GET", "state", {"only": only or None, "skip": skip})

    async def fault(self, **fault: Any) -> None:
        """Let the next matching requests suffer: kind, method, path, times, seconds, status…"""
        await self.call("POST", "faults", fault)

    async def clear_faults(self) -> None:
        """No more trouble."""
        await self.call("DELETE", "faults")

    async def webhooks(self, **mood: Any) -> Any:
        """How webhooks behave from now on; what is left out is normal again."""
        return await self.call("POST", "webhooks", mood)

    async def resume(self, *, shuffle: bool = False) -> None:
        """Send what a pause has held back."""
        await self.call("POST", "webhooks/resume", {"shuffle": shuffle})

    async def resend(self, event: str, times: int = 1) -> None:
        """Send an event again."""
        await self.call("POST", "webhooks/resend", {"event": event, "times": times})

    async def delivered(self, seconds: float = 10.0) -> None:
        """Wait until no webhook is under way; AssertionError if that takes too long."""
        deadline = time.monotonic() + seconds
        while (await self.call("GET", "webhooks"))["pending"]:
            assert time.monotonic() < deadline, "webhooks are still under way"
            await asyncio.sleep(0.02)

    async def forget_keys(self, key: str | None = None) -> int:
        """Forget one idempotency key or all of them; returns how many there were."""
        answer = await self.call("POST", "idempotency/forget", {"key": key} if key else {})
        return int(answer["forgotten"])

    async def advance(self, seconds: int) -> None:
        """Move the sandbox's clock."""
        await self.call("POST", "clock", {"advance_seconds": seconds})

    async def top_up(self, amount: int, currency: str) -> None:
        """Put money into the balance, so that it can be transferred. Minor units."""
        await self.call("POST", "topup", {"amount": amount, "currency": currency})

    async def amend(self, kind: str, id: str, change: Any) -> Any:
        """Change an object behind everybody's back; None: it is gone."""
        return await self.call("POST", "amend", {"kind": kind, "id": id, "change": change})

    async def onboard(self, account: str) -> Any:
        """Complete a connected account, as its owner does on the onboarding page."""
        return await self.call("POST", "accounts/onboard", {"account": account})

    async def require(self, account: str, **wanted: Any) -> Any:
        """Want more of a connected account: `past_due`, `currently_due`, `errors` …"""
        return await self.call("POST", "accounts/require", {"account": account, **wanted})

    async def challenge(self, payment_intent: str, *, passed: bool = True) -> Any:
        """Pass or fail 3-D Secure, as the payer does on the challenge page."""
        body = {"payment_intent": payment_intent, "passed": passed}
        return await self.call("POST", "payment_intents/challenge", body)

    async def load(self, **history: Any) -> Any:
        """Import accounts, payment_intents and transfers of the past."""
        return await self.call("POST", "import", history)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


class Sandbox:
    """A sandbox process. `data` makes it keep everything across restarts; else memory only."""

    provider = "stripe"

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_test",
        secret_key: str = "sk_test_roost",
        publishable_key: str = "pk_test_roost",
        data: Path | None = None,
    ) -> None:
        self.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.secret_key = secret_key
        self.publishable_key = publishable_key
        self.data = data
        # A free port at the first start, the same one at every later start.
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._control: Control | None = None
        self._clients: list[Http] = []

    def arguments(self) -> list[str]:
        """What only this provider's sandbox is told."""
        keys = ["--publishable-key", self.publishable_key]
        return [*keys, "--webhook-secret", self.webhook_secret]

    def make_control(self) -> Control:
        """The control calls of this provider's sandbox."""
        return Control(self.base_url, self.secret_key)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> Control:
        assert self._control is not None, "the sandbox was never started"
        return self._control

    async def start(self) -> None:
        """Start it; returns once it answers. AssertionError if it ends instead."""
        command = [sys.executable, "-m", f"app.sandbox.{self.provider}", "--port", str(self.port)]
        command += ["--secret-key", self.secret_key, *self.arguments()]
        command += ["--webhook-url", self.webhook_url] if self.webhook_url else []
        command += ["--data", str(self.data)] if self.data else []
        self._process = await asyncio.to_thread(self._launch, command)
        if self._control is None:
            self._control = self.make_control()
        deadline = time.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(base_url=self.base_url, trust_env=False) as http:
            while True:
                try:
                    if (await http.get("/health/ready")).status_code == httpx2.codes.OK:
                        return
                except httpx2.TransportError:
                    pass
                assert self._process.poll() is None, "the sandbox has ended"
                assert time.monotonic() < deadline, "the sandbox does not get ready"
                await asyncio.sleep(0.02)

    def _launch(self, command: list[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"ROOST_ENV": "test"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        # Its first line ends with the address; with port 0 nobody else knows the port.
        line = process.stdout.readline()
        assert line, "the sandbox ended before it listened"
        self.port = int(line.rsplit(":", 1)[1])
        return process

    def client(self, **options: Any) -> stripe.StripeClient:
        """A client with the secret key, as the product makes it."""
        return self._make_client(self.secret_key, options)

    def browser(self, **options: Any) -> stripe.StripeClient:
        """A client with the publishable key, which may do what Stripe.js does."""
        return self._make_client(self.publishable_key, options)

    def _make_client(self, key: str, options: dict[str, Any]) -> stripe.StripeClient:
        timeout = options.pop("timeout", 10)
        http = Http(timeout)
        self._clients.append(http)
        return stripe.StripeClient(
            key, base_addresses={"api": self.base_url}, http_client=http, **options
        )

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """End it as a deployment does."""
        self._end(signal.SIGTERM)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    async def stop(self) -> None:
        """End it, and close every client that it gave out."""
        await asyncio.to_thread(self.terminate)
        for client in self._clients:
            await client.close_async()
        if self._control is not None:
            await self._control.close()
