"""A person's picture: the bytes as they are, since GraphQL has no place for them."""

from typing import Annotated, Any

from litestar import Request, Response, Router, delete, put
from msgspec import Meta

from app.http.accounts import BEARER, require_actor
from app.http.auth import client_of
from app.http.problems import documented
from app.http.signed_in import NO_STORE, Reply, shown_at
from app.http.state import runtime_of
from app.identity import pictures

Address = Annotated[
    str,
    Meta(
        examples=["http://localhost:8000/media/people/3f9a1c5e7b2d4f60a1b2c3d4e5f60718-512.jpg"],
        extra_json_schema={"format": "uri"},
    ),
]


class PictureReply(Reply, frozen=True, kw_only=True):
    """Where the picture is from now on."""

    picture_url: Annotated[Address, Meta(description=f"{pictures.LARGE} pixels on each side.")]
    small_picture_url: Annotated[
        Address, Meta(description=f"{pictures.SMALL} pixels on each side.")
    ]


@put(
    "/picture",
    summary="Set one's picture",
    description=(
        f"The file itself, {pictures.MAX_BYTES // 1024**2} MB at most: a JPEG, PNG or WebP, told "
        "by its content. Its middle is cut out as a square; nothing else that the file holds is "
        "kept, such as where it was taken. The one of before is deleted."
    ),
    response_description="It is on the profile.",
    responses=documented(400, 401, 404, 413, 429),
    request_max_body_size=pictures.MAX_BYTES,
)
async def set_picture(request: Request[Any, Any, Any]) -> Response[PictureReply]:
    runtime, actor = runtime_of(request), require_actor(request)
    await pictures.admit(runtime.limiter, actor, client_of(request))
    url = await pictures.set_picture(runtime.db, runtime.storage, actor, await request.body())
    reply = PictureReply(
        picture_url=str(shown_at(request, url)),
        small_picture_url=str(shown_at(request, pictures.small(url))),
    )
    return Response(reply, headers=NO_STORE)


@delete(
    "/picture",
    summary="Take one's picture away",
    description="Its files are deleted. Again changes nothing.",
    response_description="There is none.",
    responses=documented(401, 404),
)
async def delete_picture(request: Request[Any, Any, Any]) -> Response[None]:
    user_id = require_actor(request).require_user()
    await runtime_of(request).db.run(lambda session: pictures.replace(session, user_id, None))
    return Response(None, headers=NO_STORE)


picture_router = Router(
    "/me",
    route_handlers=[set_picture, delete_picture],
    tags=["Account"],
    security=BEARER,
)
