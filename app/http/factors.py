"""Second factors of whoever is signed in: proven, switched on, switched off."""

import base64
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from app import clock
from app.errors import Invalid
from app.http.accounts import BEARER, require_actor
from app.http.auth import MAX_BODY, Body, Password, client_of, require_json
from app.http.problems import documented
from app.http.second_factor import (
    Assertion,
    Base64Url,
    Credential,
    PasskeyOptionsReply,
    Proof,
    RecoveryCode,
    TotpCode,
    answer_of,
    options_reply,
    party_of,
)
from app.http.signed_in import NO_STORE, PATH, ChallengeText, Reply
from app.http.state import keys_of, runtime_of
from app.identity import enrollment, factor_flows, passkeys, rules
from app.identity.factor_flows import ByPassword
from app.identity.factors import Answer

RecoveryCodes = Annotated[
    list[str], Meta(description="Each stands in once for a factor. Shown this once.")
]


class AttestationResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new key."""

    client_data_json: Base64Url = msgspec.field(name="clientDataJSON")
    attestation_object: Base64Url
    transports: Annotated[
        tuple[Annotated[str, Meta(max_length=32)], ...],
        Meta(max_length=16, description="How browsers reach it."),
    ] = ()


class Attestation(Credential, frozen=True, kw_only=True):
    """What `navigator.credentials.create` gave."""

    response: AttestationResponse


class ProofBody(Body, frozen=True, kw_only=True):
    """One way to show that it is still the same person; none after a sign-in without any."""

    password: Password | None = None
    totp: TotpCode | None = None
    recovery_code: RecoveryCode | None = None
    passkey: Assertion | None = None
    challenge: Annotated[
        ChallengeText | None, Meta(description="With `passkey`: from `POST /auth/proof-options`.")
    ] = None


class ProofReply(Reply, frozen=True, kw_only=True):
    """What one change of the account takes, or deleting it."""

    proof: Proof
    expires_in: Annotated[int, Meta(gt=0, description="Seconds that it lasts.")]


class ProvenBody(Body, frozen=True, kw_only=True):
    """That it is still the same person."""

    proof: Proof


class TotpReply(Reply, frozen=True, kw_only=True):
    """For an authenticator app. Shown this once."""

    secret: Annotated[
        str, Meta(description="To type: base32.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    ]
    uri: Annotated[str, Meta(description="To show as a QR code: `otpauth://totp/…`.")]


class TotpCodeBody(Body, frozen=True, kw_only=True):
    """The app's first code."""

    code: TotpCode


class RecoveryCodesReply(Reply, frozen=True, kw_only=True):
    """Codes to keep somewhere safe; null when those of before still stand."""

    recovery_codes: RecoveryCodes | None


class NewPasskeyBody(Body, frozen=True, kw_only=True):
    """A passkey that was just made."""

    challenge: ChallengeText
    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=rules.MAX_LABEL,
            description="How its owner knows it.",
            examples=["Ada's phone"],
        ),
    ]
    passkey: Attestation


class NewPasskeyReply(RecoveryCodesReply, frozen=True, kw_only=True):
    """The passkey is kept."""

    id: Annotated[str, Meta(description="The same id as in GraphQL.")]


@post(
    "/proof-options",
    status_code=200,
    summary="Begin to prove oneself by a passkey",
    response_description="What to ask the authenticators.",
    responses=documented(400, 401, 413, 415),
    security=BEARER,
)
async def proof_options(request: Request[Any, Any, Any]) -> Response[PasskeyOptionsReply]:
    challenge, theirs = await factor_flows.offer_passkey_proof(
        runtime_of(request).db, require_actor(request), clock.now()
    )
    return options_reply(challenge, passkeys.request_options(party_of(request), challenge, theirs))


@post(
    "/proof",
    status_code=200,
    summary="Prove that it is still you",
    description=(
        "By the password or one of the factors; exactly one. Whoever has neither has signed in "
        "within the last ten minutes. Every change of the factors takes such a proof, deleting the "
        "account takes one, and a change of the address can."
    ),
    response_description="Proven.",
    responses=documented(400, 401, 403, 413, 415, 429),
    security=BEARER,
)
async def proof(request: Request[Any, Any, Any], data: JSONBody[ProofBody]) -> Response[ProofReply]:
    runtime, actor = runtime_of(request), require_actor(request)
    evidence: ByPassword | Answer | None = answer_of(data.totp, data.recovery_code, data.passkey)
    if data.password is not None:
        if evidence is not None:
            raise Invalid("Give one of password, totp, recoveryCode and passkey.")
        evidence = ByPassword(data.password)
    proven = await factor_flows.prove(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        party_of(request),
        actor,
        evidence,
        data.challenge,
        client_of(request),
        clock.now(),
    )
    return Response(ProofReply(proof=proven.token, expires_in=proven.expires_in), headers=NO_STORE)


