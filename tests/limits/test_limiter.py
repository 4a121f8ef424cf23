"""Buckets: exact under races, shared by processes, and there without Redis too."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app.errors import RateLimited
from app.limits import Limit, Limiter, bucket, network


@pytest.fixture
async def limiters(redis_url: str) -> AsyncIterator[list[Limiter]]:
    """Four processes' worth, on one Redis."""
    made = [Limiter(redis_url) for _ in range(4)]
    yield made
    for limiter in made:
        await limiter.close()


async def granted(limiters: list[Limiter], limits: list[Limit], times: int) -> int:
    """How many of so many attempts at once are let through."""
    results = await asyncio.gather(
        *(limiters[number % len(limiters)].take(limits) for number in range(times)),
        return_exceptions=True,
    )
    refused = [result for result in results if result is not None]
    assert all(isinstance(result, RateLimited) for result in refused), refused
    return times - len(refused)


async def test_processes_that_ask_at_once_get_no_more_together(limiters: list[Limiter]) -> None:
    assert await granted(limiters, [bucket("test", "a", 10, 3600)], 200) == 10
    assert await granted(limiters, [bucket("test", "b", 10, 3600)], 5) == 5


async def test_a_refusal_takes_nothing_from_any_bucket(limiters: list[Limiter]) -> None:
    small, large = bucket("small", "a", 2, 3600), bucket("large", "a", 10, 3600)
    assert await granted(limiters, [large, small], 50) == 2
    assert await granted(limiters, [large], 50) == 8


async def test_a_bucket_fills_again_evenly(limiters: list[Limiter]) -> None:
    one = [bucket("test", "a", 4, 2)]
    assert await granted(limiters, one, 10) == 4
    with pytest.raises(RateLimited) as refused:
        await limiters[0].take(one)
    assert refused.value.retry_after == 1
    await asyncio.sleep(0.55)
    assert await granted(limiters, one, 10) == 1


async def test_what_did_not_count_is_given_back(limiters: list[Limiter]) -> None:
    one = [bucket("test", "a", 3, 3600)]
    for _ in range(20):
        await limiters[0].take(one)
        await limiters[1].give_back(one)
    # A bucket never holds more than it is large.
    await limiters[0].give_back(one)
    assert await granted(limiters, one, 10) == 3


async def test_a_cost_takes_as_much(limiters: list[Limiter]) -> None:
    one = [bucket("test", "a", 10, 3600)]
    await limiters[0].take(one, cost=8)
    with pytest.raises(RateLimited):
        await limiters[0].take(one, cost=3)
    await limiters[0].take(one, cost=2)


async def test_without_redis_each_process_counts_for_itself() -> None:
    alone = Limiter("redis://127.0.0.1:9")
    one = [bucket("test", "a", 5, 3600)]
    assert await granted([alone], one, 50) == 5
    await alone.give_back(one)
    assert await granted([alone], one, 50) == 1


async def test_a_redis_that_falters_gives_no_fresh_budget(
    limiters: list[Limiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, limiter = [bucket("test", "a", 5, 3600)], limiters[0]
    assert await granted([limiter], one, 3) == 3

    async def gone(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(limiter, "_script", gone)
    with capture_logs() as logs:
        assert await granted([limiter], one, 50) == 2
    assert len(logs) == 1


async def test_a_hung_redis_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.redis.SECONDS", 0.5)
    connected: list[asyncio.StreamWriter] = []

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limiter = Limiter(f"redis://127.0.0.1:{port}")
    one = [bucket("test", "a", 10, 3600)]
    begun = time.monotonic()
    assert await granted([limiter], one, 50) == 10
    assert await granted([limiter], one, 1_000) == 0
    assert time.monotonic() - begun < 2
    await limiter.close()
    for writer in connected:
        writer.close()
    server.close()


def test_a_bucket_s_name_tells_nobody_s() -> None:
    assert "ada" not in bucket("sign-in:login", "ada@example.com", 1, 1).key


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_stands_for_its_network(address: str, whose: str) -> None:
    assert network(address) == whose
