"""The REST layer's own documentation, /openapi.json, and the public keys of its tokens."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, ScalarRenderPlugin
from litestar.openapi.spec import Server, Tag

from app.config import Settings
from app.http import (
    accounts,
    auth,
    factors,
    health,
    oidc,
    picture,
    problems,
    second_factor,
    signed_in,
)
from app.http.examples import add_examples
from app.http.state import keys_of
from app.identity import tokens
from app.identity.oidc import flows

VERSION = "1.0.0"
MEDIA_TYPE = "application/vnd.oai.openapi+json"
DESCRIPTION = """\
Sign-in, webhooks, health and pictures. Everything else is GraphQL, at `/graphql`.

Errors are `application/problem+json` (RFC 9457); `code` is stable, `detail` is for people.
Every answer carries `X-Request-ID`; one that a client sends is taken over.
"""
TAGS = [
    Tag("Sign-in", "Accounts and their sessions."),
    Tag("Account", "E-mail addresses and passwords."),
    Tag("Second factors", "Authenticator apps, recovery codes and passkeys."),
    Tag("Privacy", "What is held about people."),
    Tag("Webhooks", "For payment providers."),
    Tag("Health", "For orchestrators."),
    Tag("Pictures", "Files of listings and people."),
]
MODELS = (
    auth.RegisterBody,
    auth.Registered,
    auth.LoginBody,
    auth.RefreshBody,
    signed_in.SignedInReply,
    signed_in.SecondFactorReply,
    accounts.CodeBody,
    accounts.ForgottenBody,
    accounts.ResetBody,
    accounts.ChangePasswordBody,
    accounts.ChangeEmailBody,
    accounts.EmailChangeReply,
    second_factor.SecondFactorBody,
    second_factor.PasskeySignInBody,
    second_factor.PasskeyOptionsReply,
    factors.ProofBody,
    factors.ProofReply,
    factors.ProvenBody,
    factors.TotpReply,
    factors.TotpCodeBody,
    factors.RecoveryCodesReply,
    factors.NewPasskeyBody,
    factors.NewPasskeyReply,
    picture.PictureReply,
    oidc.ProviderReply,
    oidc.ExchangeBody,
    flows.Answer,
    health.Live,
    health.Ready,
    problems.Problem,
)
SECURITY = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `accessToken` of a sign-in.",
    }
}
KEYS = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "alg": "Ed25519",
            "use": "sig",
        }
    ]
}
BINARY = {"schema": {"type": "string", "format": "binary"}}


class JsonDocument(JsonRenderPlugin):
    """The refined document, where Litestar's page looks for it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(refined(openapi_schema))


def openapi_config(settings: Settings) -> OpenAPIConfig:
    """The document, and outside of production a page that shows it at /docs."""
    return OpenAPIConfig(
        title="Roost",
        version=VERSION,
        description=DESCRIPTION,
        tags=TAGS,
        servers=[Server(url=settings.public_url.rstrip("/"))],
        operation_id_creator=_operation_id,
        openapi_router=Router(
            "/docs", route_handlers=[], include_in_schema=False, after_request=_problem_if_missing
        ),
        render_plugins=(
            (JsonDocument(),)
            if settings.is_production
            else (ScalarRenderPlugin(path="/"), JsonDocument())
        ),
    )


@get("/openapi.json", include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document."""
    return Response(
        msgspec.json.encode(refined(request.app.openapi_schema.to_schema())),
        media_type=MEDIA_TYPE,
        headers={"cache-control": "public, max-age=300"},
    )


@get(
    "/.well-known/jwks.json",
    tags=["Sign-in"],
    summary="The public keys of access tokens",
    description="A JSON Web Key Set (RFC 7517). A token's header names its key by `kid`.",
    response_description="The keys.",
    responses=problems.documented(),
)
async def jwks(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    return Response(tokens.jwks(keys_of(request)), headers={"cache-control": "public, max-age=300"})


SIGNATURES = (
    ("/webhooks/stripe", "Stripe-Signature", "t=1767225600,v1=5257a869e7ecebeda32affa62cdca3fa"),
    ("/webhooks/paystack", "x-paystack-signature", "5257a869e7ecebeda32affa62cdca3fa"),
)


def refined(document: dict[str, Any]) -> dict[str, Any]:
    """Litestar's document, with what it cannot know of our types and handlers."""
    # msgspec knows its own constraints, docstrings and examples better.
    _, schemas = msgspec.json.schema_components(MODELS, ref_template="#/components/schemas/{name}")
    document["components"] = {"schemas": schemas, "securitySchemes": SECURITY}
    paths = document["paths"]
    for item in paths.values():
        for operation in item.values():
            # Litestar invents a body for what has none.
            operation["responses"].get("204", {}).pop("content", None)
            if onwards := operation["responses"].get("303"):
                onwards.pop("content", None)
                onwards["headers"] = {"Location": {"schema": {"type": "string", "format": "uri"}}}
    for operation in (paths["/auth/refresh"]["post"], paths["/auth/logout"]["post"]):
        operation["requestBody"]["required"] = False
    for path, header, example in SIGNATURES:
        webhook = paths[path]["post"]
        webhook["responses"]["200"].pop("content", None)
        webhook["requestBody"] = {"required": True, "content": {"application/json": BINARY}}
        webhook["parameters"] = [
            {
                "name": header,
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "example": example,
            }
        ]
    paths["/me/picture"]["put"]["requestBody"] = {
        "required": True,
        "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), BINARY),
    }
    paths["/media/{path}"]["get"]["responses"]["200"]["content"] = {"*/*": BINARY}
    export = paths["/privacy/exports/{code}"]["get"]
    export["responses"]["200"]["content"] = {"application/json": {"schema": {"type": "object"}}}
    export["parameters"][0]["example"] = "AZqUxr1mfQKoR5o2Qp7m3g8v0o8Jb1yQn2Hk5mX3sT4"
    # Litestar's own, for path parameters that cannot be converted; every text is one.
    for path in ("/media/{path}", "/calendars/{file}"):
        paths[path]["get"]["responses"].pop("400", None)
    keys = paths["/.well-known/jwks.json"]["get"]["responses"]["200"]["content"]
    keys["application/json"]["example"] = KEYS
    add_examples(document)
    return document


def _operation_id(handler: HTTPRouteHandler, _: Any, __: Any) -> str:
    return handler.handler_name


async def _problem_if_missing(response: Response[Any]) -> Response[Any]:
    """Litestar answers unknown paths under /docs with a page."""
    return problems.respond(404, "") if response.status_code == 404 else response
