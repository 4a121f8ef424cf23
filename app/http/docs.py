"""The REST layer's own documentation, /openapi.json, and the public keys of its tokens."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, ScalarRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server, Tag

from app.config import Settings
from app.http import problems
from app.http.state import keys_of
from app.identity import tokens

VERSION = "1.0.0"
DESCRIPTION = """\
Sign-in, webhooks, health and pictures. Everything else is GraphQL, at `/graphql`.

Errors are `application/problem+json` (RFC 9457); `code` is stable, `detail` is for people.
Every answer carries `X-Request-ID`; one that a client sends is taken over.
"""
TAGS = [
    Tag("Sign-in", "Accounts and their sessions."),
    Tag("Webhooks", "For payment providers."),
    Tag("Health", "For orchestrators."),
    Tag("Pictures", "Files of listings and people."),
]


def openapi_config(settings: Settings) -> OpenAPIConfig:
    """The document, and outside of production a page that shows it at /docs."""
    return OpenAPIConfig(
        title="Roost",
        version=VERSION,
        description=DESCRIPTION,
        tags=TAGS,
        servers=[Server(url=settings.public_url.rstrip("/"))],
        components=Components(
            security_schemes={
                "accessToken": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="From /auth/login.",
                )
            }
        ),
        use_handler_docstrings=True,
        openapi_router=Router(
            "/docs", route_handlers=[], include_in_schema=False, after_request=_problem_if_missing
        ),
        render_plugins=(
            (JsonRenderPlugin(),)
            if settings.is_production
            else (ScalarRenderPlugin(path="/"), JsonRenderPlugin())
        ),
    )


@get("/openapi.json", include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document."""
    body = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(
        body,
        media_type="application/vnd.oai.openapi+json",
        headers={"cache-control": "public, max-age=300"},
    )


@get("/.well-known/jwks.json", tags=["Sign-in"], summary="The public keys of access tokens")
async def jwks(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """A JSON Web Key Set (RFC 7517). A token's header names its key by `kid`."""
    return Response(tokens.jwks(keys_of(request)), headers={"cache-control": "public, max-age=300"})


async def _problem_if_missing(response: Response[Any]) -> Response[Any]:
    """Litestar answers unknown paths under /docs with a page."""
    return problems.respond(404, "") if response.status_code == 404 else response
