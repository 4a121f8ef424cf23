"""Signing in by more than a password: the second factor, or a passkey alone."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from app import clock
from app.errors import Invalid
from app.http.auth import MAX_BODY, Body, client_of, require_json
from app.http.problems import documented
from app.http.signed_in import NO_STORE, PATH, ChallengeText, Reply, SignedInReply, reply
from app.http.state import keys_of, runtime_of
from app.identity import factor_flows, passkeys
from app.identity.challenges import Issued
from app.identity.factors import Answer, ByPasskey, ByRecoveryCode, ByTotp
from app.identity.passkeys import Party

TotpCode = Annotated[
    str,
    Meta(
        max_length=16,
        description="The six digits that the authenticator app shows. Works once.",
        examples=["492039"],
    ),
]
RecoveryCode = Annotated[
    str,
    Meta(
        max_length=64,
        description="One of the codes for when everything else is lost. Works once.",
        examples=["ABCD-EFGH-IJKL-MNOP"],
    ),
]
Proof = Annotated[
    str,
    Meta(
        max_length=64,
        description="From `POST /auth/proof`. Works once.",
        examples=["3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ),
]
# As long as the body may be.
Base64Url = Annotated[str, Meta(description="Base64url, without padding.")]
Options = Annotated[
    dict[str, Any],
    Meta(
        description="For `PublicKeyCredential.parseRequestOptionsFromJSON` or "
        "`parseCreationOptionsFromJSON`, then `navigator.credentials`."
    ),
]


class Credential(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A browser's `PublicKeyCredential.toJSON()`; what is not named here is not looked at."""

    id: Base64Url
    raw_id: Base64Url
    type: Annotated[str, Meta(max_length=32, examples=["public-key"])]


class AssertionResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an authenticator signed."""

    client_data_json: Base64Url = msgspec.field(name="clientDataJSON")
    authenticator_data: Base64Url
    signature: Base64Url
    user_handle: Base64Url | None = None


class Assertion(Credential, frozen=True, kw_only=True):
    """What `navigator.credentials.get` gave."""

    response: AssertionResponse


class SecondFactorBody(Body, frozen=True, kw_only=True):
    """A challenge, and exactly one way to meet it."""

    challenge: ChallengeText
    totp: TotpCode | None = None
    recovery_code: RecoveryCode | None = None
    passkey: Assertion | None = None


class PasskeySignInBody(Body, frozen=True, kw_only=True):
    """A passkey, instead of login and password."""

    challenge: ChallengeText
    passkey: Assertion


class PasskeyOptionsReply(Reply, frozen=True, kw_only=True):
    """What a browser is to ask its authenticators."""

    challenge: ChallengeText
    expires_in: Annotated[int, Meta(gt=0, description="Seconds that the challenge lasts.")]
    options: Options


@post(
    "/second-factor",
    status_code=200,
    summary="Finish signing in",
    description=(
        "Meets the challenge that signing in was answered with, by exactly one of what the account "
        "has. A wrong one leaves the challenge standing; how many there may be is counted per "
        "account, whatever the challenge."
    ),
    response_description="Signed in.",
    responses=documented(400, 401, 413, 415, 429),
)
async def second_factor(
    request: Request[Any, Any, Any], data: JSONBody[SecondFactorBody]
) -> Response[SignedInReply]:
    runtime = runtime_of(request)
    answer = answer_of(data.totp, data.recovery_code, data.passkey)
    if answer is None:
        raise Invalid("Give one of totp, recoveryCode and passkey.")
    signed_in = await factor_flows.finish_sign_in(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        party_of(request),
        data.challenge,
        answer,
        client_of(request),
        clock.now(),
    )
    return reply(request, signed_in)


@post(
    "/passkey-sign-in-options",
    status_code=200,
    summary="Begin to sign in by a passkey",
    description="A challenge for whichever passkey the person chooses; nobody is named.",
    response_description="What to ask the authenticators.",
    responses=documented(400, 413, 415, 429),
)
async def passkey_sign_in_options(
    request: Request[Any, Any, Any],
) -> Response[PasskeyOptionsReply]:
    runtime = runtime_of(request)
    challenge = await factor_flows.offer_passkey_sign_in(
        runtime.db, runtime.limiter, client_of(request), clock.now()
    )
    return options_reply(challenge, passkeys.request_options(party_of(request), challenge))


@post(
    "/passkey-sign-in",
    status_code=200,
    summary="Sign in by a passkey",
    description="Counts as both factors: the device, and the finger, face or PIN it asked for.",
    response_description="Signed in.",
    responses=documented(400, 401, 413, 415, 429),
)
async def passkey_sign_in(
    request: Request[Any, Any, Any], data: JSONBody[PasskeySignInBody]
) -> Response[SignedInReply]:
    runtime = runtime_of(request)
    signed_in = await factor_flows.sign_in_by_passkey(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        party_of(request),
        data.challenge,
        by_passkey(data.passkey),
        client_of(request),
        clock.now(),
    )
    return reply(request, signed_in)


def party_of(request: Request[Any, Any, Any]) -> Party:
    """Whom passkeys are for."""
    return passkeys.party_of(runtime_of(request).settings)


def answer_of(
    totp: str | None, recovery_code: str | None, passkey: Assertion | None
) -> Answer | None:
    """What was given; None for nothing. Raises Invalid for several."""
    given: list[Answer] = []
    if totp is not None:
        given.append(ByTotp(totp))
    if recovery_code is not None:
        given.append(ByRecoveryCode(recovery_code))
    if passkey is not None:
        given.append(by_passkey(passkey))
    if len(given) > 1:
        raise Invalid("Give one of totp, recoveryCode and passkey.")
    return given[0] if given else None


def by_passkey(passkey: Assertion) -> ByPasskey:
    """An assertion as the verifier takes it."""
    return ByPasskey(msgspec.to_builtins(passkey))


def options_reply(challenge: Issued, options: dict[str, Any]) -> Response[PasskeyOptionsReply]:
    """A challenge on its way to a browser."""
    return Response(
        PasskeyOptionsReply(
            challenge=challenge.token, expires_in=challenge.expires_in, options=options
        ),
        headers=NO_STORE,
    )


second_factor_router = Router(
    PATH,
    route_handlers=[second_factor, passkey_sign_in_options, passkey_sign_in],
    tags=["Sign-in"],
    before_request=require_json,
    request_max_body_size=MAX_BODY,
)
