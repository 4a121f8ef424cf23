"""E-mail addresses and passwords: confirmed, forgotten, changed."""

from enum import StrEnum
from typing import Annotated, Any

from litestar import Request, Response, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from app import clock
from app.actor import Actor
from app.http.auth import (
    MAX_BODY,
    Body,
    Email,
    NewPassword,
    Password,
    client_of,
    require_json,
)
from app.http.problems import documented
from app.http.second_factor import Proof
from app.http.signed_in import NO_STORE, PATH, Reply
from app.http.state import keys_of, runtime_of
from app.identity import flows, tokens

BEARER: list[dict[str, list[str]]] = [{"accessToken": []}]

Code = Annotated[
    str,
    Meta(
        max_length=128,
        description="From the mail: the link's `#token=`, or the code beside it. Works once.",
        examples=["AZqUxr1mfQKoR5o2Qp7m3g8v0o8Jb1yQn2Hk5mX3sT4"],
    ),
]


class CodeBody(Body, frozen=True, kw_only=True):
    """A mailed link that was followed."""

    token: Code


class ForgottenBody(Body, frozen=True, kw_only=True):
    """Whose password is forgotten."""

    email: Email


class ResetBody(Body, frozen=True, kw_only=True):
    """Another password, by a mailed link."""

    token: Code
    password: NewPassword


class ChangePasswordBody(Body, frozen=True, kw_only=True):
    """Another password, by the one of before."""

    current_password: Password
    new_password: NewPassword


class ChangeEmailBody(Body, frozen=True, kw_only=True):
    """Another e-mail address, by the password or by a proof."""

    password: Password | None = None
    proof: Proof | None = None
    email: Email


class EmailChangeState(StrEnum):
    """How far a change of address is."""

    WAITING = "WAITING"
    CHANGED = "CHANGED"


class EmailChangeReply(Reply, frozen=True, kw_only=True):
    """How the change of address stands."""

    state: Annotated[
        EmailChangeState,
        Meta(description="WAITING: the link that was mailed to the other address is not followed."),
    ]


@post(
    "/verify-email",
    status_code=204,
    summary="Confirm a new account's address",
    description="By the link that was mailed to it.",
    response_description="The address is confirmed.",
    responses=documented(400, 409, 413, 415, 429),
)
async def verify_email(request: Request[Any, Any, Any], data: JSONBody[CodeBody]) -> Response[None]:
    runtime, keys = runtime_of(request), keys_of(request)
    client = client_of(request)
    await flows.verify_email(runtime.db, runtime.limiter, keys, data.token, client, clock.now())
    return Response(None, headers=NO_STORE)


@post(
    "/resend-verification",
    status_code=204,
    summary="Get another link to confirm the address",
    description="For whoever is signed in; nothing is mailed when it is confirmed already.",
    response_description="Look into your mail.",
    responses=documented(400, 401, 413, 415, 429),
    security=BEARER,
)
async def resend_verification(request: Request[Any, Any, Any]) -> Response[None]:
    runtime, actor = runtime_of(request), require_actor(request)
    await flows.send_verification(
        runtime.db, runtime.limiter, actor, client_of(request), clock.now()
    )
    return Response(None, headers=NO_STORE)


@post(
    "/forgot-password",
    status_code=204,
    summary="Get a link to set a new password",
    description="Answers the same, and as fast, whether or not there is such an account.",
    response_description="If there is such an account, look into your mail.",
    responses=documented(400, 413, 415, 429),
)
async def forgot_password(
    request: Request[Any, Any, Any], data: JSONBody[ForgottenBody]
) -> Response[None]:
    runtime = runtime_of(request)
    await flows.forget_password(runtime.db, runtime.limiter, data.email, client_of(request))
    return Response(None, headers=NO_STORE)


@post(
    "/reset-password",
    status_code=204,
    summary="Set a new password by a mailed link",
    description="Ends every session of the account. Sign in afterwards.",
    response_description="The password is set.",
    responses=documented(400, 409, 413, 415, 429),
)
async def reset_password(
    request: Request[Any, Any, Any], data: JSONBody[ResetBody]
) -> Response[None]:
    runtime, keys = runtime_of(request), keys_of(request)
    await flows.reset_password(
        runtime.db,
        runtime.limiter,
        keys,
        data.token,
        data.password,
        client_of(request),
        clock.now(),
    )
    return Response(None, headers=NO_STORE)


@post(
    "/change-password",
    status_code=204,
    summary="Change the password",
    description="Ends every other session of the account.",
    response_description="The password is changed.",
    responses=documented(400, 401, 403, 413, 415, 429),
    security=BEARER,
)
async def change_password(
    request: Request[Any, Any, Any], data: JSONBody[ChangePasswordBody]
) -> Response[None]:
    runtime = runtime_of(request)
    await flows.change_password(
        runtime.db,
        runtime.limiter,
        require_actor(request),
        data.current_password,
        data.new_password,
        client_of(request),
        clock.now(),
    )
    return Response(None, headers=NO_STORE)


@post(
    "/change-email",
    status_code=204,
    summary="Change the e-mail address",
    description=(
        "Mails a link to the old address (if it was confirmed) and one to the new. The address is "
        "changed when both have been followed. Answers the same whether or not the new one has an "
        "account. Takes the password or a proof from `POST /auth/proof`, which is also for whoever "
        "has no password; exactly one."
    ),
    response_description="Look into both mailboxes.",
    responses=documented(400, 401, 403, 413, 415, 429),
    security=BEARER,
)
async def change_email(
    request: Request[Any, Any, Any], data: JSONBody[ChangeEmailBody]
) -> Response[None]:
    runtime = runtime_of(request)
    await flows.change_email(
        runtime.db,
        runtime.limiter,
        require_actor(request),
        data.password,
        data.proof,
        data.email,
        client_of(request),
        clock.now(),
    )
    return Response(None, headers=NO_STORE)


@post(
    "/confirm-email-change",
    status_code=200,
    summary="Confirm a change of the e-mail address",
    description="By either of the two links that were mailed.",
    response_description="Confirmed.",
    responses=documented(400, 409, 413, 415, 429),
)
async def confirm_email_change(
    request: Request[Any, Any, Any], data: JSONBody[CodeBody]
) -> Response[EmailChangeReply]:
    runtime, keys = runtime_of(request), keys_of(request)
    client = client_of(request)
    changed = await flows.confirm_email_change(
        runtime.db, runtime.limiter, keys, data.token, client, clock.now()
    )
    state = EmailChangeState.CHANGED if changed else EmailChangeState.WAITING
    return Response(EmailChangeReply(state=state), headers=NO_STORE)


def require_actor(request: Request[Any, Any, Any]) -> Actor:
    """Who asks. Raises Unauthenticated, AccessTokenRefused."""
    actor = tokens.authenticate(request.headers.get("authorization"), keys_of(request), clock.now())
    actor.require_user()
    return actor


accounts_router = Router(
    PATH,
    route_handlers=[
        verify_email,
        resend_verification,
        forgot_password,
        reset_password,
        change_password,
        change_email,
        confirm_email_change,
    ],
    tags=["Account"],
    before_request=require_json,
    request_max_body_size=MAX_BODY,
)
