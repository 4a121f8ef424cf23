"""The route at which a schema is served."""

from collections.abc import Iterable, Mapping
from typing import Any

from litestar import HttpMethod, Request, Router, WebSocket, route, websocket
from litestar.types import ASGIApp, Receive, Scope, Send
from strawberry.http.websocket_origin import normalize_allowed_origins

from schema.transport.http import answer
from schema.transport.lifetime import Draining, WatchSession
from schema.transport.persisted import LocalPersistedQueries, PersistedQueries
from schema.transport.schema import Schema
from schema.transport.service import ContextFactory, Service
from schema.transport.sockets import serve


def create_graphql_router(
    schema: Schema,
    *,
    context_factory: ContextFactory,
    path: str = "/graphql",
    allowed_origins: Iterable[str] = (),
    graphiql: bool | None = None,
    persisted_queries: PersistedQueries | None = None,
    trusted_documents: Mapping[str, str] | None = None,
    watch_session: WatchSession | None = None,
    draining: Draining | None = None,
) -> Router:
    """Serve `schema` at `path`: POST, GET, server-sent events, multipart and websockets.

    - `context_factory(connection, params)` is awaited once per operation; `params` is the payload
      of `connection_init` on a websocket, else None. What it raises is told to the client when
      it is a public error (see `schema.transport.errors`).
    - `allowed_origins`: pages elsewhere that may open websockets.
    - `graphiql`: the page for people; None serves it when the schema allows introspection. It
      loads its scripts from a public CDN, so it is for development only.
    - `persisted_queries`: where automatically persisted queries are kept; in memory by default.
    - `trusted_documents`: texts by SHA-256; when given, nothing else is run.
    - `watch_session(session_id)`: returns when a session is revoked.
    - `draining`: tell it when the process stops; see `Draining.drain`.
    """
    service = Service(
        schema=schema,
        context_factory=context_factory,
        allowed_origins=normalize_allowed_origins(allowed_origins),
        graphiql=schema.introspection if graphiql is None else graphiql,
        persisted_queries=persisted_queries or LocalPersistedQueries(),
        trusted_documents=trusted_documents,
        watch_session=watch_session,
        draining=draining or Draining(),
    )

    def answering(app: ASGIApp) -> ASGIApp:
        async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            await (await answer(service, request))(scope, receive, send)

        return graphql

    methods = [HttpMethod.GET, HttpMethod.POST]

    @route("/", http_method=methods, middleware=[answering], include_in_schema=False)
    async def graphql() -> None:
        """Where requests come to, by Litestar's rules; `answering` spares them the rest of it."""

    @websocket("/")
    async def graphql_socket(socket: WebSocket[Any, Any, Any]) -> None:
        await serve(service, socket)

    return Router(path, route_handlers=[graphql, graphql_socket])
