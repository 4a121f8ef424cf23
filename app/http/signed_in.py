"""What whoever signs in gets, whichever way they came: tokens, or what is missing."""

import base64
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.openapi import ResponseSpec
from msgspec import Meta

from app.http.state import runtime_of
from app.identity import passkeys
from app.identity.entry import SecondFactorRequired
from app.identity.service import SignedIn

COOKIE = "roost_refresh"
PATH = "/auth"
NO_STORE = {"cache-control": "no-store"}

RefreshText = Annotated[
    str,
    Meta(
        max_length=256,
        description="Used once: each answer brings the next one.",
        examples=["3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ),
]
ChallengeText = Annotated[
    str,
    Meta(
        max_length=64,
        description="Works once, for some minutes, from the same client or session.",
        examples=["3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ),
]


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What clients get."""


class AccountReply(Reply, frozen=True, kw_only=True):
    """The signed-in person, as `viewer` shows them in GraphQL."""

    id: Annotated[str, Meta(description="The same id as in GraphQL.")]
    email: str
    email_verified: bool
    username: str
    first_name: str
    last_name: str
    bio: str
    picture_url: str | None
    is_host: bool
    host_since: datetime | None
    created_at: datetime


class SignedInReply(Reply, frozen=True, kw_only=True):
    """A signed-in session."""

    access_token: Annotated[
        str, Meta(description="For `Authorization: Bearer …`, here and in GraphQL.")
    ]
    expires_in: Annotated[int, Meta(gt=0, description="Seconds that the access token lasts.")]
    refresh_token: RefreshText
    user: AccountReply


class FactorKind(StrEnum):
    """What may be given as the second factor."""

    TOTP = "TOTP"
    PASSKEY = "PASSKEY"
    RECOVERY_CODE = "RECOVERY_CODE"


class SecondFactorReply(Reply, frozen=True, kw_only=True):
    """The first factor was right. Nobody is signed in before `POST /auth/second-factor`."""

    challenge: ChallengeText
    expires_in: Annotated[int, Meta(gt=0, description="Seconds that the challenge lasts.")]
    methods: Annotated[tuple[FactorKind, ...], Meta(description="What the account has.")]
    passkey_options: Annotated[
        dict[str, Any] | None,
        Meta(
            description="For `PublicKeyCredential.parseRequestOptionsFromJSON` and "
            "`navigator.credentials.get`; null without passkeys."
        ),
    ]


SECOND_FACTOR = {
    202: ResponseSpec(
        data_container=SecondFactorReply,
        description="Right so far; a second factor is needed. No tokens yet.",
        generate_examples=False,
    )
}


def cookie(request: Request[Any, Any, Any], token: str | None) -> Cookie:
    """The refresh token for browsers; None takes it away."""
    settings = runtime_of(request).settings
    return Cookie(
        key=COOKIE,
        value=token or "",
        path=PATH,
        max_age=0 if token is None else settings.refresh_token_seconds,
        httponly=True,
        samesite="lax",
        secure=settings.is_production,
    )


def reply(
    request: Request[Any, Any, Any], outcome: SignedIn | SecondFactorRequired
) -> Response[Any]:
    """Tokens, in the body and as a cookie; or 202 with what to give before there are any.

    Not 401, by which clients know that they should refresh or forget what they have, and not 200,
    which would have them look for tokens.
    """
    if isinstance(outcome, SecondFactorRequired):
        return Response(_missing(request, outcome), status_code=202, headers=NO_STORE)
    return Response(
        _tokens(request, outcome),
        cookies=[cookie(request, outcome.refresh_token)],
        headers=NO_STORE,
    )


def _missing(request: Request[Any, Any, Any], required: SecondFactorRequired) -> SecondFactorReply:
    held, challenge = required.held, required.challenge
    has = {
        FactorKind.TOTP: held.totp,
        FactorKind.PASSKEY: held.passkeys > 0,
        FactorKind.RECOVERY_CODE: held.recovery_codes > 0,
    }
    party = passkeys.party_of(runtime_of(request).settings)
    return SecondFactorReply(
        challenge=challenge.token,
        expires_in=challenge.expires_in,
        methods=tuple(kind for kind, is_there in has.items() if is_there),
        passkey_options=passkeys.request_options(party, challenge, required.passkeys)
        if held.passkeys
        else None,
    )


def _tokens(request: Request[Any, Any, Any], signed_in: SignedIn) -> SignedInReply:
    user = signed_in.user
    return SignedInReply(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        refresh_token=signed_in.refresh_token,
        user=AccountReply(
            # As `schema.ids` has it, so that a client's cache knows one person by one id.
            id=base64.urlsafe_b64encode(f"User:{user.id}".encode()).decode().rstrip("="),
            email=user.email,
            email_verified=user.email_verified_at is not None,
            username=user.username,
            first_name=user.first_name,
            last_name=user.last_name,
            bio=user.bio,
            picture_url=shown_at(request, user.picture_url),
            is_host=user.is_host,
            host_since=user.host_since_at,
            created_at=user.created_at,
        ),
    )


def shown_at(request: Request[Any, Any, Any], url: str | None) -> str | None:
    """Where a browser finds a picture that a row names."""
    return None if url is None else runtime_of(request).storage.address(url)
