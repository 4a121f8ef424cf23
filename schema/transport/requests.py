"""A GraphQL request out of an HTTP request."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.types import Receive

from schema.transport.errors import (
    BAD_REQUEST,
    CSRF_PREVENTED,
    PAYLOAD_TOO_LARGE,
    REQUEST_TIMEOUT,
    UNSUPPORTED_MEDIA_TYPE,
    RequestError,
)
from schema.transport.limits import Limits
from schema.transport.negotiation import parse_content_type

# A page on another site can send these without asking by a preflight first.
SIMPLE_CONTENT_TYPES = {
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
}
PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name")


class GraphQLRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The parameters of a request, as the specification has them."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


T = TypeVar("T")

_decoder = msgspec.json.Decoder(GraphQLRequest)
_object_decoder = msgspec.json.Decoder(dict[str, Any])


async def read_request(request: Request[Any, Any, Any], limits: Limits) -> GraphQLRequest:
    """The GraphQL request that `request` carries. Raises RequestError."""
    headers = request.headers
    if request.method == "GET":
        prevent_forgery(headers)
        parsed = _from_query_string(request.scope["query_string"], limits)
    else:
        _check_content_type(headers.get("content-type"))
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced[:20]) > limits.body_bytes:
            raise _too_large(limits)
        parsed = decode_request(await _read_body(request.receive, limits))
    if parsed.query is None and not (parsed.extensions or {}).get("persistedQuery"):
        raise RequestError(400, BAD_REQUEST, "The request has no 'query'.")
    return parsed


def decode_request(body: bytes) -> GraphQLRequest:
    """A JSON body as a request. Raises RequestError."""
    if body[:1] == b"[":
        raise RequestError(400, BAD_REQUEST, "Batches are not supported: send one operation.")
    return _decode(_decoder, body, "The body")


def prevent_forgery(headers: Mapping[str, str]) -> None:
    """Refuse a GET that a page on another site could make a browser send without asking.

    It passes with a header that such a page may not set without a preflight, or when the browser
    itself says where it comes from (Fetch Metadata, which no page can forge): from this site, or
    from `fetch` at no site at all, which only programs send. POSTs need no guard: they must be
    `application/json`, which is preflighted.
    """
    content_type, _ = parse_content_type(headers.get("content-type"))
    if content_type not in SIMPLE_CONTENT_TYPES:
        return
    if any(headers.get(name) for name in PREFLIGHT_HEADERS):
        return
    site = headers.get("sec-fetch-site")
    if site == "same-origin" or (site is None and headers.get("sec-fetch-mode") == "cors"):
        return
    message = (
        "This request could have been forged by another site. Send the header"
        f" '{PREFLIGHT_HEADERS[0]}' with any value, or use POST."
    )
    raise RequestError(403, CSRF_PREVENTED, message)


def _check_content_type(header: str | None) -> None:
    content_type, parameters = parse_content_type(header)
    charset = parameters.get("charset", "utf-8").lower()
    if content_type == "application/json" and charset in ("utf-8", "utf8"):
        return
    message = "The body must be 'application/json' in UTF-8."
    raise RequestError(415, UNSUPPORTED_MEDIA_TYPE, message, {"accept-post": "application/json"})


async def _read_body(receive: Receive, limits: Limits) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    # The client has gone; nobody reads the answer.
                    raise RequestError(400, BAD_REQUEST, "The body broke off.")
                body += message.get("body", b"")
                if len(body) > limits.body_bytes:
                    # It may never end: do not wait for the rest.
                    raise _too_large(limits, {"connection": "close"})
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise RequestError(408, REQUEST_TIMEOUT, "The body did not arrive in time.") from None


def _from_query_string(raw: bytes, limits: Limits) -> GraphQLRequest:
    if len(raw) > limits.body_bytes:
        raise _too_large(limits)
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise RequestError(400, BAD_REQUEST, "The query string is malformed.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise RequestError(400, BAD_REQUEST, "A parameter of the query string is repeated.")
    return GraphQLRequest(
        query=parameters.get("query") or None,
        operation_name=parameters.get("operationName") or None,
        variables=_json_parameter(parameters, "variables"),
        extensions=_json_parameter(parameters, "extensions"),
    )


def _json_parameter(parameters: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = parameters.get(name)
    if not text or text == "null":
        return None
    return _decode(_object_decoder, text.encode(), f"The parameter '{name}'")


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes, what: str) -> T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise RequestError(400, BAD_REQUEST, f"{what} is malformed: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestError(400, BAD_REQUEST, f"{what} is not valid JSON.") from None


def _too_large(limits: Limits, headers: Mapping[str, str] | None = None) -> RequestError:
    message = f"The request is larger than {limits.body_bytes // 1024} KB."
    return RequestError(413, PAYLOAD_TOO_LARGE, message, headers)
