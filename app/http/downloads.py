"""Receipts, invoices and statements as files, for browsers."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from app import clock
from app.accounting import flows
from app.accounting.downloads import MAX_LENGTH
from app.http.auth import client_of
from app.http.problems import documented
from app.http.signed_in import NO_STORE
from app.http.state import keys_of, runtime_of


@get(
    "/downloads/{code:str}",
    tags=["Downloads"],
    summary="A file by the address that GraphQL has shown",
    description=(
        "A document as a PDF (`Document.pdfUrl`), a statement or a report as CSV (`csvUrl`). The "
        "address is the permission, for a quarter of an hour: ask for another one rather than keep "
        "it."
    ),
    response_description="The file.",
    responses=documented(400, 429),
)
async def download(
    request: Request[Any, Any, Any],
    code: Annotated[str, PathParameter(max_length=MAX_LENGTH, description="From the address.")],
) -> Response[bytes]:
    runtime = runtime_of(request)
    made = await flows.download(
        runtime.db,
        runtime.limiter,
        runtime.settings,
        keys_of(request),
        code,
        client_of(request),
        clock.now(),
    )
    return Response(
        made.content,
        media_type=made.media_type,
        headers=NO_STORE
        | {
            "content-disposition": f'attachment; filename="{made.name}"',
            "x-content-type-options": "nosniff",
            "x-robots-tag": "noindex",
        },
    )
