"""Registration and sign-in."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.connection import ASGIConnection
from litestar.params import JSONBody
from msgspec import Meta

from app import clock
from app.actor import ANONYMOUS, Actor
from app.errors import Forbidden
from app.http import problems
from app.http.problems import UnsupportedMediaType, documented
from app.http.signed_in import (
    COOKIE,
    NO_STORE,
    PATH,
    SECOND_FACTOR,
    RefreshText,
    Reply,
    SignedInReply,
    cookie,
    reply,
)
from app.http.state import keys_of, runtime_of
from app.identity import flows, rules, service, tokens
from app.identity.client import Client, client_from
from app.identity.errors import AccessTokenRefused, RefreshRefused
from app.identity.flows import Registration

MAX_BODY = 16 * 1024

Email = Annotated[
    str,
    Meta(
        max_length=rules.MAX_EMAIL,
        description="Where confirmations are sent. Shown to nobody else.",
        examples=["ada@example.com"],
        extra_json_schema={"format": "email"},
    ),
]
Username = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=30,
        pattern=r"^[A-Za-z0-9_.]{3,30}$",
        description="Public, and unique whatever its case.",
        examples=["ada.lovelace"],
    ),
]
Name = Annotated[
    str, Meta(min_length=1, max_length=rules.MAX_NAME, description="1 to 100 characters.")
]
NewPassword = Annotated[
    str,
    Meta(
        min_length=rules.MIN_PASSWORD,
        max_length=rules.MAX_PASSWORD,
        description="Anything from 10 to 256 characters that is not among the common ones.",
        examples=["gravel otter lamp"],
        extra_json_schema={"format": "password"},
    ),
]
Password = Annotated[str, Meta(max_length=1_024, extra_json_schema={"format": "password"})]


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What clients send."""


class RegisterBody(Body, frozen=True, kw_only=True):
    """A new account."""

    email: Email
    username: Username
    password: NewPassword
    first_name: Name
    last_name: Name


class LoginBody(Body, frozen=True, kw_only=True):
    """Who signs in."""

    login: Annotated[
        str,
        Meta(
            max_length=rules.MAX_LOGIN,
            description="The e-mail address, once it is confirmed, or the username.",
            examples=["ada@example.com"],
        ),
    ]
    password: Password


class RefreshBody(Body, frozen=True, kw_only=True):
    """For clients without cookies."""

    refresh_token: RefreshText | None = None


class Registered(Reply, frozen=True, kw_only=True):
    """What was sent, without the password. The same whether or not the address was known."""

    email: str
    username: str
    first_name: str
    last_name: str


def require_json(request: Request[Any, Any, Any]) -> None:
    """Refuse other bodies: browsers send them across origins without asking first."""
    length = request.headers.get("content-length", "0")
    if length == "0" and "transfer-encoding" not in request.headers:
        return
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMediaType(detail="The body must be application/json.")


@post(
    "/register",
    summary="Make an account",
    description=(
        "Answers the same whether or not the address already has an account, whose owner gets "
        "a mail; otherwise the mail has a link that confirms the address. Until then, sign in "
        "with the username: browsing works, booking and hosting do not."
    ),
    response_description="Look into your mail.",
    responses=documented(400, 409, 413, 415, 429),
)
async def register(
    request: Request[Any, Any, Any], data: JSONBody[RegisterBody]
) -> Response[Registered]:
    wanted = Registration(**msgspec.structs.asdict(data))
    runtime = runtime_of(request)
    await flows.register(runtime.db, runtime.limiter, wanted, client_of(request), clock.now())
    echo = Registered(
        email=data.email,
        username=data.username,
        first_name=data.first_name,
        last_name=data.last_name,
    )
    return Response(echo, headers=NO_STORE)


