"""Subscriptions over HTTP: server-sent events and Apollo's multipart protocol."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schema.transport import Limits
from tests.schema.transport import toy
from tests.schema.transport.serving import Served, eventually, serving

SSE = {"accept": "text/event-stream"}
MULTIPART = {"accept": 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'}
COUNTDOWN = {"query": "subscription {countdown(start: 3)}"}
FOREVER = {"query": "subscription {forever}"}


def events(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, without its comments."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            named = dict(line.split(": ", 1) for line in lines)
            found.append((named["event"], json.loads(named["data"] or "null")))
    return found


def parts(text: str) -> list[Any]:
    """The parts of a multipart response, read as Apollo's web client reads them."""
    first, *rest = text.split("\r\n--graphql")
    assert first == ""
    assert rest[-1] == "--\r\n"
    return [json.loads(part.split("\r\n\r\n", 1)[1]) for part in rest[:-1]]


async def test_server_sent_events(server: Served) -> None:
    response = await server.http.post("/graphql", json=COUNTDOWN, headers=SSE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-store" in response.headers["cache-control"]
    expected = [("next", {"data": {"countdown": n}}) for n in (3, 2, 1)]
    assert events(response.text) == [*expected, ("complete", None)]


async def test_server_sent_events_by_get_and_for_queries(server: Served) -> None:
    headers = SSE | {"sec-fetch-site": "same-origin"}
    got = await server.http.get("/graphql", params=COUNTDOWN, headers=headers)
    assert len(events(got.text)) == 4
    query = await server.http.post("/graphql", json={"query": "{hello}"}, headers=SSE)
    assert events(query.text) == [("next", {"data": {"hello": "world"}}), ("complete", None)]


async def test_multipart_subscriptions(server: Served) -> None:
    response = await server.http.post("/graphql", json=COUNTDOWN, headers=MULTIPART)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("multipart/mixed;")
    assert parts(response.text) == [{"payload": {"data": {"countdown": n}}} for n in (3, 2, 1)]


async def test_a_query_of_a_client_that_could_take_a_stream_is_answered_at_once(
    server: Served,
) -> None:
    response = await server.http.post("/graphql", json={"query": "{hello}"}, headers=MULTIPART)
    assert response.json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize("accept", ["application/json", "*/*", "multipart/mixed"])
async def test_a_subscription_needs_a_stream(server: Served, accept: str) -> None:
    response = await server.post(COUNTDOWN, accept=accept)
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("subscription {nope}", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) {countdown(start: $n)}", "BAD_USER_INPUT"),
        ("{", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_refused_subscription_is_no_stream(server: Served, text: str, code: str) -> None:
    response = await server.http.post("/graphql", json={"query": text}, headers=SSE)
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["errors"][0]["extensions"]["code"] == code


async def test_a_subscription_that_fails_is_masked(server: Served) -> None:
    body = {"query": "subscription {breaks}"}
    response = await server.http.post("/graphql", json=body, headers=SSE)
    first, second, last = events(response.text)
    assert first == ("next", {"data": {"breaks": 1}})
    assert second[1]["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert last[0] == "complete"
    assert "hunter2" not in response.text


async def test_a_stream_ends_when_its_client_leaves() -> None:
    toy.cancelled.clear()
    async with serving() as served:
        async with served.http.stream("POST", "/graphql", json=FOREVER, headers=SSE) as response:
            async for line in response.aiter_lines():
                if line.startswith("data"):
                    break
            assert served.draining.open == 1
        await eventually(lambda: toy.cancelled == ["forever"])
        await eventually(lambda: served.draining.open == 0)


async def test_a_stream_ends_with_its_session() -> None:
    async with serving() as served:
        served.door.expires_at = datetime.now(UTC) + timedelta(seconds=0.3)
        response = await served.http.post("/graphql", json=FOREVER, headers=SSE)
        first, last, complete = events(response.text)
        assert first == ("next", {"data": {"forever": 1}})
        assert last[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert complete[0] == "complete"


async def test_a_stream_breaks_off_when_the_server_stops() -> None:
    async with serving() as served:
        waiting = asyncio.create_task(served.http.post("/graphql", json=FOREVER, headers=MULTIPART))
        await eventually(lambda: served.draining.open == 1)
        await served.draining.drain(5)
        assert served.draining.open == 0
        response = await waiting
        assert "forever" in response.text
        # Nothing says that it is complete: the client is to come back.
        assert not response.text.endswith("--graphql--\r\n")


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    async with serving(limits=Limits(send_seconds=0.3)) as served:
        body = json.dumps({"query": "subscription {flood}"}).encode()
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        await eventually(lambda: served.draining.open == 1)
        await eventually(lambda: served.draining.open == 0)
        count = len(toy.served)
        await asyncio.sleep(0.1)
        assert len(toy.served) == count
        writer.close()
