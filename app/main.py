"""The API process: REST and GraphQL on one port."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from litestar import Litestar, Request, Router, WebSocket
from litestar.config.cors import CORSConfig
from litestar.datastructures import State

from app import clock, config, telemetry
from app.config import Settings, SettingsError
from app.http import (
    calendars,
    docs,
    downloads,
    health,
    media,
    metrics,
    pages,
    picture,
    privacy,
    problems,
    security,
    state,
    unsubscribe,
    uploads,
    webhooks,
)
from app.http.accounts import accounts_router
from app.http.auth import auth_router, client_of
from app.http.factors import factors_router
from app.http.oidc import oidc_router
from app.http.second_factor import second_factor_router
from app.http.shutdown import drained_first
from app.identity import sessions, tokens
from app.identity.errors import AccessTokenRefused
from app.identity.oidc.registrations import registrations
from app.identity.tokens import TokenKeys
from app.runtime import Runtime, open_runtime
from app.storage.opening import open_storage
from schema.build import schema_for
from schema.context import Context
from schema.transport.lifetime import Draining
from schema.transport.metrics import counted
from schema.transport.router import create_graphql_router
from schema.transport.schema import Schema

# No JSON body of ours is larger; webhooks set their own limit.
MAX_BODY = 128 * 1024
# How long clients get to take leave of their websockets before the server stops listening.
SOCKETS_SECONDS = 5.0

HEADERS = "headers"
Connection = Request[Any, Any, Any] | WebSocket[Any, Any, Any]

ROUTES = (
    auth_router,
    accounts_router,
    second_factor_router,
    factors_router,
    oidc_router,
    privacy.data_export,
    downloads.download,
    unsubscribe.unsubscribe_page,
    unsubscribe.unsubscribe,
    webhooks.stripe_webhook,
    webhooks.paystack_webhook,
    health.live,
    health.ready,
    calendars.calendar_feed,
    media.media,
    media.media_head,
    uploads.upload,
    picture.picture_router,
    docs.openapi_document,
    docs.jwks,
)


class Api(Litestar):
    """Litestar, with every connection observed and every answer hardened: its 404s too."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        headers = self.state[HEADERS]
        serve: Any = super().__call__

        async def hardened(scope: Any, receive: Any, send: Any) -> None:
            await security.harden(serve, headers, scope, receive, send)

        await telemetry.observe(hardened, scope, receive, send)


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI application; settings come from the environment if none are given.

    Connects to nothing before its lifespan begins. Raises SettingsError.
    """
    settings = settings or config.load()
    if "*" in settings.web_origins:
        raise SettingsError("WEB_ORIGINS names each origin: '*' would lend cookies to any page")
    telemetry.configure(settings)
    keys = tokens.load_keys(settings)
    registrations(settings)
    open_storage(settings)
    schema, draining = schema_for(settings), Draining()
    app_state = State({state.KEYS: keys, HEADERS: security.headers_for(settings)})
    return Api(
        route_handlers=[
            *ROUTES,
            _graphql(schema, settings, keys, app_state, draining),
            *([metrics.metrics] if settings.metrics_enabled else []),
            # A web app has pages of its own for mailed links.
            *([] if settings.web_origins else [pages.account_page]),
        ],
        lifespan=[_lifespan(schema, settings, draining)],
        state=app_state,
        exception_handlers=problems.HANDLERS,
        request_max_body_size=MAX_BODY,
        openapi_config=docs.openapi_config(settings),
        cors_config=_cors(settings),
        # Ours, in app.telemetry.
        logging_config=None,
        debug=False,
    )


def _lifespan(schema: Schema, settings: Settings, draining: Draining) -> Callable[[Litestar], Any]:
    """Holds the neighbours open, and says when it is time to go."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(open_runtime(settings))
            app.state[state.RUNTIME] = runtime
            app.state[state.READINESS] = await stack.enter_async_context(
                health.open_readiness(settings, runtime.redis, lambda: draining.begun)
            )
            stack.enter_context(counted(schema))
            stack.enter_context(drained_first(lambda: draining.drain(SOCKETS_SECONDS)))
            yield

    return lifespan


def _graphql(
    schema: Schema, settings: Settings, keys: TokenKeys, app_state: State, draining: Draining
) -> Router:
    """GraphQL at /graphql, over HTTP and websockets."""

    async def context(connection: Connection, params: Mapping[str, Any] | None) -> Context:
        authorization = (params or {}).get("Authorization")
        if authorization is None:
            authorization = connection.headers.get("authorization")
        elif not isinstance(authorization, str):
            raise AccessTokenRefused
        actor = tokens.authenticate(authorization, keys, clock.now())
        return Context(app_state[state.RUNTIME], actor, client_of(connection), takes_json=True)

    async def watch_session(session_id: UUID) -> None:
        runtime: Runtime = app_state[state.RUNTIME]
        await sessions.until_over(runtime.db, runtime.live, session_id)

    return create_graphql_router(
        schema,
        context_factory=context,
        allowed_origins=(settings.public_url, *settings.web_origins),
        graphiql=settings.introspection_enabled,
        watch_session=watch_session,
        draining=draining,
    )


def _cors(settings: Settings) -> CORSConfig | None:
    """What pages of other origins may send, cookies included; nothing unless they are named."""
    if not settings.web_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.web_origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=[
            "authorization",
            "content-type",
            "x-request-id",
            "apollo-require-preflight",
            "x-apollo-operation-name",
            "apollographql-client-name",
            "apollographql-client-version",
        ],
        allow_credentials=True,
        expose_headers=["x-request-id", "retry-after"],
        max_age=7200,
    )
