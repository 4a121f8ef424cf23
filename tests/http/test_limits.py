"""How often one may guess, over HTTP: by whatever name, from wherever, whatever the headers say."""

import asyncio
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from graphql import GraphQLInputObjectType
from litestar import Litestar
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app import redis
from app.config import Settings
from app.dev.embedded import start_redis
from app.identity import passwords
from schema.build import build_schema
from tests.http.conftest import client_of, listening, serving
from tests.support.processes import Stack

ADA = {
    "email": "ada@example.com",
    "username": "ada",
    "password": "gravel otter lamp",
    "firstName": "Ada",
    "lastName": "Lovelace",
}
RIGHT = {"login": "ada", "password": ADA["password"]}
WRONG = {"login": "ada", "password": "wrong"}


async def statuses(client: httpx2.AsyncClient, body: dict[str, str], times: int) -> Counter[int]:
    answers = [await client.post("/auth/login", json=body) for _ in range(times)]
    return Counter(answer.status_code for answer in answers)


async def test_guessing_ends_with_the_time_to_wait(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA)
    assert await statuses(client, WRONG, 10) == {401: 10}
    for body in (WRONG, RIGHT, WRONG | {"login": " ADA "}):
        answer = await client.post("/auth/login", json=body)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "RATE_LIMITED"
        assert 1 <= int(answer.headers["retry-after"]) <= 90


async def test_an_unknown_login_is_limited_alike(client: httpx2.AsyncClient) -> None:
    unknown = WRONG | {"login": "nobody"}
    assert await statuses(client, unknown, 15) == {401: 10, 429: 5}


async def test_signing_in_counts_for_nothing(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA)
    assert await statuses(client, RIGHT, 30) == {200: 30}


async def test_one_who_guesses_locks_out_nobody_elsewhere(
    client: httpx2.AsyncClient, api: Litestar
) -> None:
    await client.post("/auth/register", json=ADA)
    assert await statuses(client, WRONG, 15) == {401: 10, 429: 5}
    async with client_of(api, address="198.51.100.7") as elsewhere:
        assert await statuses(elsewhere, RIGHT, 1) == {200: 1}


async def test_many_addresses_together_are_limited_per_account(api: Litestar) -> None:
    seen: Counter[int] = Counter()
    for number in range(10):
        async with client_of(api, address=f"198.51.100.{number}") as client:
            seen += await statuses(client, WRONG, 5)
    assert seen == {401: 25, 429: 25}


async def test_one_address_is_limited_over_many_accounts(client: httpx2.AsyncClient) -> None:
    seen: Counter[int] = Counter()
    for number in range(30):
        seen += await statuses(client, {"login": f"user{number}", "password": "x"}, 5)
    assert seen == {401: 50, 429: 100}


async def test_a_password_is_not_guessed_by_changing_it(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA)
    signed_in = (await client.post("/auth/login", json=RIGHT)).json()
    bearer = {"authorization": f"Bearer {signed_in['accessToken']}"}
    body = {"currentPassword": "wrong", "newPassword": "seven quiet herons"}
    answers = [
        await client.post("/auth/change-password", json=body, headers=bearer) for _ in range(15)
    ]
    assert Counter(answer.status_code for answer in answers) == {403: 10, 429: 5}


async def test_mail_is_not_sent_at_anybody_s_wish(client: httpx2.AsyncClient) -> None:
    body = {"email": "ada@example.com"}
    answers = [await client.post("/auth/forgot-password", json=body) for _ in range(8)]
    assert Counter(answer.status_code for answer in answers) == {204: 5, 429: 3}


async def test_sign_in_goes_on_without_redis(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, redis_url="redis://127.0.0.1:9")
    async with serving(away) as app, client_of(app) as client:
        assert (await client.post("/auth/register", json=ADA)).status_code == 201
        assert await statuses(client, RIGHT, 3) == {200: 3}
        assert await statuses(client, WRONG, 15) == {401: 10, 429: 5}


