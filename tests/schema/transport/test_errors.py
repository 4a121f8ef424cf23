"""What a client is told, and what the log is."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from schema.transport import Limits
from tests.schema.transport import toy
from tests.schema.transport.serving import Served, eventually, serving


async def test_an_exception_is_masked_and_logged_once_with_its_id(server: Served) -> None:
    with capture_logs() as logs:
        response = await server.query("query Q {broken hello}")
    assert response["data"] == {"broken": None, "hello": "world"}
    (error,) = response["errors"]
    assert error["message"] == "Internal server error"
    assert error["path"] == ["broken"]
    assert set(error["extensions"]) == {"code", "errorId"}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in str(response)
    (logged,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert logged["error_id"] == error["extensions"]["errorId"]
    assert logged["operation"] == "Q"
    kind, raised, traceback = logged["exc_info"]
    assert kind is RuntimeError
    assert "hunter2" in str(raised)
    assert traceback.tb_next is not None


async def test_a_result_that_cannot_be_serialised_is_ours_not_the_clients(server: Served) -> None:
    response = await server.query("{unserialisable}")
    (error,) = response["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in str(response)


async def test_a_public_exception_speaks_for_itself(server: Served) -> None:
    with capture_logs() as logs:
        (error,) = (await server.query("{empty}"))["errors"]
    assert error["message"] == "The shelf is empty."
    assert error["extensions"] == {"code": "SHELF_EMPTY", "shelf": 7}
    assert error["path"] == ["empty"]
    assert not [entry for entry in logs if entry["log_level"] == "error"]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{", {}),
        ("{nope}", {}),
        ("query($d: Day!) {echo(day: $d)}", {"d": "my secret"}),
        ("query($s: Float = 0.0) {slow(seconds: $s)}", {"s": None}),
    ],
)
async def test_client_errors_are_not_logged_as_ours(
    server: Served, text: str, variables: dict[str, Any]
) -> None:
    with capture_logs() as logs:
        response = await server.query(text, **variables)
    assert response["errors"]
    assert all(e["extensions"]["code"] != "INTERNAL_SERVER_ERROR" for e in response["errors"])
    assert not [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert "secret" not in str(logs)


async def test_a_nullable_variable_that_turns_out_null_is_the_clients_mistake(
    server: Served,
) -> None:
    response = await server.query("query($s: Float = 0.0) {hello slow(seconds: $s)}", s=None)
    assert [e["extensions"]["code"] for e in response["errors"]] == ["BAD_USER_INPUT"]


async def test_production_tells_nothing_about_the_schema(strict: Served, server: Served) -> None:
    for text in ("{__schema {types {name}}}", '{__type(name: "Book") {name}}'):
        (error,) = (await strict.query(text))["errors"]
        assert error["extensions"]["code"] == "INTROSPECTION_DISABLED"
        assert "data" in await server.query(text)
    assert (await strict.query("{__typename}"))["data"] == {"__typename": "Query"}
    hidden = [
        ("{helo}", {}),
        ("{books(frist: 1) {totalCount}}", {}),
        ('{wish(wish: {titel: "x"})}', {}),
        ("query($w: Wish!) {wish(wish: $w)}", {"w": {"titel": "x"}}),
    ]
    for text, variables in hidden:
        suggested = await server.query(text, **variables)
        assert "Did you mean" in str(suggested), text
        response = await strict.query(text, **variables)
        assert response["errors"]
        assert "Did you mean" not in str(response), text


async def test_an_operation_that_takes_too_long_is_stopped() -> None:
    toy.cancelled.clear()
    async with serving(limits=Limits(deadline_seconds=0.2)) as served:
        response = await served.post(
            {"query": "{hello slow(seconds: 30)}"}, accept="application/graphql-response+json"
        )
    assert response.status_code == 200
    body = response.json()
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
    await eventually(lambda: toy.cancelled == ["slow"])


async def test_errors_are_the_same_when_the_schema_is_called_directly(server: Served) -> None:
    async def code(text: str, **options: Any) -> str:
        result = await server.schema.execute(text, context_value=toy.Context(), **options)
        assert result.errors
        extensions = result.errors[0].extensions or {}
        found: str = extensions["code"]
        return found

    assert await code("{") == "GRAPHQL_PARSE_FAILED"
    assert await code("{nope}") == "GRAPHQL_VALIDATION_FAILED"
    assert await code("{broken}") == "INTERNAL_SERVER_ERROR"
    assert await code("query A {hello} query B {user}") == "OPERATION_RESOLUTION_FAILURE"
    assert await code("{" + "hello " * 2_000 + "}") in (
        "OPERATION_TOO_COMPLEX",
        "GRAPHQL_PARSE_FAILED",
    )
