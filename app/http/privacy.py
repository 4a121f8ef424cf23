"""Where the mailed link to one's data leads: a plain address, for browsers."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from app import clock
from app.http.auth import client_of
from app.http.problems import documented
from app.http.signed_in import NO_STORE
from app.http.state import keys_of, runtime_of
from app.privacy import flows


@get(
    "/privacy/exports/{code:str}",
    tags=["Privacy"],
    summary="Everything that is held about a person",
    description=(
        "By the link that was mailed after `requestDataExport` (GraphQL). It works as often as it "
        "is followed, until the export expires."
    ),
    response_description="The document: a list of records for each kind of data.",
    responses=documented(400, 429),
)
async def data_export(
    request: Request[Any, Any, Any],
    code: Annotated[str, PathParameter(max_length=128, description="From the mailed link.")],
) -> Response[bytes]:
    runtime = runtime_of(request)
    content = await flows.fetch_export(
        runtime.db, runtime.limiter, keys_of(request), code, client_of(request), clock.now()
    )
    return Response(
        content,
        media_type="application/json",
        headers=NO_STORE
        | {
            "content-disposition": 'attachment; filename="roost-data.json"',
            "x-robots-tag": "noindex",
        },
    )