async def test_sign_in_goes_on_when_redis_is_killed(settings: Settings, tmp_path: Path) -> None:
    redis = start_redis(tmp_path / "redis", tmp_path / "redis.log", throw_away=True)
    try:
        own = msgspec.structs.replace(settings, redis_url=redis.url)
        async with serving(own) as app, client_of(app) as client:
            await client.post("/auth/register", json=ADA)
            assert await statuses(client, RIGHT, 1) == {200: 1}
            redis.stop()
            assert await statuses(client, RIGHT, 2) == {200: 2}
            assert (await client.post("/auth/refresh")).status_code == 200
            assert await statuses(client, WRONG, 15) == {401: 10, 429: 5}
    finally:
        redis.stop()


# What somebody could try until it fits.
GUESSED = re.compile(
    "pass(word|key)|token|secret|otp|challenge|proof|login|[vV]erifier|(^|[a-z])[cC]ode$"
)


# What is called so, and why nobody tries it until it fits.
UNGUESSABLE = {
    "LocationInput.postalCode": "a place's, not a secret",
    "SetPayoutRecipientInput.institutionCode": "a bank's or telco's, not a secret",
    "RenamePasskeyInput.passkeyId": "a name, which opens nothing",
    "DeletePasskeyInput.passkeyId": "a name, which opens nothing",
    "DeletePasskeyInput.proof": "256 random bits, used once, of the caller's session",
    "DeleteAccountInput.proof": "256 random bits, used once, of the caller's session",
    "CheckInGuideInput.accessCode": "the door's, told by its host, and opens nothing here",
    "AcceptCoHostInvitationInput.token": "derived from an id, with a key of ours; used once",
    "Query.sharedWishlist(token)": "256 random bits, until the list's owner makes another",
    "PromotionInput.code": "its owner's own, being made",
    "QuoteInput.promotionCode": "counted by app.promotions.guessing: by account, address, in all",
    "CreateBookingInput.promotionCode": "counted by app.promotions.guessing as well",
    "LinkIdentityInput.code": "256 random bits, used up by the first try",
    "LinkIdentityInput.codeVerifier": "the client's own 256 bits; a wrong one uses the code up",
}


def test_nothing_is_guessed_through_graphql() -> None:
    """It takes nothing that one could hit on: aliases, batches, sockets multiply nothing."""
    taken = []
    for kind in build_schema()._schema.type_map.values():
        for name, field in getattr(kind, "fields", {}).items():
            taken += [f"{kind.name}.{name}({each})" for each in getattr(field, "args", {})]
            if isinstance(kind, GraphQLInputObjectType):
                taken.append(f"{kind.name}.{name}")
    guessed = {each for each in taken if GUESSED.search(re.split(r"\W", each.rstrip(")"))[-1])}
    assert guessed == set(UNGUESSABLE)


def forged(chance: random.Random) -> dict[str, str]:
    """What a client may claim about where it comes from."""
    address = f"203.0.113.{chance.randrange(256)}"
    return {
        "x-forwarded-for": address,
        "x-real-ip": address,
        "forwarded": f"for={address}",
        "true-client-ip": address,
        "cf-connecting-ip": address,
    }


