"""Health: what decides, what is only reported, and how fast it is said."""

import time

import httpx2
import msgspec
from litestar import Litestar

from app.config import Settings
from app.http.state import READINESS, RUNTIME
from tests.http.conftest import client_of, serving


async def test_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "postgresql": "ok", "redis": "ok"}
    assert ready.headers["cache-control"] == "no-store"


async def test_without_postgresql_it_lives_but_is_not_ready(settings: Settings) -> None:
    # A port that takes the connection and then says nothing would be slower: see the time-out.
    away = msgspec.structs.replace(settings, database_url="postgresql://x@192.0.2.1:5432/x")
    async with serving(away) as app, client_of(app) as client:
        assert (await client.get("/health/live")).status_code == 200
        began = time.monotonic()
        ready = await client.get("/health/ready")
        assert time.monotonic() - began < 3
        assert ready.status_code == 503
        assert ready.json() == {"status": "failing", "postgresql": "failing", "redis": "ok"}


async def test_redis_is_reported_but_not_required(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, redis_url="redis://127.0.0.1:9/0")
    async with serving(away) as app, client_of(app) as client:
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ok", "postgresql": "ok", "redis": "failing"}
        body = {"login": "ada", "password": "gravel otter lamp"}
        assert (await client.post("/auth/login", json=body)).status_code == 401


async def test_a_busy_pool_is_not_an_outage(api: Litestar, client: httpx2.AsyncClient) -> None:
    db = api.state[RUNTIME].db
    taken = [await db.engine.connect() for _ in range(8)]
    try:
        assert (await client.get("/health/ready")).status_code == 200
    finally:
        for connection in taken:
            await connection.close()


async def test_a_process_that_is_stopping_is_not_ready(
    api: Litestar, client: httpx2.AsyncClient
) -> None:
    api.state[READINESS]._stopping = lambda: True
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["status"] == "stopping"


async def test_metrics_are_served_only_when_asked_for(settings: Settings) -> None:
    async with serving(settings) as app, client_of(app) as client:
        assert (await client.get("/metrics")).status_code == 404
    on = msgspec.structs.replace(settings, metrics_enabled=True)
    async with serving(on) as app, client_of(app) as client:
        await client.get("/media/some/secret/name.jpg")
        await client.request("BREW", "/health/live")
        page = (await client.get("/metrics")).text
        assert 'roost_http_requests_total{method="GET",route="/media/{path}",status="404"}' in page
        assert "secret" not in page
        assert "BREW" not in page


async def test_metrics_tell_how_graphql_was_answered(settings: Settings) -> None:
    on = msgspec.structs.replace(settings, metrics_enabled=True)
    async with serving(on) as app, client_of(app) as client:

        async def ask(query: str) -> None:
            answer = await client.post("/graphql", json={"query": query})
            assert answer.json()["data"]

        async def counts() -> dict[str, float]:
            lines = (await client.get("/metrics")).text.splitlines()
            pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("graphql_"))
            return {name: float(value) for name, value in pairs}

        before = await counts()
        for _ in range(3):
            await ask("{ viewer { id } __typename }")
        # Longer than any plan is made for.
        await ask("{ __typename }" + "#" * 20_000)
        after = await counts()
    assert {name: after[name] - before[name] for name in before} == {
        'graphql_answers_total{how="fast"}': 3,
        'graphql_answers_total{how="unsupported"}': 1,
        'graphql_answers_total{how="abandoned"}': 0,
        'graphql_documents_total{found="yes"}': 2,
        'graphql_documents_total{found="no"}': 2,
        "graphql_plans": 1,
    }
    # A schema that is served no more is shown no more.
    async with serving(on) as app, client_of(app) as client:
        page = (await client.get("/metrics")).text
    assert [line for line in page.splitlines() if 'how="fast"' in line] == [
        'graphql_answers_total{how="fast"} 0.0'
    ]
