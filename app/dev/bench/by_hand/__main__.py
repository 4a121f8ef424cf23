"""The server of the pages by hand: `python -m app.dev.bench.by_hand`.

Takes the API's environment, listens on PORT, and answers a POST of the operation's variables with
what GraphQL would answer. Each request is treated as any route of the API treats it: request id,
log, metrics, headers, limits, who asks, and for how long.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from app import clock, config, telemetry
from app.actor import Actor
from app.config import Settings
from app.dev.bench.by_hand import pages
from app.http import problems, security
from app.http.server import serve
from app.identity import tokens
from app.identity.tokens import TokenKeys
from app.main import HEADERS, MAX_BODY, Api
from app.properties.terms import Fees, fees_of
from db.session import connection_options

Call = Request[Any, Any, Any]

NO_STORE = {"cache-control": "no-store"}

encode = msgspec.json.Encoder().encode
search_input = msgspec.json.Decoder(pages.SearchInput).decode
property_input = msgspec.json.Decoder(pages.PropertyInput).decode
calendars_input = msgspec.json.Decoder(pages.CalendarsInput).decode


class House(msgspec.Struct, frozen=True):
    """What the pages know of the server."""

    settings: Settings
    keys: TokenKeys
    fees: Fees
    public_url: str


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """One that nothing has to be reset on: every statement stands alone."""

    def get_reset_query(self) -> str:
        return ""


# A page's data, with a connection, of a request's body and whoever sent it.
Page = Callable[[Any, bytes, Actor, House], Awaitable[Any]]


async def search(db: Any, body: bytes, _: Actor, house: House) -> Any:
    found = await pages.search(db, search_input(body), clock.now(), house.fees, house.public_url)
    return {"searchProperties": found}


async def property_page(db: Any, body: bytes, _: Actor, house: House) -> Any:
    found = await pages.property_page(db, property_input(body), clock.now(), house.public_url)
    return {"property": found}


async def trips(db: Any, _: bytes, actor: Actor, house: House) -> Any:
    if actor.user_id is None:
        raise HTTPException(status_code=401)
    return {"viewer": await pages.trips(db, actor.user_id, house.public_url)}


async def calendars(db: Any, body: bytes, _: Actor, __: House) -> Any:
    return await pages.calendars(db, calendars_input(body), clock.now())


@get("/health/ready")
async def ready() -> None:
    """Nothing: it answers."""


def create_app(settings: Settings) -> Litestar:
    """The application; connects when its lifespan begins."""
    telemetry.configure(settings)
    house = House(
        settings, tokens.load_keys(settings), fees_of(settings), settings.public_url.rstrip("/")
    )
    pools: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pools["reads"] = await stack.enter_async_context(_pool(settings))
            # As in app.search.pages: a plan for each box on the map.
            pools["searches"] = await stack.enter_async_context(
                _pool(settings, plan_cache_mode="force_custom_plan")
            )
            yield

    def route(path: str, pool: str, page: Page) -> HTTPRouteHandler:
        @post(path, status_code=200)
        async def handler(request: Call) -> Response[bytes]:
            authorization = request.headers.get("authorization")
            actor = tokens.authenticate(authorization, house.keys, clock.now())
            async with asyncio.timeout(settings.graphql_deadline_seconds):
                body = await request.body()
                async with pools[pool].acquire() as db:
                    data = await page(db, body, actor, house)
            return Response(encode({"data": data}), media_type="application/json", headers=NO_STORE)

        return handler

    return Api(
        [
            route("/search", "searches", search),
            route("/property", "reads", property_page),
            route("/trips", "reads", trips),
            route("/calendars", "reads", calendars),
            ready,
        ],
        lifespan=[lifespan],
        state=State({HEADERS: security.headers_for(settings)}),
        exception_handlers=problems.HANDLERS,
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
    )


def _pool(settings: Settings, **server_settings: str) -> Any:
    options = connection_options(settings.database_statement_timeout_ms)
    return asyncpg.create_pool(
        settings.database_url,
        min_size=0,
        max_size=settings.database_pool_size,
        connection_class=Connection,
        # Statements stay prepared, and connections open.
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        **{**options, "server_settings": {**options["server_settings"], **server_settings}},
    )


if __name__ == "__main__":
    settings = config.load()
    serve(create_app(settings), settings)
