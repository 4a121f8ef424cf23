"""Uploaded and demo pictures, from a folder. In production a CDN stands in front of it."""

import stat
from email.utils import formatdate
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from litestar import Request, Response, get, head
from litestar.params import FromPath
from litestar.response import File

from app.errors import NotFound
from app.http.problems import documented
from app.http.state import runtime_of
from app.storage import IMMUTABLE, PUBLIC

# The demo's pictures may be replaced under their names, so they are asked about again.
CACHE = "public, max-age=3600, stale-while-revalidate=86400"


@get(
    "/media/{path:path}",
    tags=["Pictures"],
    summary="A picture",
    response_description="Its bytes.",
    responses=documented(404),
)
async def media(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[Any]:
    found = _file(request, path)
    if found.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers=found.headers)
    return found


@head("/media/{path:path}", include_in_schema=False)
async def media_head(request: Request[Any, Any, Any], path: FromPath[str]) -> File:
    return _file(request, path)


def _file(request: Request[Any, Any, Any], path: str) -> File:
    found = locate(runtime_of(request).settings.media_dir, path)
    if found is None:
        raise NotFound("There is no such file.")
    state = found.stat()
    return File(
        found,
        filename=found.name,
        content_disposition_type="inline",
        media_type=_media_type(found),
        headers={
            "cache-control": IMMUTABLE if path.lstrip("/").startswith(PUBLIC) else CACHE,
            "etag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"',
            "last-modified": formatdate(state.st_mtime, usegmt=True),
            # Pages of any origin may show it.
            "cross-origin-resource-policy": "cross-origin",
        },
        stat_result=state,
    )


def _media_type(path: Path) -> str:
    """The type of a picture; whatever else lies here is not for browsers to make sense of."""
    guessed = guess_type(path.name)[0] or ""
    return guessed if guessed.startswith("image/") else "application/octet-stream"


def locate(folder: Path, path: str) -> Path | None:
    """The regular file at `path` below `folder`; None for anything else, above all outside it."""
    parts = path.strip("/").split("/")
    # A leading dot is `..` or something hidden; the others mean nothing good in a file's name.
    if any(not part or part.startswith(".") or set(part) & set("\\:\0") for part in parts):
        return None
    try:
        root = folder.resolve()
        found = root.joinpath(*parts).resolve(strict=True)
        regular = stat.S_ISREG(found.stat().st_mode)
    except (OSError, ValueError):
        return None
    return found if regular and found.is_relative_to(root) else None