@post(
    "/enroll-totp",
    status_code=200,
    summary="Get a secret for an authenticator app",
    description="Nothing is switched on before `POST /auth/confirm-totp` has seen a code of it.",
    response_description="Show it, and ask for a code.",
    responses=documented(400, 401, 403, 409, 413, 415),
    security=BEARER,
)
async def enroll_totp(
    request: Request[Any, Any, Any], data: JSONBody[ProvenBody]
) -> Response[TotpReply]:
    actor, keys, now = require_actor(request), keys_of(request), clock.now()
    secret = await runtime_of(request).db.run(
        lambda session: enrollment.enroll_totp(session, keys, actor, data.proof, now)
    )
    return Response(TotpReply(secret=secret.text, uri=secret.uri), headers=NO_STORE)


@post(
    "/confirm-totp",
    status_code=200,
    summary="Switch the authenticator app on",
    description="By its first code. Somebody's first factor comes with recovery codes.",
    response_description="It is asked for from now on.",
    responses=documented(400, 401, 403, 404, 413, 415, 429),
    security=BEARER,
)
async def confirm_totp(
    request: Request[Any, Any, Any], data: JSONBody[TotpCodeBody]
) -> Response[RecoveryCodesReply]:
    runtime = runtime_of(request)
    codes = await factor_flows.confirm_totp(
        runtime.db,
        runtime.limiter,
        keys_of(request),
        require_actor(request),
        data.code,
        client_of(request),
        clock.now(),
    )
    return Response(RecoveryCodesReply(recovery_codes=codes), headers=NO_STORE)


@post(
    "/disable-totp",
    status_code=204,
    summary="Switch the authenticator app off",
    description="Recovery codes go with the last factor.",
    response_description="It is off.",
    responses=documented(400, 401, 403, 404, 413, 415),
    security=BEARER,
)
async def disable_totp(
    request: Request[Any, Any, Any], data: JSONBody[ProvenBody]
) -> Response[None]:
    actor, client, now = require_actor(request), client_of(request), clock.now()
    await runtime_of(request).db.run(
        lambda session: enrollment.disable_totp(session, actor, data.proof, client, now)
    )
    return Response(None, headers=NO_STORE)


@post(
    "/recovery-codes",
    status_code=200,
    summary="Get new recovery codes",
    description="Those of before are void.",
    response_description="Show them, once.",
    responses=documented(400, 401, 403, 404, 413, 415),
    security=BEARER,
)
async def recovery_codes(
    request: Request[Any, Any, Any], data: JSONBody[ProvenBody]
) -> Response[RecoveryCodesReply]:
    actor, client, now = require_actor(request), client_of(request), clock.now()
    codes = await runtime_of(request).db.run(
        lambda session: enrollment.make_recovery_codes(session, actor, data.proof, client, now)
    )
    return Response(RecoveryCodesReply(recovery_codes=codes), headers=NO_STORE)


@post(
    "/passkey-options",
    status_code=200,
    summary="Begin to add a passkey",
    response_description="What to ask an authenticator.",
    responses=documented(400, 401, 403, 413, 415),
    security=BEARER,
)
async def passkey_options(
    request: Request[Any, Any, Any], data: JSONBody[ProvenBody]
) -> Response[PasskeyOptionsReply]:
    actor, now = require_actor(request), clock.now()
    wanted = await runtime_of(request).db.run(
        lambda session: enrollment.offer_passkey(session, actor, data.proof, now)
    )
    account = wanted.account
    options = passkeys.creation_options(
        party_of(request),
        wanted.challenge,
        account.id,
        account.username,
        f"{account.first_name} {account.last_name}",
        wanted.existing,
    )
    return options_reply(wanted.challenge, options)


@post(
    "/add-passkey",
    summary="Add a passkey",
    description="Somebody's first factor comes with recovery codes.",
    response_description="It is asked for from now on, or signs in by itself.",
    responses=documented(400, 401, 403, 409, 413, 415),
    security=BEARER,
)
async def add_passkey(
    request: Request[Any, Any, Any], data: JSONBody[NewPasskeyBody]
) -> Response[NewPasskeyReply]:
    actor, client, now = require_actor(request), client_of(request), clock.now()
    party, credential = party_of(request), msgspec.to_builtins(data.passkey)
    added = await runtime_of(request).db.run(
        lambda session: enrollment.add_passkey(
            session, party, actor, data.challenge, data.name, credential, client, now
        )
    )
    return Response(
        NewPasskeyReply(
            # As `schema.ids` has it.
            id=base64.urlsafe_b64encode(f"Passkey:{added.id}".encode()).decode().rstrip("="),
            recovery_codes=added.recovery_codes,
        ),
        headers=NO_STORE,
    )


factors_router = Router(
    PATH,
    route_handlers=[
        proof_options,
        proof,
        enroll_totp,
        confirm_totp,
        disable_totp,
        recovery_codes,
        passkey_options,
        add_passkey,
    ],
    tags=["Second factors"],
    before_request=require_json,
    request_max_body_size=MAX_BODY,
)
