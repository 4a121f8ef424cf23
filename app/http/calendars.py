"""A property's calendar, for other sites to read."""

from hashlib import sha256
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from app import clock
from app.availability.ical import queries, writing
from app.availability.ical.flows import own_domain
from app.errors import NotFound
from app.http.problems import documented
from app.http.state import runtime_of

MEDIA_TYPE = "text/calendar"
SUFFIX = ".ics"
PATH = "/calendars/"


@get(
    "/calendars/{file:str}",
    tags=["Calendars"],
    summary="A property's calendar as an iCalendar feed",
    description=(
        "The address is the secret: a host has it from `Property.calendarExchange` and can "
        "change it. Tells which nights are taken, and nothing about by whom. Ask with "
        "`If-None-Match`: while nothing changes, the answer is 304."
    ),
    media_type=MEDIA_TYPE,
    response_description="All-day events (RFC 5545); each ends on the date after its last night.",
    responses=documented(404),
)
async def calendar_feed(request: Request[Any, Any, Any], file: FromPath[str]) -> Response[Any]:
    runtime, now = runtime_of(request), clock.now()
    if not file.endswith(SUFFIX):
        raise NotFound("There is no such calendar.")
    async with runtime.db.read() as connection:
        busy = await queries.busy(connection, file.removesuffix(SUFFIX), now)
    if busy is None:
        raise NotFound("There is no such calendar.")
    content = writing.write(
        busy.property_id, busy.nights, own_domain(runtime.settings), busy.created_at
    )
    headers = {
        "etag": f'"{sha256(content).hexdigest()[:32]}"',
        "cache-control": "private, no-cache",
        "content-disposition": 'inline; filename="calendar.ics"',
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers=headers)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
