"""GraphQL over HTTP, as https://graphql.github.io/graphql-over-http/draft/ has it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

import msgspec
from graphql import GraphQLError, OperationType
from litestar import Request, Response
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
from schema.transport.negotiation import SINGLE, STREAMS, Accept, Media
from schema.transport.requests import read_request
from schema.transport.service import SESSION_OVER, Ready, Service, is_request_error
from schema.transport.streaming import FRAMINGS, StreamingResponse, formatted, frame

# Answers depend on who asks, and on `Accept`.
NO_STORE = {"cache-control": "no-store"}


async def answer(service: Service, request: Request[Any, Any, Any]) -> Response[Any]:
    """Answer one HTTP request; whatever happens, with a GraphQL response."""
    accept = Accept(request.headers.get("accept"))
    if _wants_page(service, request, accept):
        return Response(get_graphql_ide_html("graphiql"), media_type="text/html")
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


async def _run(service: Service, request: Request[Any, Any, Any], accept: Accept) -> Response[Any]:
    if accept.best((*SINGLE, Media.MULTIPART)) is None:
        raise _not_acceptable((*SINGLE, Media.MULTIPART))
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
    return _json(formatted(result), 200, media)


def _stream(service: Service, media: Media, ready: Ready, context: Any) -> Response[Any]:
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

    return StreamingResponse(framing.content_type, parts(), service.schema.limits.send_seconds)


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
) -> Response[bytes]:
    """A response without `data`: nothing was executed."""
    return _json({"errors": [error.formatted for error in errors]}, status, media, headers)


def _json(
    body: Mapping[str, Any], status: int, media: Media, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=f"{media}; charset=utf-8",
        headers={**NO_STORE, **(headers or {})},
    )
