"""The OpenAPI document, checked against a running server by generated requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.core.control import SkipTest
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.config import Settings
from app.http.pages import PAGES
from app.http.policies import ROUTES
from schema.build import build_schema
from tests.http.conftest import listening
from tests.http.test_sessions import Device, register
from tests.schema.test_generated import SCALARS

EXAMPLES = 25
GRAPHQL_EXAMPLES = 5
UNDESCRIBED = ("GET /docs", "GET /openapi", "GET /metrics", "HEAD", "WEBSOCKET", "GET /graphql",
               "POST /graphql")  # fmt: skip


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[str]:
    """Listening in a thread: schemathesis blocks."""
    async with listening(settings) as url:
        yield url


async def test_the_document_describes_every_member(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document == (await client.get("/docs/openapi.json")).json()
    # Every route that is declared, but for what is no REST of ours to describe.
    declared = {route.split()[1] for route in ROUTES if not route.startswith(UNDESCRIBED)}
    assert set(document["paths"]) == declared - set(PAGES)
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert operation["operationId"], path
            for status, response in operation["responses"].items():
                assert response["description"], path
                if status[0] in "45" and path != "/health/ready":
                    assert "application/problem+json" in response["content"], (path, status)
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
    for name in ("RegisterBody", "LoginBody", "RefreshBody"):
        assert document["components"]["schemas"][name]["additionalProperties"] is False


async def test_every_body_has_an_example_that_fits_its_schema(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    def check(place: str, content: dict[str, Any]) -> None:
        for media, body in content.items():
            if media.endswith("json") and body["schema"].get("format") != "binary":
                assert "example" in body, (place, media)
                rooted = {"components": document["components"], **body["schema"]}
                Draft202012Validator(rooted).validate(body["example"])
                seen.append(place)

    seen: list[str] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            check(f"{method} {path}", operation.get("requestBody", {}).get("content", {}))
            for status, response in operation["responses"].items():
                check(f"{method} {path} {status}", response.get("content", {}))
    assert {"post /auth/login", "post /auth/login 200", "post /auth/login 401"} <= set(seen)
    login = document["paths"]["/auth/login"]["post"]
    assert login["requestBody"]["content"]["application/json"]["example"] == {
        "login": "ada@example.com",
        "password": "gravel otter lamp",
    }


async def test_the_public_keys_are_published(client: httpx2.AsyncClient) -> None:
    keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert [key["alg"] for key in keys] == ["Ed25519"]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_answers_are_as_documented(server: str, mode: GenerationMode) -> None:
    def run() -> set[str]:
        schema: Any = schemathesis.openapi.from_url(f"{server}/openapi.json")
        schema.config.generation.update(modes=[mode])
        return {check(each.ok()) for each in schema.get_all_operations()}

    def check(operation: Any) -> str:
        @hypothesis_settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def conforms(case: Any) -> None:
            # What is well-formed may still be refused: common passwords, unknown accounts.
            case.call_and_validate(
                base_url=server, excluded_checks=[positive_data_acceptance], timeout=10
            )

        # There is nothing to get wrong where nothing is sent.
        with suppress(SkipTest):
            conforms()
        return str(operation.label)

    assert "POST /auth/register" in await asyncio.to_thread(run)


async def test_graphql_stands_what_is_generated(server: str) -> None:
    """As schemathesis writes it from the schema alone, over HTTP, signed in."""
    async with httpx2.AsyncClient(base_url=server, trust_env=False) as client:
        await register(client, "ada")
        device = Device(client, "phone")
        await device.sign_in("ada")

    def run() -> int:
        for name, strategy in SCALARS.items():
            schemathesis.graphql.scalar(name, strategy)
        schema: Any = schemathesis.graphql.from_url(f"{server}/graphql")
        return sum(tried(each.ok()) for each in schema.get_all_operations())

    def tried(operation: Any) -> bool:
        @hypothesis_settings(
            max_examples=GRAPHQL_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def stands(case: Any) -> None:
            answer = case.call(base_url=server, headers=device.bearer, timeout=10)
            # Its own check takes every refusal for a fault; of ours the status and the code tell.
            assert answer.status_code < 500
            assert b"INTERNAL_SERVER_ERROR" not in answer.content

        stands()
        return True

    operations = await asyncio.to_thread(run)
    whole = build_schema()._schema
    assert whole.query_type is not None
    assert whole.mutation_type is not None
    assert operations == len(whole.query_type.fields) + len(whole.mutation_type.fields)
