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
from schemathesis import GenerationMode
from schemathesis.core.control import SkipTest
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.config import Settings
from tests.http.conftest import listening

EXAMPLES = 25


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[str]:
    """Listening in a thread: schemathesis blocks."""
    async with listening(settings) as url:
        yield url


async def test_the_document_describes_every_member(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document == (await client.get("/docs/openapi.json")).json()
    assert set(document["paths"]) == {
        "/auth/register",
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/verify-email",
        "/auth/resend-verification",
        "/auth/forgot-password",
        "/auth/reset-password",
        "/auth/change-password",
        "/auth/change-email",
        "/auth/confirm-email-change",
        "/auth/second-factor",
        "/auth/passkey-sign-in-options",
        "/auth/passkey-sign-in",
        "/auth/proof-options",
        "/auth/proof",
        "/auth/enroll-totp",
        "/auth/confirm-totp",
        "/auth/disable-totp",
        "/auth/recovery-codes",
        "/auth/passkey-options",
        "/auth/add-passkey",
        "/me/picture",
        "/webhooks/stripe",
        "/health/live",
        "/health/ready",
        "/media/{path}",
        "/.well-known/jwks.json",
    }
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
