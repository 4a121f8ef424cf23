"""Requests and responses: what is read, what is refused, and with which status."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from schema.transport import Limits
from tests.schema.transport.serving import Served, serving

GRAPHQL = "application/graphql-response+json"
PREFLIGHT = {"apollo-require-preflight": "1"}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL},application/json;q=0.9", GRAPHQL),
        (f"application/json;q=0.9,{GRAPHQL};q=0.8", "application/json"),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", "application/json"),
        ("application/json;charset=utf-8", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("nonsense", "application/json"),
    ],
)
async def test_the_media_type_is_negotiated(
    server: Served, accept: str | None, answered: str
) -> None:
    headers = {"accept": accept} if accept is not None else {}
    request = server.http.build_request("POST", "/graphql", json={"query": "{hello}"})
    request.headers.pop("accept")
    request.headers.update(headers)
    response = await server.http.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize("accept", ["text/plain", "image/*", "application/json;q=0", "text/html"])
async def test_what_cannot_be_answered_is_not_acceptable(server: Served, accept: str) -> None:
    response = await server.post({"query": "{hello}"}, accept=accept)
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


MALFORMED = {
    "nothing": b"",
    "null": b"null",
    "string": b'"x"',
    "number": b"1",
    "batch": b'[{"query": "{hello}"}]',
    "no json": b'{"query',
    "trailing": b'{"query": "{hello}"} x',
    "not utf-8": b"\xff",
    "utf-16": '{"query": "{hello}"}'.encode("utf-16"),
    "bad utf-8 inside": b'{"query": "{hello}\xff"}',
    "lone surrogate": b'{"query": "\\ud800 {hello}"}',
    "encoded surrogate": b'{"query": "\xed\xa0\x80"}',
    "deep list": b"[" * 100_000,
    "deep variables": b'{"query": "{hello}", "variables": {"a": ' + b"[" * 100_000,
    "huge number": b'{"query": "{hello}", "variables": {"a": ' + b"1" * 5_000 + b"}}",
    "no query": b"{}",
    "null query": b'{"query": null}',
    "query is a list": b'{"query": ["{hello}"]}',
    "query is a number": b'{"query": 1}',
    "variables are a string": b'{"query": "{hello}", "variables": "{}"}',
    "variables are a list": b'{"query": "{hello}", "variables": []}',
    "operationName is a number": b'{"query": "{hello}", "operationName": 1}',
    "extensions are a list": b'{"query": "{hello}", "extensions": []}',
    "persistedQuery is a string": b'{"extensions": {"persistedQuery": "abc"}}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
async def test_a_malformed_body_is_a_bad_request(server: Served, body: bytes, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    response = await server.http.post("/graphql", content=body, headers=headers)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    (error,) = response.json()["errors"]
    assert error["message"]
    assert error["extensions"]["code"] in ("BAD_REQUEST", "BAD_USER_INPUT")
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "",
    ],
)
async def test_only_json_in_utf_8_is_read(server: Served, content_type: str) -> None:
    headers = {"content-type": content_type, **PREFLIGHT}
    response = await server.http.post("/graphql", content=b'{"query":"{hello}"}', headers=headers)
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


REFUSED = {
    "syntax": ("{", {}, "GRAPHQL_PARSE_FAILED"),
    "empty": ("", {}, "GRAPHQL_PARSE_FAILED"),
    "unknown field": ("{nope}", {}, "GRAPHQL_VALIDATION_FAILED"),
    "no operation": ("fragment A on Query {hello}", {}, "GRAPHQL_VALIDATION_FAILED"),
    "variable missing": ("query($d: Day!) {echo(day: $d)}", {}, "BAD_USER_INPUT"),
    "variable deep": (
        "query($d: Day!) {echo(day: $d)}",
        {"d": json.loads("[" * 900 + "]" * 900)},
        "BAD_USER_INPUT",
    ),
    "variable wrong": ("query($d: Day!) {echo(day: $d)}", {"d": "soon"}, "BAD_USER_INPUT"),
    "ambiguous": ("query A {hello} query B {hello}", {}, "OPERATION_RESOLUTION_FAILURE"),
}


@pytest.mark.parametrize(("text", "variables", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refused_document_is_200_only_for_the_older_media_type(
    server: Served, text: str, variables: dict[str, Any], code: str
) -> None:
    body = {"query": text, "variables": variables}
    for accept, status in (("application/json", 200), (GRAPHQL, 400)):
        response = await server.post(body, accept=accept)
        assert response.status_code == status, response.text
        assert response.json()["errors"][0]["extensions"]["code"] == code
        assert "data" not in response.json()


async def test_the_operation_is_chosen_by_name(server: Served) -> None:
    body = {"query": "query A {hello} query B {user}", "operationName": "B"}
    assert (await server.post(body)).json() == {"data": {"user": None}}
    unknown = await server.post(body | {"operationName": "C"}, accept=GRAPHQL)
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"


async def test_a_field_that_fails_does_not_change_the_status(server: Served) -> None:
    response = await server.post({"query": "{hello empty}"}, accept=GRAPHQL)
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "world", "empty": None}


async def test_get_runs_queries_only(server: Served) -> None:
    parameters = {
        "query": "query($d: Day!) {echo(day: $d)}",
        "variables": '{"d": "2026-12-24"}',
        "operationName": "",
    }
    response = await server.http.get("/graphql", params=parameters, headers=PREFLIGHT)
    assert response.json() == {"data": {"echo": "2026-12-24"}}
    assert response.headers["cache-control"] == "no-store"

    mutation = {"query": 'mutation {rename(title: "x")}'}
    response = await server.http.get("/graphql", params=mutation, headers=PREFLIGHT)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "query",
    [
        "query=%ff",
        "query=%7Bhello%7D&query=%7Bhello%7D",
        "query=%7Bhello%7D&variables=%7B",
        "query=%7Bhello%7D&variables=%5B%5D",
        "query=%7Bhello%7D&extensions=1",
        "query=",
        "",
        "&".join(f"a{n}=1" for n in range(60)),
    ],
)
async def test_a_malformed_query_string_is_a_bad_request(server: Served, query: str) -> None:
    response = await server.http.get(f"/graphql?{query}", headers=PREFLIGHT)
    assert response.status_code == 400, response.text
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(server: Served, method: str) -> None:
    response = await server.http.request(method, "/graphql", json={"query": "{hello}"})
    assert response.status_code == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"content-type": "text/plain"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-mode": "no-cors"}, 403),
        ({"apollo-require-preflight": ""}, 403),
        ({"apollo-require-preflight": "true"}, 200),
        ({"x-apollo-operation-name": "Hello"}, 200),
        ({"content-type": "application/json"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        # What Node's fetch sends: no page in a browser can.
        ({"sec-fetch-mode": "cors"}, 200),
    ],
)
async def test_a_get_that_a_page_elsewhere_could_send_is_refused(
    server: Served, headers: dict[str, str], status: int
) -> None:
    response = await server.http.get("/graphql?query={hello}", headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.json()["errors"][0]["extensions"]["code"] == "CSRF_PREVENTED"


async def test_browsers_get_a_page_only_where_introspection_is_on(
    server: Served, strict: Served
) -> None:
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await server.http.get("/graphql", headers=accept)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (await strict.http.get("/graphql", headers=accept)).status_code == 403
    # A program that accepts anything is not a browser.
    anything = await server.http.get("/graphql", headers={"accept": "*/*"})
    assert anything.headers["content-type"].startswith("application/json")


async def test_a_large_body_is_refused_before_it_is_read(server: Served) -> None:
    headers = {"content-type": "application/json"}
    announced = await server.http.post("/graphql", content=b" " * 200_000, headers=headers)
    assert announced.status_code == 413
    assert announced.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"

    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n" + (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 5
    )
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_body_that_does_not_arrive_times_out() -> None:
    async with serving(limits=Limits(body_seconds=0.2)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
        line = await asyncio.wait_for(reader.readline(), 5)
        assert b" 408 " in line
        writer.close()


async def test_a_client_that_leaves_while_it_sends_is_no_error_of_ours(server: Served) -> None:
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.sleep(0.05)
        await server.query("{hello}")
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_credentials_that_are_not_good(server: Served) -> None:
    for accept in ("application/json", GRAPHQL):
        response = await server.post(
            {"query": "{hello}"}, authorization="Bearer bad", accept=accept
        )
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    broken = await server.post({"query": "{hello}"}, authorization="Bearer broken")
    assert broken.status_code == 500
    (error,) = broken.json()["errors"]
    assert error["message"] == "Internal server error"
    assert error["extensions"]["errorId"]


async def test_each_request_has_one_context(server: Served) -> None:
    before = len(server.door.made)
    data = await server.query("{a: contextNumber b: contextNumber}")
    assert data["data"]["a"] == data["data"]["b"]
    assert len(server.door.made) == before + 1


def persisted(text: str) -> dict[str, object]:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256}}


async def test_automatic_persisted_queries(server: Served) -> None:
    text = "query Persisted {hello}"
    extensions = persisted(text)
    missed = await server.post({"extensions": extensions})
    assert missed.status_code == 200
    assert missed.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert missed.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"

    wrong = await server.post({"query": "{user}", "extensions": extensions})
    assert wrong.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    invalid = "{nope}"
    await server.post({"query": invalid, "extensions": persisted(invalid)})
    unkept = await server.post({"extensions": persisted(invalid)})
    assert unkept.json()["errors"][0]["message"] == "PersistedQueryNotFound"

    sent = await server.post({"query": text, "extensions": extensions})
    assert sent.json() == {"data": {"hello": "world"}}
    assert (await server.post({"extensions": extensions})).json() == sent.json()
    parameters = {"extensions": json.dumps(extensions)}
    got = await server.http.get("/graphql", params=parameters, headers=PREFLIGHT)
    assert got.json() == sent.json()


async def test_trusted_documents_only() -> None:
    text = "query Trusted {hello}"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    async with serving(trusted_documents={sha256: text}) as served:
        assert (await served.query(text))["data"] == {"hello": "world"}
        by_hash = await served.post({"extensions": persisted(text)})
        assert by_hash.json()["data"] == {"hello": "world"}
        for body in ({"query": "{hello}"}, {"extensions": persisted("{hello}")}):
            refused = await served.post(body)
            assert refused.json()["errors"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"
