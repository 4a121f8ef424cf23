"""Idempotency keys (docs.stripe.com/api/idempotent_requests).

The first reply to a key is kept for 24 hours, whether it was a success or a failure, and replayed
to the same request. Nothing is kept of requests that never began: those are tried afresh.
"""

import hashlib

import msgspec

from app.sandbox.state import State
from app.sandbox.stripe.errors import StripeError, bad_param

_KEPT_SECONDS = 24 * 3600
_LONGEST_KEY = 255


class Reply(msgspec.Struct, frozen=True):
    """A reply as it went out: the first time, and each time it is replayed."""

    status: int
    body: bytes
    request_id: str
    # False: the operation never began, so that nothing is kept under the key.
    began: bool = True


class Keys:
    """The kept replies, and the requests that are being carried out."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._in_flight: set[str] = set()

    def begin(
        self, key: str, method: str, path: str, parameters: list[tuple[str, str]]
    ) -> Reply | None:
        """The reply to replay, or None: then carry the request out and call `finish`.

        Raises:
            StripeError: 400, the key was used for something else; 409, its request is under way.
        """
        if not key or len(key) > _LONGEST_KEY:
            message = f"Idempotency keys are 1 to {_LONGEST_KEY} characters long."
            raise bad_param(message, "Idempotency-Key")
        if key in self._in_flight:
            raise StripeError(
                409,
                "idempotency_error",
                "There is currently another in-progress request using this Idempotent Key (that"
                " probably means you submitted twice, and the other request is still going"
                f" through): {key}. Please try again later.",
                code="idempotency_key_in_use",
                executed=False,
            )
        row = self._state.get("idempotency", key)
        if row is not None and row["created"] + _KEPT_SECONDS > self._state.now():
            self._check(key, row["path"], f"{method} {path}", row["hash"], _hash(parameters))
            return Reply(row["status"], row["body"].encode(), row["request_id"])
        self._in_flight.add(key)
        return None

    def _check(self, key: str, path: str, new_path: str, digest: str, new_digest: str) -> None:
        what = None
        if path != new_path:
            what = f"for the same endpoint they were first used for ('{path.split()[-1]}')"
        elif digest != new_digest:
            what = "with the same parameters they were first used with"
        if what is not None:
            raise StripeError(
                400,
                "idempotency_error",
                f"Keys for idempotent requests can only be used {what}. Try using a key other"
                f" than '{key}' if you meant to execute a different request.",
                executed=False,
            )

    def finish(
        self,
        key: str,
        method: str,
        path: str,
        parameters: list[tuple[str, str]],
        reply: Reply | None,
    ) -> None:
        """The request is over; its reply is kept, unless the operation never began."""
        self._in_flight.discard(key)
        if reply is None or not reply.began:
            return
        self._state.put(
            "idempotency",
            {
                "id": key,
                "path": f"{method} {path}",
                "hash": _hash(parameters),
                "status": reply.status,
                "body": reply.body.decode(),
                "request_id": reply.request_id,
                "created": self._state.now(),
            },
        )

    def forget(self, key: str | None) -> int:
        """Forget one key or all of them, as Stripe does after 24 hours; returns how many."""
        table = self._state.table("idempotency")
        keys = list(table) if key is None else [key] if key in table else []
        for known in keys:
            self._state.remove("idempotency", known)
        return len(keys)


def _hash(parameters: list[tuple[str, str]]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(parameters))).hexdigest()
