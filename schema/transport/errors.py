"""What clients are told when something fails, and what only the log is told.

Every error leaves with `extensions.code`. An exception reaches the client in its own words only
when it says so itself (`PublicError`) or when graphql-core raised it about the client's document;
all others become "Internal server error" with an id under which the log has the traceback.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard, runtime_checkable
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

log = structlog.get_logger("graphql")

BAD_REQUEST = "BAD_REQUEST"
BAD_USER_INPUT = "BAD_USER_INPUT"
CSRF_PREVENTED = "CSRF_PREVENTED"
DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
FORBIDDEN = "FORBIDDEN"
INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
OPERATION_TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
QUERY_NOT_IN_SAFELIST = "QUERY_NOT_IN_SAFELIST"
REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
UNAUTHENTICATED = "UNAUTHENTICATED"
UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

# The status of a request whose context could not be made, by the public error's code.
STATUS_BY_CODE = {
    UNAUTHENTICATED: 401,
    FORBIDDEN: 403,
    "RATE_LIMITED": 429,
    "SERVICE_UNAVAILABLE": 503,
}


@runtime_checkable
class PublicError(Protocol):
    """An exception whose words are meant for the client.

    `public` must be True. An optional `extensions` mapping is added to the error's extensions.
    """

    public: bool
    code: Any
    message: str


class ConnectionRejected(Exception):
    """Raised by a context factory when the credentials it was given are not good.

    Over HTTP the answer is 401; a websocket is closed with 4403 "Forbidden".
    """

    public = True
    code = UNAUTHENTICATED

    def __init__(self, message: str = "Not authenticated.") -> None:
        super().__init__(message)
        self.message = message


class RequestError(Exception):
    """A request that is not GraphQL over HTTP: answered with `status` whatever it accepts."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error = refusal(code, message)


class Refused(Exception):
    """A well-formed request whose document cannot be run, with the reasons for the client."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(errors[0].message)
        self.errors = list(errors)


class Presented(GraphQLError):
    """An error that is ready for the client; presenting it again changes nothing."""


def refusal(code: str, message: str, nodes: Any = None, **extensions: Any) -> Presented:
    """An error that the client caused."""
    return Presented(message, nodes, extensions={"code": code, **extensions})


def coded(error: GraphQLError, code: str, **extensions: Any) -> Presented:
    """`error` as graphql-core worded it, with a code."""
    # It may quote the document, names of a hundred thousand letters and all.
    return _copy(error, error.message[:1_000], {"code": code, **extensions})


def present(error: GraphQLError, operation: str | None = None) -> Presented:
    """`error` as the client may see it; logs it, once, when it has to be masked."""
    if isinstance(error, Presented):
        return error
    cause = _cause(error)
    if isinstance(cause, Presented):
        return _copy(error, cause.message, cause.extensions or {})
    if is_public(cause):
        return _copy(error, cause.message, _public_extensions(cause))
    if isinstance(cause, GraphQLSyntaxError):
        return coded(error, PARSE_FAILED)
    if isinstance(cause, GraphQLError):
        if (cause.extensions or {}).get("code"):
            return _copy(error, cause.message, cause.extensions or {})
        # graphql-core points at the document when it blames the client (an argument that turns
        # out to be null); when a resolver's result cannot be serialised, it has no such place.
        if cause.nodes and cause is not error:
            message = cause.message.split(" Did you mean ")[0]
            return _copy(error, message, {"code": BAD_USER_INPUT})
    return _mask(error, cause, operation)


def present_exception(cause: Exception, operation: str | None = None) -> Presented:
    """An exception that was raised outside of any field."""
    return present(GraphQLError(str(cause), original_error=cause), operation)


def is_public(cause: object) -> TypeGuard[PublicError]:
    return isinstance(cause, PublicError) and cause.public is True


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _public_extensions(cause: Any) -> dict[str, Any]:
    more = getattr(cause, "extensions", None)
    code = getattr(cause.code, "value", cause.code)
    return {**(more if isinstance(more, Mapping) else {}), "code": code}


def _mask(error: GraphQLError, cause: Exception, operation: str | None) -> Presented:
    error_id = uuid4().hex
    # Never the variables and never the document: both carry what people typed.
    log.error(
        "graphql.internal_error",
        error_id=error_id,
        operation=operation and operation[:100],
        path=error.path,
        exc_info=(type(cause), cause, cause.__traceback__),
    )
    extensions = {"code": INTERNAL_SERVER_ERROR, "errorId": error_id}
    return _copy(error, "Internal server error", extensions)


def _copy(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> Presented:
    return Presented(
        message,
        error.nodes,
        error.source,
        error.positions,
        error.path,
        extensions=dict(extensions),
    )
