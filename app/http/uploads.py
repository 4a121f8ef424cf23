"""Where clients send files when pictures are kept in a folder of ours."""

from typing import Annotated, Any

from litestar import Request, Response, put
from litestar.params import FromPath, Parameter

from app import clock
from app.errors import NotFound
from app.http.problems import documented
from app.http.state import runtime_of
from app.properties.photos.service import MAX_BYTES
from app.storage.folder import UPLOADS_PATH, Folder, Signed


@put(
    UPLOADS_PATH + "{name:str}",
    status_code=204,
    tags=["Pictures"],
    summary="Send a file",
    description=(
        "The bytes themselves, to an address that the mutation `createPhotoUploads` gave, as many "
        "as announced; what they are is looked at later. Again replaces them, until the address "
        "expires. Where pictures are kept in a bucket, addresses lead there instead."
    ),
    response_description="It is kept.",
    responses=documented(400, 403, 404, 413),
    request_max_body_size=MAX_BYTES,
)
async def upload(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    size: Annotated[int, Parameter(description="How many bytes it has.", ge=1)],
    expires: Annotated[int, Parameter(description="Until when it is taken (Unix time).", ge=0)],
    signature: Annotated[str, Parameter(description="That this is our address.", max_length=64)],
) -> Response[None]:
    storage = runtime_of(request).storage
    if not isinstance(storage, Folder):
        raise NotFound("Files are not sent here.")
    signed = Signed(name=name, size=size, expires=expires, signature=signature)
    await storage.receive(signed, request.stream(), clock.now())
    return Response(None)