@post(
    "/login",
    status_code=200,
    summary="Sign in",
    description=(
        f"Also sets the refresh token as the cookie `{COOKIE}`, which scripts cannot read. Whoever "
        "has an authenticator app or a passkey gets 202 and a challenge instead: nobody is signed "
        "in before `POST /auth/second-factor` has met it."
    ),
    response_description="Signed in.",
    responses=SECOND_FACTOR | documented(400, 401, 413, 415, 429),
)
async def login(
    request: Request[Any, Any, Any], data: JSONBody[LoginBody]
) -> Response[SignedInReply]:
    runtime = runtime_of(request)
    outcome = await flows.sign_in(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        data.login,
        data.password,
        client_of(request),
        clock.now(),
    )
    return reply(request, outcome)


@post(
    "/refresh",
    status_code=200,
    summary="Go on with a new access token",
    description=(
        "Exchanges a refresh token, from the body or else from the cookie, for an access token "
        "and the next refresh token. A client that lost the answer may ask again within 10 "
        "seconds and gets the same; any other second use ends the session."
    ),
    response_description="Still signed in.",
    responses=documented(400, 401, 403, 413, 415),
)
async def refresh(
    request: Request[Any, Any, Any], data: JSONBody[RefreshBody | None] = None
) -> Response[SignedInReply]:
    token = _presented(request, data)
    if token is None:
        raise RefreshRefused
    refreshed = await flows.refresh(
        runtime_of(request).db, keys_of(request), token, client_of(request), clock.now()
    )
    return reply(request, refreshed)


@post(
    "/logout",
    status_code=204,
    summary="Sign out",
    description=(
        "Ends the session of the refresh token (body or cookie) and of the access token, if "
        "there are any, and closes its live connections. The access token itself lasts its few "
        "minutes."
    ),
    response_description="Signed out.",
    responses=documented(400, 403, 413, 415),
)
async def logout(
    request: Request[Any, Any, Any], data: JSONBody[RefreshBody | None] = None
) -> Response[None]:
    presented = _presented(request, data)
    token = None if presented is None else tokens.decode_token(presented)
    actor, now = _actor(request), clock.now()
    if token is not None or actor.session_id is not None:
        client = client_of(request)
        await runtime_of(request).db.run(
            lambda session: service.logout(session, actor, token, client, now)
        )
    return Response(None, cookies=[cookie(request, None)], headers=NO_STORE)


def forget_cookie(request: Request[Any, Any, Any], refused: RefreshRefused) -> Response[Any]:
    """Litestar's handler of a refresh token that is good for nothing any more."""
    response = problems.from_domain(refused)
    response.set_cookie(cookie(request, None))
    return response


def _presented(request: Request[Any, Any, Any], body: RefreshBody | None) -> str | None:
    """The refresh token of the body, else of the cookie. Raises Forbidden.

    A cookie comes along with whatever page makes a browser send the request, so that page must be
    one of ours.
    """
    if body is not None and body.refresh_token is not None:
        return body.refresh_token
    token = request.cookies.get(COOKIE)
    if token is None:
        return None
    settings = runtime_of(request).settings
    origin = request.headers.get("origin")
    if origin is not None and origin not in (
        settings.public_url.rstrip("/"),
        *settings.web_origins,
    ):
        raise Forbidden("This origin may not use the cookie.")
    return token


def _actor(request: Request[Any, Any, Any]) -> Actor:
    """Who asks; an access token that has ended is no reason not to sign out."""
    try:
        return tokens.authenticate(
            request.headers.get("authorization"), keys_of(request), clock.now()
        )
    except AccessTokenRefused:
        return ANONYMOUS


def client_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Client:
    """The program that asks."""
    agent = connection.headers.get("user-agent", "")
    return client_from(agent, connection.client.host if connection.client else "")


auth_router = Router(
    PATH,
    route_handlers=[register, login, refresh, logout],
    tags=["Sign-in"],
    before_request=require_json,
    exception_handlers={RefreshRefused: forget_cookie},
    request_max_body_size=MAX_BODY,
)
