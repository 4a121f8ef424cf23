"""People who sign in by more than a password, over HTTP."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from app import clock
from app.identity import totp
from tests.http.test_accounts import PASSWORD, Person
from tests.support.authenticator import Authenticator


class Watch:
    """The time, which goes on when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        clock.freeze(self.now)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)
        clock.freeze(self.now)


@pytest.fixture
def watch() -> Iterator[Watch]:
    yield Watch()
    clock.freeze(None)


class Member(Person):
    """Somebody with an authenticator app and a phone."""

    watch: Watch
    secret: bytes = b""
    recovery: list[str]

    def totp(self, drift: int = 0) -> str:
        """The app's code, 30 seconds after the one of before."""
        self.watch.wait(seconds=totp.STEP_SECONDS)
        return totp.code_of(self.secret, totp.step_at(self.watch.now) + drift)

    async def proof(self, **evidence: Any) -> str:
        answer = await self.send("proof", **(evidence or {"password": PASSWORD}))
        assert answer.status_code == 200, answer.text
        proof: str = answer.json()["proof"]
        return proof

    async def send(self, path: str, **body: Any) -> httpx2.Response:
        """A request with a body, be it an empty one."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.client.post(f"/auth/{path}", json=body, headers=headers)

    async def enable_totp(self) -> list[str] | None:
        answer = await self.send("enroll-totp", proof=await self.proof())
        assert answer.status_code == 200, answer.text
        uri = urlsplit(answer.json()["uri"])
        assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/Roost:{self.name}")
        query = parse_qs(uri.query)
        assert query["secret"] == [answer.json()["secret"]]
        assert query["issuer"] == ["Roost"]
        self.secret = base64.b32decode(query["secret"][0])
        answer = await self.send("confirm-totp", code=self.totp())
        assert answer.status_code == 200, answer.text
        codes: list[str] | None = answer.json()["recoveryCodes"]
        self.recovery = codes or []
        return codes

    async def first_step(self) -> dict[str, Any]:
        """The right password, which is not enough."""
        answer = await self.sign_in()
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def second_step(self, challenge: str, **answer: Any) -> httpx2.Response:
        got = await self.send("second-factor", challenge=challenge, **answer)
        if got.status_code == 200:
            self.token = got.json()["accessToken"]
        return got

    async def add_passkey(self, device: Authenticator, **flaws: Any) -> httpx2.Response:
        offered = await self.send("passkey-options", proof=await self.proof())
        assert offered.status_code == 200, offered.text
        made = device.create(offered.json()["options"], **flaws)
        return await self.send(
            "add-passkey", challenge=offered.json()["challenge"], name="My phone", passkey=made
        )

    async def passkey_sign_in(self, device: Authenticator, **flaws: Any) -> httpx2.Response:
        self.token = ""
        offered = (await self.post("passkey-sign-in-options")).json()
        signed = device.get(offered["options"], **flaws)
        answer = await self.send("passkey-sign-in", challenge=offered["challenge"], passkey=signed)
        if answer.status_code == 200:
            self.token = answer.json()["accessToken"]
        return answer

    async def trail(self) -> list[str]:
        """What the audit trail holds, newest first."""
        found = await self.ask("{ viewer { signInEvents(first: 50) { edges { node { kind } } } } }")
        return [each["node"]["kind"] for each in found["data"]["viewer"]["signInEvents"]["edges"]]


def phone() -> Authenticator:
    return Authenticator("http://localhost:8000")