class Guesser:
    """Somebody who tries every door of two processes, as somebody else each time."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.chance = random.Random(4)
        self.passwords: list[str] = []
        self.seen: Counter[int] = Counter()

    def guess(self) -> dict[str, str]:
        """By any of the account's names, or another's; no password twice."""
        names = ["ada", "ADA", " ada", "ada@example.com", "Ada@Example.COM", "eve", "nobody"]
        self.passwords.append(f"guess {len(self.passwords)}")
        return {"login": self.chance.choice(names), "password": self.passwords[-1]}

    def operation(self, aliases: int) -> dict[str, str]:
        """GraphQL, as somebody would like it to be."""
        guesses = (self.guess() for _ in range(aliases))
        fields = (
            f"a{number}: login(login: {json.dumps(each['login'])},"
            f" password: {json.dumps(each['password'])}) {{ __typename }}"
            for number, each in enumerate(guesses)
        )
        return {"query": f"mutation {{ {' '.join(fields)} }}"}

    async def post(self, client: httpx2.AsyncClient, path: str, body: Any) -> None:
        url = self.chance.choice(self.urls)
        answer = await client.post(url + path, json=body, headers=forged(self.chance))
        self.seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text

    async def socket(self, operations: int, aliases: int) -> None:
        url = self.chance.choice(self.urls).replace("http", "ws") + "/graphql"
        protocols = [Subprotocol("graphql-transport-ws")]
        headers = forged(self.chance)
        async with connect(url, subprotocols=protocols, additional_headers=headers) as opened:
            await opened.send('{"type": "connection_init"}')
            for number in range(operations):
                message = {"id": str(number), "type": "subscribe"}
                await opened.send(json.dumps(message | {"payload": self.operation(aliases)}))
            refused = 0
            while refused < operations:
                kind = json.loads(await opened.recv())["type"]
                assert kind in ("connection_ack", "ping", "error")
                refused += kind == "error"


async def test_ten_thousand_guesses_evaluate_at_most_a_hundred(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one under forged headers, in arrays, aliases, batches and over sockets."""
    # However busy this machine is: here Redis is not away, and the processes count together.
    monkeypatch.setattr(redis, "SECONDS", 30.0)
    evaluated: set[str] = set()

    def verify(password: str, stored: str) -> tuple[bool, None]:
        evaluated.add(password)
        return False, None

    async with (
        listening(settings) as one,
        listening(settings) as two,
        httpx2.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        await client.post(f"{one}/auth/register", json=ADA)
        monkeypatch.setattr(passwords._hasher, "verify_and_update", verify)
        guesser = Guesser([one, two])
        for _ in range(40):
            await asyncio.gather(
                *(guesser.post(client, "/auth/login", guesser.guess()) for _ in range(15))
            )
        for _ in range(50):
            await guesser.post(client, "/auth/login", [guesser.guess() for _ in range(100)])
            await guesser.post(client, "/graphql", guesser.operation(15))
            await guesser.post(client, "/graphql", [guesser.operation(15) for _ in range(4)])
        for _ in range(5):
            await guesser.socket(operations=20, aliases=12)
    assert len(guesser.passwords) > 10_000
    # 200 is how GraphQL says that it knows no such field.
    assert set(guesser.seen) == {200, 400, 401, 429}
    assert 0 < len(evaluated) <= 100
    assert guesser.seen[401] == len(evaluated)


@pytest.mark.parametrize("trusted", [(), ("127.0.0.0/8",)])
async def test_only_our_own_proxies_are_believed(
    settings: Settings, tmp_path: Path, trusted: tuple[str, ...]
) -> None:
    stack = Stack(msgspec.structs.replace(settings, trusted_proxies=trusted), tmp_path)
    try:
        await stack.start("api")
        async with httpx2.AsyncClient(base_url=stack.api.url, trust_env=False) as client:

            async def guesses(header: str) -> Counter[int]:
                headers: Any = {"x-forwarded-for": header}
                answers = [
                    await client.post("/auth/login", json=WRONG, headers=headers) for _ in range(6)
                ]
                return Counter(answer.status_code for answer in answers)

            # The last address is what the proxy saw; what stands before it, anybody wrote.
            first = await guesses("192.0.2.1, 203.0.113.5")
            second = await guesses("192.0.2.2, 203.0.113.5")
            third = await guesses("203.0.113.5, 203.0.113.6")
    finally:
        stack.stop()
    assert first == {401: 6}
    assert second == {401: 4, 429: 2}
    assert third == ({401: 6} if trusted else {429: 6})
