"""GraphQL over HTTP, as https://graphql.github.io/graphql-over-http/draft/ has it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

import msgspec
from graphql import GraphQLError, OperationType
from litestar import Request
from litestar.types import ASGIApp, Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html

from schema.transport.errors import (
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    STATUS_BY_CODE,
    Refused,
    RequestError,
    is_public,
    present_exception,
)
from schema.transport.lifetime import cancel
from schema.transport.negotiation import ANY, SINGLE, STREAMS, Accept, Media, accepted
from schema.transport.requests import read_request
from schema.transport.service import SESSION_OVER, Ready, Service, is_request_error
from schema.transport.streaming import FRAMINGS, StreamingAnswer, formatted, frame

# Answers depend on who asks, and on `Accept`.
NO_STORE = (b"cache-control", b"no-store")
CONTENT_TYPES = {media: f"{media}; charset=utf-8".encode() for media in Media}


class Answer:
    """A response that is there as a whole. Litestar's own costs as much as many an operation."""

    def __init__(
        self,
        body: bytes,
        status: int,
        media: Media,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._body = body
        self._status = status
        self._headers = [
            (b"content-type", CONTENT_TYPES[media]),
            (b"content-length", b"%d" % len(body)),
        ]
        if headers:
            self._headers += [(name.encode(), value.encode()) for name, value in headers.items()]
        if media is not Media.HTML:
            self._headers.append(NO_STORE)

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """The ASGI application that sends it."""
        await send(
            {"type": "http.response.start", "status": self._status, "headers": self._headers}
        )
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


async def answer(service: Service, request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer one HTTP request; whatever happens, with a GraphQL response."""
    accept = accepted(request.headers.get("accept"))
    if _wants_page(service, request, accept):
        return Answer(get_graphql_ide_html("graphiql").encode(), 200, Media.HTML)
    media = accept.best((Media.GRAPHQL, Media.JSON)) or Media.JSON
    try:
        return await _run(service, request, accept)
    except RequestError as error:
        return _errors([error.error], error.status, media, error.headers)
    except Refused as refused:
        # For the older media type 200 says that the request was understood.
        return _errors(refused.errors, 200 if media is Media.JSON else 400, media)
    except Exception as error:
        presented = present_exception(error)
        code = (presented.extensions or {})["code"]
        status = STATUS_BY_CODE.get(code, 400) if is_public(error) else 500
        headers = {"www-authenticate": "Bearer"} if status == 401 else {}
        return _errors([presented], status, media, headers)


async def _run(service: Service, request: Request[Any, Any, Any], accept: Accept) -> ASGIApp:
    if accept.best(ANY) is None:
        raise _not_acceptable(ANY)
    parsed = await read_request(request, service.schema.limits)
    ready = await service.resolve(parsed)
    operation = ready.operation
    if request.method == "GET" and operation.type is OperationType.MUTATION:
        message = "Mutations need POST."
        raise RequestError(405, METHOD_NOT_ALLOWED, message, {"allow": "POST"})
    offers = STREAMS if operation.type is OperationType.SUBSCRIPTION else SINGLE
    media = accept.best(offers)
    if media is None:
        raise _not_acceptable(offers)

    context = await service.context_factory(request, None)
    if media in STREAMS:
        return _stream(service, media, ready, context)
    result = await service.execute(ready, context)
    if is_request_error(result):
        return _errors(result.errors or [], 200 if media is Media.JSON else 400, media)
    return Answer(msgspec.json.encode(formatted(result)), 200, media)


def _stream(service: Service, media: Media, ready: Ready, context: Any) -> ASGIApp:
    framing = FRAMINGS[media]

    async def results() -> AsyncGenerator[Mapping[str, Any], None]:
        async for result in service.stream(ready, context):
            yield formatted(result)

    async def parts() -> AsyncGenerator[bytes, None]:
        over = asyncio.ensure_future(service.end_of(context))
        with service.draining:
            try:
                async for part in frame(framing, results(), over, SESSION_OVER):
                    yield part
            finally:
                await cancel(over)

    return StreamingAnswer(framing.content_type, parts(), service.schema.limits.send_seconds)


def _wants_page(service: Service, request: Request[Any, Any, Any], accept: Accept) -> bool:
    """Whether a person's browser asks for the address itself."""
    return (
        service.graphiql
        and request.method == "GET"
        and accept.best((Media.HTML, Media.GRAPHQL, Media.JSON)) is Media.HTML
    )


def _not_acceptable(offers: Iterable[Media]) -> RequestError:
    return RequestError(406, NOT_ACCEPTABLE, f"This is answered as one of: {', '.join(offers)}.")


def _errors(
    errors: list[GraphQLError],
    status: int,
    media: Media,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A response without `data`: nothing was executed."""
    body = {"errors": [error.formatted for error in errors]}
    return Answer(msgspec.json.encode(body), status, media, headers)
