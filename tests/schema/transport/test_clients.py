"""Real clients from npm: the audit suite of graphql-http, Apollo Client and graphql-ws."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.schema.transport.serving import Served

FOLDER = Path(__file__).parents[2] / "clients"
# Written by npm itself when an installation is complete.
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not installed"
)


# What npm says when there is no network.
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "ENOTCACHED")


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(120):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, (out + errors).decode()
    return out.decode()


@pytest.fixture(scope="session")
async def packages() -> None:
    """The packages of the lock file; installed when they are missing or older than it."""
    lock = FOLDER / "package-lock.json"
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= lock.stat().st_mtime:
        return
    try:
        await run("npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=0")
    except AssertionError as error:
        if "CI" in os.environ or not any(code in str(error) for code in OFFLINE):
            raise
        pytest.skip("the npm packages are not installed and there is no network")


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


@pytest.mark.usefixtures("packages")
async def test_every_audit_of_graphql_over_http_is_met(server: Served) -> None:
    report = json.loads(await run("node", "audit.js", server.url))
    assert report == {"total": 61, "missed": []}


@pytest.fixture(scope="session")
async def found(packages: None, server: Served) -> dict[str, Any]:
    """What Apollo Client got over each transport."""
    result: dict[str, Any] = json.loads(await run("node", "apollo.js", server.url))
    return result


async def test_apollo_queries_and_caches(found: dict[str, Any]) -> None:
    assert [e["node"]["title"] for e in found["query"]["books"]["edges"]] == ["Book 0", "Book 1"]
    assert {"Book:0", "Book:1"} <= set(found["cache"])
    assert found["mutation"] == {"rename": "New"}
    assert found["refused"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert found["failed"] == ["INTERNAL_SERVER_ERROR"]
    media = "application/graphql-response+json; charset=utf-8"
    assert {request["type"] for request in found["plainRequests"]} == {media}
    assert [request["status"] for request in found["plainRequests"]] == [200, 200, 400, 200]


async def test_apollo_persists_queries_by_post_and_get(found: dict[str, Any]) -> None:
    for name, method in (("persistedByPost", "POST"), ("persistedByGet", "GET")):
        assert found[name]["results"] == ["world", "world"]
        missed, registered, by_hash = found[name]["requests"]
        assert (missed["method"], missed["hasQuery"]) == (method, False)
        assert registered["status"] == 200
        assert (by_hash["method"], by_hash["hasQuery"]) == (method, False)
        assert by_hash["status"] == 200


async def test_apollo_subscribes_over_http_and_websockets(found: dict[str, Any]) -> None:
    counted = [{"countdown": n} for n in (3, 2, 1)]
    assert found["multipart"] == counted
    assert found["multipartRequests"][0]["type"].startswith("multipart/mixed")
    assert found["socket"] == counted
    assert found["socketUser"] == {"user": "Bearer someone"}
    assert found["socketRefused"] == ["GRAPHQL_VALIDATION_FAILED"]
