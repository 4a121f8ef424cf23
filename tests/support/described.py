"""Paystack's published description of its API, and whether requests and answers keep to it.

The description was drawn from examples of payments that succeeded. What it cannot mean of those
that did not (yet) is in UNPAID: the only places where an answer may differ.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import jsonschema_rs

FILE = Path(__file__).parent.parent / "sandbox" / "paystack" / "openapi.json"
# Null, or empty, while nothing is paid. In lists the description knows that of `paid_at` alone.
UNPAID = {"paid_at", "paidAt", "fees", "authorization"}
_WHOLE = re.compile(r"-?[0-9]+")


def _as_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_as_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: _as_json_schema(value) for name, value in schema.items()}
    if changed.pop("nullable", False) is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
    return changed


_DESCRIPTION = _as_json_schema(json.loads(FILE.read_text()))
OPERATIONS: dict[str, Any] = _DESCRIPTION["operations"]


def _validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": _DESCRIPTION["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=False)


def operation(method: str, path: str) -> str:
    """The operation behind a method and path, e.g. `GET /transaction/verify/*`."""
    for name in sorted(OPERATIONS, key=lambda name: name.count("*")):
        known, pattern = name.split(" ")
        if known == method and re.fullmatch(pattern.replace("*", "[^/]+"), path):
            return name
    raise AssertionError(f"Paystack describes no {method} {path}")


def check_request(method: str, path: str, query: bytes, body: bytes) -> None:
    """AssertionError for a request that Paystack does not describe."""
    name = operation(method, path)
    described = OPERATIONS[name]
    for key, text in parse_qsl(query.decode()):
        assert key in described["query"], f"{name}: there is no parameter {key}"
        wanted = described["query"][key]
        is_whole = wanted["type"] == "integer" and _WHOLE.fullmatch(text)
        value: Any = int(text) if is_whole else text
        _fail(name, _validator(wanted).iter_errors(value))
    if body:
        given = json.loads(body)
        _fail(name, _validator(described["body"]).iter_errors(given))
        unknown = given.keys() - _properties(described["body"])
        assert not unknown, f"{name}: there is no {unknown}"


def check_answer(method: str, path: str, status: int, answer: Any) -> None:
    """AssertionError for an answer that Paystack does not describe.

    Errors other than 401 and 404 are described nowhere but for `initialize`: they all have that
    shape.
    """
    name = operation(method, path)
    described = OPERATIONS[name]["answers"].get(str(status))
    if described is None:
        assert status >= 400, f"{name}: answers no {status}"
        described = OPERATIONS["POST /transaction/initialize"]["answers"]["400"]
    unpaid = _is_unpaid(answer)
    found = [
        error
        for error in _validator(described).iter_errors(answer)
        if not (unpaid and UNPAID & set(map(str, error.instance_path)))
    ]
    _fail(f"{name} ({status})", found)


def _is_unpaid(answer: Any) -> bool:
    data = answer.get("data")
    shown = data if isinstance(data, list) else [data]
    return any(isinstance(one, dict) and one.get("paid_at", "") is None for one in shown)


def _properties(schema: Any) -> set[str]:
    """The names that a body may have. `currency` of a charge was forgotten there."""
    if "$ref" in schema:
        parts = schema["$ref"].split("/")[1:]
        found: Any = _DESCRIPTION
        for part in parts:
            found = found[part]
        return _properties(found)
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        names |= _properties(part)
    return names | ({"currency"} if "mobile_money" in names else set())


def _fail(name: str, errors: Any) -> None:
    found = [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]
    assert not found, f"{name}: {'; '.join(found)}"


async def _check_sent(request: httpx2.Request) -> None:
    body = request.content if "json" in request.headers.get("content-type", "") else b""
    check_request(request.method, request.url.path, request.url.query, body)


async def _check_received(response: httpx2.Response) -> None:
    answer = json.loads(await response.aread())
    request = response.request
    check_answer(request.method, request.url.path, response.status_code, answer)


def watch(http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """Hold everything that this client sends and gets against the description."""
    hooks = http.event_hooks
    hooks["request"].append(_check_sent)
    hooks["response"].append(_check_received)
    http.event_hooks = hooks
    return http
