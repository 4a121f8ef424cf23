"""Somebody with a browser, an app, and a mailbox, who signs in through providers."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from litestar import Litestar

from tests.http.conftest import client_of

WEB = "https://app.roost.example"
PAGE = f"{WEB}/signed-in"
APP = "com.roost.app:/signed-in"


class Visitor:
    """One browser, and the app in it that keeps the verifier."""

    def __init__(self, api: Litestar, *, address: str = "192.0.2.1") -> None:
        self.client = client_of(api, address=address)
        self.verifier = secrets.token_urlsafe(32)
        self.token = ""

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()[:43]

    async def start(self, provider: str = "acme", return_to: str = PAGE) -> httpx2.Response:
        """Ask to be sent to the provider."""
        return await self.client.get(
            f"/auth/oidc/{provider}/start",
            params={"return_to": return_to, "code_challenge": self.challenge},
        )

    async def leave(self, provider: str = "acme", return_to: str = PAGE) -> str:
        """Begin; where the provider is to be visited."""
        answer = await self.start(provider, return_to)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def visit(self, url: str) -> httpx2.Response:
        """Agree to everything at the provider; what it sends the browser away with."""
        async with httpx2.AsyncClient(trust_env=False) as away:
            return await away.get(url)

    async def come_back(self, sent: httpx2.Response) -> httpx2.Response:
        """Follow the provider's redirect, or send its form, as it stands."""
        if sent.status_code == 303:
            url = urlsplit(sent.headers["location"])
            return await self.client.get(f"{url.path}?{url.query}")
        form = sent.json()
        return await self.client.post(
            urlsplit(form["action"]).path,
            data=form["fields"],
            headers={"origin": "https://provider.example"},
        )

    async def returned(self, provider: str = "acme", return_to: str = PAGE) -> dict[str, str]:
        """There and back: what the app is told."""
        answer = await self.come_back(await self.visit(await self.leave(provider, return_to)))
        assert answer.status_code == 303, answer.text
        return told(answer, return_to)

    async def exchange(self, code: str, verifier: str | None = None) -> httpx2.Response:
        return await self.client.post(
            "/auth/oidc/exchange",
            json={"code": code, "codeVerifier": verifier or self.verifier},
        )

    async def sign_in(self, provider: str = "acme") -> Any:
        """All of it; the answer that `POST /auth/login` has, too."""
        outcome = await self.returned(provider)
        assert "code" in outcome, outcome
        answer = await self.exchange(outcome["code"])
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["accessToken"]
        return answer.json()

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
        )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    async def link(self, code: str) -> Any:
        found = await self.ask(
            """mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) {
                __typename ... on Error { code } ... on LinkIdentitySuccess {
                    identity { id provider providerName email } } } }""",
            input={"code": code, "codeVerifier": self.verifier},
        )
        return found["linkIdentity"]

    async def unlink(self, identity: str) -> Any:
        found = await self.ask(
            """mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) {
                __typename ... on Error { code } ... on UnlinkIdentitySuccess {
                    user { hasPassword identities { id } } } } }""",
            input={"identityId": identity},
        )
        return found["unlinkIdentity"]

    async def identities(self) -> list[dict[str, Any]]:
        found = await self.ask("{ viewer { identities { id provider email lastUsedAt } } }")
        listed: list[dict[str, Any]] = found["viewer"]["identities"]
        return listed


def told(answer: httpx2.Response, return_to: str = PAGE) -> dict[str, str]:
    """What is in the address that was returned to."""
    location = answer.headers["location"]
    assert location.startswith(return_to), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
