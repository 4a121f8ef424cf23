"""How often one may guess, over HTTP: by whatever name, from wherever, whatever the headers say."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar

from app.config import Settings
from schema.build import build_schema
from tests.http.conftest import client_of, serving
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


def test_passwords_are_guessed_nowhere_else() -> None:
    """GraphQL takes none: aliases, batches and sockets have nothing to multiply."""
    for kind in build_schema()._schema.type_map.values():
        for field in getattr(kind, "fields", {}).values():
            for name in getattr(field, "args", {}):
                assert "password" not in name.lower()


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


@pytest.mark.slow
async def test_ten_thousand_guesses_evaluate_at_most_a_hundred(stack: Stack) -> None:
    """Through two processes, under forged headers, by every name of the account and others'."""
    await stack.start("api")
    other = await stack.another_api()
    chance = random.Random(4)
    logins = ["ada", "ADA", "Ada", " ada", "ada@example.com", "Ada@Example.COM", "eve", "nobody"]
    seen: Counter[int] = Counter()

    async def guess(client: httpx2.AsyncClient, times: int) -> None:
        for _ in range(times):
            body = {"login": chance.choice(logins), "password": str(chance.random())}
            answer = await client.post("/auth/login", json=body, headers=forged(chance))
            seen[answer.status_code] += 1

    async with (
        httpx2.AsyncClient(base_url=stack.api.url, trust_env=False, timeout=60) as one,
        httpx2.AsyncClient(base_url=other.url, trust_env=False, timeout=60) as two,
    ):
        await one.post("/auth/register", json=ADA)
        await asyncio.gather(*(guess(client, 500) for client in (one, two) for _ in range(10)))
    assert sum(seen.values()) == 10_000
    assert set(seen) == {401, 429}
    assert 0 < seen[401] <= 100


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
