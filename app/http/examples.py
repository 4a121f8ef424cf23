"""An example of every body in the OpenAPI document, made from the schemas themselves.

A field's own example comes first (`msgspec.Meta(examples=…)`), then what its name usually holds.
So a new body has an example without anybody writing one, and none contradicts its schema.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.http.problems import CODES, MEDIA_TYPE

BASE64URL = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
USUALLY: Mapping[str, Any] = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "email": "ada@example.com",
    "username": "ada.lovelace",
    "password": "gravel otter lamp",
    "currentPassword": "seven quiet herons",
    "bio": "I count things.",
    "pictureUrl": "http://localhost:8000/media/people/3f9a1c5e7b2d4f60a1b2c3d4e5f60718-512.jpg",
    "accessToken": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiMSJ9.eyJzdWIiOiIwMTlhIn0.c2lnbmF0dXJl",
    "expiresIn": 600,
    "id": "VXNlcjowMTlhYTEwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDE",
    "hostSince": "2026-01-01T12:00:00Z",
    "createdAt": "2026-01-01T12:00:00Z",
    "uri": "otpauth://totp/Roost:ada?secret=JBSWY3DPEHPK3PXP&issuer=Roost",
    "recoveryCodes": ["ABCD-EFGH-IJKL-MNOP"],
    "transports": ["internal"],
    "options": {"challenge": BASE64URL, "rpId": "roost.example", "userVerification": "required"},
    "passkeyOptions": None,
    "status": "ok",
    "postgresql": "ok",
    "redis": "ok",
}
PLAIN: Mapping[str, Any] = {"string": BASE64URL, "integer": 1, "number": 1.0, "boolean": True}


def add_examples(document: dict[str, Any]) -> None:
    """Put one beside the schema of each JSON body that has none yet."""
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            asked = operation.get("requestBody", {}).get("content", {})
            if "$ref" in (body := asked.get("application/json", {})).get("schema", {}):
                body.setdefault("example", example(body["schema"], schemas))
            elif "oneOf" in body.get("schema", {}):
                body.setdefault("example", example(body["schema"]["oneOf"][-1], schemas))
            for status, response in operation["responses"].items():
                for media, body in response.get("content", {}).items():
                    if media == MEDIA_TYPE:
                        body.setdefault("example", problem(int(status)))
                    elif media == "application/json":
                        body.setdefault("example", example(body["schema"], schemas))


def problem(status: int) -> dict[str, Any]:
    """What a client gets that did not do right."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": CODES[status],
    }


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """A value that the schema allows; `name` is its field's."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    if name in USUALLY and "properties" not in schema:
        return USUALLY[name]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return example(schema[union][0], schemas, name)
    match schema.get("type"):
        case "object":
            return _fields(schema, schemas)
        case "array":
            return [example(schema["items"], schemas, name)] if "items" in schema else []
        case kind:
            return PLAIN.get(str(kind))


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """What is required, and the first of what may be left out: often one of several is needed."""
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    optional = [name for name in properties if name not in required][:1]
    return {
        name: example(each, schemas, name)
        for name, each in properties.items()
        if name in required or name in optional
    }
