"""Errors as RFC 9457 problem details, whatever went wrong and wherever."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import ResponseSpec
from msgspec import Meta
from sqlalchemy import exc as sqlalchemy

from app import errors
from app.errors import DomainError
from db.session import sqlstate

MEDIA_TYPE = "application/problem+json"
WHOLE_BODY = "body"
# A client that comes back at once finds the same.
RETRY_SECONDS = "5"

STATUSES: tuple[tuple[type[DomainError], int], ...] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.RateLimited, 429),
    (errors.Unavailable, 503),
)
CODES = {
    400: errors.Invalid.code,
    401: errors.Unauthenticated.code,
    403: errors.Forbidden.code,
    404: errors.NotFound.code,
    405: "METHOD_NOT_ALLOWED",
    409: errors.Conflict.code,
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    503: errors.Unavailable.code,
}
# Classes of PostgreSQL's codes that say "not now" rather than "never": connection trouble, out of
# resources, operator intervention (statement time-outs too), lock not available.
OUTAGES = ("08", "53", "57", "55P03")

log = structlog.get_logger(__name__)


class FieldProblem(msgspec.Struct, frozen=True):
    """One input that is wrong."""

    field: Annotated[str, Meta(description="The input's name in the request.")]
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why a request was not done (RFC 9457). `code` is for programs and stays as it is."""

    type: Annotated[
        str,
        Meta(
            description="Names the kind of problem; about:blank means no more than the status.",
            examples=["urn:roost:problem:username-taken"],
        ),
    ]
    title: str
    status: int
    code: Annotated[str, Meta(description="The kind again, as GraphQL errors name it.")]
    detail: Annotated[str | None, Meta(description="For a person.")] = None
    errors: Annotated[
        tuple[FieldProblem, ...] | None, Meta(description="The inputs that are wrong.")
    ] = None
    error_id: Annotated[
        str | None, Meta(description="What to tell the operators; it is in their log.")
    ] = None


class UnsupportedMediaType(HTTPException):
    """The body is not JSON."""

    status_code = 415


def respond(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    errors: tuple[FieldProblem, ...] | None = None,
    error_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """A problem as a response."""
    usual = CODES.get(status, "BAD_USER_INPUT" if status < 500 else "INTERNAL_SERVER_ERROR")
    code = code or usual
    phrase = HTTPStatus(status).phrase
    problem = Problem(
        type="about:blank" if code == usual else f"urn:roost:problem:{_kebab(code)}",
        title=phrase if code == usual else code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        # RFC 9457: a detail that repeats the title says nothing.
        detail=detail if detail and detail != phrase else None,
        errors=errors,
        error_id=error_id,
    )
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **_expected_headers(status), **(headers or {})},
    )


def from_domain(error: DomainError) -> Response[Any]:
    """An expected refusal."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 400)
    field = getattr(error, "field", None)
    return respond(
        status,
        error.message,
        code=error.code,
        errors=None if field is None else (FieldProblem(field, error.message),),
        headers=(
            {"retry-after": str(error.retry_after)}
            if isinstance(error, errors.RateLimited)
            else None
        ),
    )


def on_domain_error(_: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    """Litestar's handler of expected refusals."""
    return from_domain(error)


def on_http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's handler of what the framework refuses: routes, methods, bodies, parameters."""
    if error.status_code >= 500:
        return _fault(error)
    detail = error.detail
    problems = None
    if isinstance(error, ValidationException):
        detail = "The request is not what this operation takes."
        problems = _field_problems(error.extra)
    return respond(error.status_code, detail, errors=problems, headers=error.headers)


def on_malformed_body(_: Request[Any, Any, Any], __: Exception) -> Response[Any]:
    """Litestar's handler of bodies that no decoder takes, for whatever reason."""
    return respond(400, "The body is not valid JSON.")


def on_unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Litestar's handler of everything else: logged with an id, and masked."""
    return _fault(error)


HANDLERS: dict[Any, Any] = {
    DomainError: on_domain_error,
    HTTPException: on_http_error,
    # What msgspec raises beside its DecodeError: bytes that are not UTF-8, endless nesting.
    UnicodeDecodeError: on_malformed_body,
    RecursionError: on_malformed_body,
    Exception: on_unexpected,
}


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """These problems, for the OpenAPI document of one operation."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=DESCRIPTIONS[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in (*statuses, 500, 503)
    }


DESCRIPTIONS = {
    400: "The request is malformed, or an input is wrong; `errors` names which.",
    401: "Not signed in, or no longer.",
    403: "Not from this origin.",
    404: "There is no such thing.",
    409: "Taken by somebody else.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too often: try again after `Retry-After` seconds.",
    500: "A fault of ours; `errorId` is in our log.",
    503: "Not at the moment: try again after `Retry-After` seconds.",
}


def _fault(error: Exception) -> Response[Any]:
    error_id = uuid4().hex
    outage = is_outage(error)
    log.error("outage" if outage else "unexpected error", error_id=error_id, exc_info=error)
    if outage:
        return respond(503, "This does not work at the moment.", error_id=error_id)
    return respond(500, "Something went wrong on our side.", error_id=error_id)


def is_outage(error: Exception) -> bool:
    """Whether a neighbour is away or overloaded, rather than something being wrong with us."""
    if isinstance(error, sqlalchemy.DBAPIError):
        return error.connection_invalidated or (sqlstate(error) or "").startswith(OUTAGES)
    # Not reached at all: asyncpg's connect raises the operating system's own errors.
    return isinstance(error, sqlalchemy.TimeoutError | OSError | TimeoutError)


def _field_problems(extra: Any) -> tuple[FieldProblem, ...] | None:
    """Litestar's list of what is wrong; it calls the body `data`, after its own parameter."""
    if not isinstance(extra, list):
        return None
    found = []
    for each in extra:
        field = str(each.get("key") or each.get("source") or WHOLE_BODY)
        message = str(each.get("message", ""))
        if field == "data":
            field = WHOLE_BODY
            if message == "'data'":
                message = "A JSON body is needed"
        found.append(FieldProblem(field, message))
    return tuple(found)


def _expected_headers(status: int) -> dict[str, str]:
    if status == 401:
        return {"www-authenticate": "Bearer"}
    if status == 503:
        return {"retry-after": RETRY_SECONDS}
    return {}


def _kebab(code: str) -> str:
    return code.lower().replace("_", "-")
