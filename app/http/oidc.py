"""Signing in through a provider: there, back, and the code exchanged for a session."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, URLEncodedBody
from msgspec import Meta

from app import clock
from app.http.auth import MAX_BODY, Body, client_of, require_json
from app.http.problems import documented
from app.http.signed_in import NO_STORE, SECOND_FACTOR, Reply, SignedInReply, reply
from app.http.state import keys_of, runtime_of
from app.identity.oidc import flows, rules
from app.identity.oidc.attempts import LIFETIME
from app.identity.oidc.flows import Answer
from app.identity.oidc.providers import Provider, find

PATH = "/auth/oidc"
COOKIE = "roost_oidc_"


class ProviderReply(Reply, frozen=True, kw_only=True):
    """Somebody who can vouch for people."""

    key: Annotated[str, Meta(description="Its name in addresses.", examples=["google"])]
    name: Annotated[str, Meta(description="For people.", examples=["Google"])]


class ExchangeBody(Body, frozen=True, kw_only=True):
    """The way back's code, and what its `code_challenge` was made of."""

    code: Annotated[
        str,
        Meta(
            max_length=128,
            description="From the address that was returned to. Works once, for two minutes.",
            examples=["0PzZWm3cG6hJkq5r3n1yT7a9Xb2LdE8sVvUuRrQqNn4"],
        ),
    ]
    code_verifier: Annotated[
        str,
        Meta(
            max_length=128,
            description="What the client kept (RFC 7636): 43 to 128 characters.",
            examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
        ),
    ]


@get(
    "/",
    summary="Whom one can sign in through",
    description="For the buttons. Empty unless the settings name providers.",
    response_description="The providers.",
    responses=documented(),
)
async def list_providers(request: Request[Any, Any, Any]) -> Response[list[ProviderReply]]:
    found = [
        ProviderReply(key=each.key, name=each.registration.name)
        for each in runtime_of(request).oidc.values()
    ]
    return Response(found, headers=NO_STORE)


@get(
    "/{provider:str}/start",
    status_code=303,
    summary="Go to a provider to sign in",
    description=(
        "For a browser, or an app's browser tab. The person comes back to `return_to` with "
        "`code` (see `POST /auth/oidc/exchange`) or with `error`: `access_denied` (they changed "
        "their mind), `temporarily_unavailable` (the provider is away), `sign_in_failed`."
    ),
    response_description="On to the provider.",
    responses=documented(400, 404, 429),
)
async def start_oidc(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    return_to: Annotated[
        str,
        QueryParameter(
            max_length=rules.MAX_RETURN_TO,
            description="A page of `WEB_ORIGINS`, or one of `APP_RETURN_URLS`.",
            schema_extra={"examples": ["https://app.example.com/signed-in"]},
        ),
    ],
    code_challenge: Annotated[
        str,
        QueryParameter(
            pattern=r"^[A-Za-z0-9_-]{43}$",
            description="BASE64URL(SHA256(verifier)) of a verifier that the client keeps "
            "(RFC 7636, S256): only who has it can exchange the code.",
            schema_extra={"examples": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]},
        ),
    ],
) -> Response[None]:
    runtime = runtime_of(request)
    found = find(runtime.oidc, provider)
    settings = runtime.settings
    origins = (settings.public_url.rstrip("/"), *settings.web_origins)
    checked = rules.check_return_to(return_to, origins, settings.app_return_urls)
    # Kept if there is one: somebody may be on their way in another tab.
    browser = flows.browser_secret(request.cookies.get(_cookie_name(request, found)))
    url = await flows.begin(
        runtime.db,
        runtime.limiter,
        found,
        browser=browser,
        return_to=checked,
        code_challenge=code_challenge,
        client=client_of(request),
        now=clock.now(),
    )
    return _redirect(url, _cookie(request, found, browser))


@get(
    "/{provider:str}/callback",
    status_code=303,
    summary="Come back from a provider",
    description="Providers send browsers here. Clients never call it.",
    response_description="On to where the client wants it.",
    responses=documented(400, 404, 429),
)
async def finish_oidc(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    # Litestar has a `state` of its own.
    its_state: Annotated[str, QueryParameter(name="state")] = "",
    code: FromQuery[str | None] = None,
    error: FromQuery[str | None] = None,
    iss: FromQuery[str | None] = None,
) -> Response[None]:
    answer = Answer(state=its_state, code=code, error=error, iss=iss)
    return await _come_back(request, provider, answer)


@post(
    "/{provider:str}/callback",
    status_code=303,
    summary="Come back from a provider by a form",
    description="The same, for providers that answer by `form_post`, as Apple does.",
    response_description="On to where the client wants it.",
    responses=documented(400, 404, 413, 429),
)
async def finish_oidc_by_form(
    request: Request[Any, Any, Any], provider: FromPath[str], data: URLEncodedBody[Answer]
) -> Response[None]:
    return await _come_back(request, provider, data)


@post(
    "/exchange",
    status_code=200,
    before_request=require_json,
    summary="Sign in by the code that came back",
    description="Answers as `POST /auth/login` does.",
    response_description="Signed in.",
    responses=SECOND_FACTOR | documented(400, 401, 413, 415, 429),
)
async def exchange_oidc_code(
    request: Request[Any, Any, Any], data: JSONBody[ExchangeBody]
) -> Response[SignedInReply]:
    runtime = runtime_of(request)
    outcome = await flows.exchange(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        data.code,
        data.code_verifier,
        client_of(request),
        clock.now(),
    )
    return reply(request, outcome)


async def _come_back(request: Request[Any, Any, Any], key: str, answer: Answer) -> Response[None]:
    runtime = runtime_of(request)
    provider = find(runtime.oidc, key)
    url = await flows.come_back(
        runtime.db,
        runtime.limiter,
        provider,
        answer,
        browser=request.cookies.get(_cookie_name(request, provider), ""),
        client=client_of(request),
        now=clock.now(),
    )
    return _redirect(url)


def _redirect(url: str, *cookies: Cookie) -> Response[None]:
    return Response(
        None, status_code=303, headers={"location": url, **NO_STORE}, cookies=list(cookies)
    )


def _cookie(request: Request[Any, Any, Any], provider: Provider, browser: str) -> Cookie:
    """What tells the browser that left from any other."""
    secure = _is_secure(request)
    return Cookie(
        key=_cookie_name(request, provider),
        value=browser,
        path="/",
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        # A form of the provider's page is a request across sites, to which Lax is not sent.
        samesite="none" if provider.registration.by_form and secure else "lax",
        secure=secure,
    )


def _cookie_name(request: Request[Any, Any, Any], provider: Provider) -> str:
    """With the prefix by which browsers keep neighbours' domains from setting it."""
    return ("__Host-" if _is_secure(request) else "") + COOKIE + provider.key


def _is_secure(request: Request[Any, Any, Any]) -> bool:
    settings = runtime_of(request).settings
    return settings.is_production or settings.public_url.startswith("https://")


oidc_router = Router(
    PATH,
    route_handlers=[
        list_providers,
        start_oidc,
        finish_oidc,
        finish_oidc_by_form,
        exchange_oidc_code,
    ],
    tags=["Sign-in"],
    request_max_body_size=MAX_BODY,
)
