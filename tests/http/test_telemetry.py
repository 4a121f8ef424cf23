"""Logs and request ids: one line per request, and no secrets in it."""

import json
import logging
from datetime import UTC, datetime

import httpx2
import msgspec
import pytest

from app import telemetry
from app.config import Settings


async def test_one_line_per_request_without_secrets(
    client: httpx2.AsyncClient, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.configure(msgspec.structs.replace(settings, log_level="INFO", log_json=True))
    await client.post(
        "/auth/login?token=hush",
        json={"login": "ada", "password": "my secret words"},
        headers={"x-request-id": "abc-123", "authorization": "Bearer hush-hush"},
    )
    await client.get("/health/live")
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines() if '"request"' in line]
    assert len(lines) == 1
    line = lines[0]
    assert line.pop("ms") > 0
    assert abs(datetime.fromisoformat(line.pop("timestamp")) - datetime.now(UTC)).seconds < 60
    assert line == {
        "event": "request",
        "logger": "app.access",
        "method": "POST",
        "path": "/auth/login",
        "status": 401,
        "request_id": "abc-123",
        "level": "info",
    }
    for secret in ("hush", "secret", "ada"):
        assert secret not in printed


async def test_people_read_who_asked_for_what(
    client: httpx2.AsyncClient, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.configure(msgspec.structs.replace(settings, log_level="INFO", log_json=False))
    await client.get("/nothing/here", headers={"x-request-id": "abc-123"})
    (line,) = capsys.readouterr().out.splitlines()
    for part in ("GET", "/nothing/here", "404", "abc-123", "app.access", "info"):
        assert part in line
    assert not line.startswith("{")


async def test_a_request_id_is_taken_over_or_made(client: httpx2.AsyncClient) -> None:
    kept = await client.get("/health/live", headers={"x-request-id": "A.b_c-1"})
    assert kept.headers["x-request-id"] == "A.b_c-1"
    seen = set()
    for other in (b"", b"a b", b"x" * 65, b"\xff", b'"},{"', b"\xc3\xa4"):
        answer = await client.get("/health/live", headers={b"x-request-id": other})
        assert answer.headers["x-request-id"].isalnum()
        seen.add(answer.headers["x-request-id"])
    assert len(seen) == 6


def test_tracebacks_hold_no_values(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(msgspec.structs.replace(settings, log_json=True))
    password = "hush " * 2
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("test").exception("it failed: %s", "why")
    line = json.loads(capsys.readouterr().out)
    assert password
    assert line["event"] == "it failed: why"
    assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert "hush" not in str(line["exception"])


def test_people_read_text(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(msgspec.structs.replace(settings, log_json=False))
    logging.getLogger("test").warning("watch out")
    printed = capsys.readouterr().out
    assert "watch out" in printed
    assert not printed.startswith("{")
