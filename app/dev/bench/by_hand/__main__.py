"""The server of the pages by hand: `python -m app.dev.bench.by_hand`.

Takes the API's environment, listens on PORT, and answers a POST of the operation's variables with
what GraphQL would answer.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException

from app import clock, config
from app.config import Settings
from app.dev.bench.by_hand import pages
from app.http.server import serve
from app.identity import tokens
from app.properties.terms import fees_of

Call = Request[Any, Any, Any]

encode = msgspec.json.Encoder().encode
search_input = msgspec.json.Decoder(pages.SearchInput).decode
property_input = msgspec.json.Decoder(pages.PropertyInput).decode
calendars_input = msgspec.json.Decoder(pages.CalendarsInput).decode


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """One that nothing has to be reset on: every statement stands alone."""

    def get_reset_query(self) -> str:
        return ""


def create_app(settings: Settings) -> Litestar:
    """The application; connects when its lifespan begins."""
    keys, fees = tokens.load_keys(settings), fees_of(settings)
    public_url = settings.public_url.rstrip("/")
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

    @post("/search", status_code=200)
    async def search(request: Call) -> Response[bytes]:
        input = search_input(await request.body())
        async with pools["searches"].acquire() as db:
            found = await pages.search(db, input, clock.now(), fees, public_url)
        return _answer({"searchProperties": found})

    @post("/property", status_code=200)
    async def property_page(request: Call) -> Response[bytes]:
        input = property_input(await request.body())
        async with pools["reads"].acquire() as db:
            found = await pages.property_page(db, input, clock.now(), public_url)
        return _answer({"property": found})

    @post("/trips", status_code=200)
    async def trips(request: Call) -> Response[bytes]:
        actor = tokens.authenticate(request.headers.get("authorization"), keys, clock.now())
        if actor.user_id is None:
            raise HTTPException(status_code=401)
        async with pools["reads"].acquire() as db:
            found = await pages.trips(db, actor.user_id, public_url)
        return _answer({"viewer": found})

    @post("/calendars", status_code=200)
    async def calendars(request: Call) -> Response[bytes]:
        input = calendars_input(await request.body())
        async with pools["reads"].acquire() as db:
            found = await pages.calendars(db, input, clock.now())
        return _answer(found)

    @get("/health/ready")
    async def ready() -> None:
        """Nothing: it answers."""

    return Litestar(
        [search, property_page, trips, calendars, ready],
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )


def _pool(settings: Settings, **server_settings: str) -> Any:
    return asyncpg.create_pool(
        settings.database_url,
        min_size=0,
        max_size=settings.database_pool_size,
        connection_class=Connection,
        # Statements stay prepared, and connections open.
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        server_settings={"jit": "off", **server_settings},
    )


def _answer(data: Any) -> Response[bytes]:
    return Response(encode({"data": data}), media_type="application/json")


if __name__ == "__main__":
    settings = config.load()
    serve(create_app(settings), settings)
