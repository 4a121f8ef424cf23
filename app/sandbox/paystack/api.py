"""One API request from its bytes to its reply: key, fault, parameters, operation."""

import hmac
import logging
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from app.sandbox.api import Request, Response, hang
from app.sandbox.faults import Fault, Faults
from app.sandbox.paystack.errors import PaystackError, fault_error, invalid
from app.sandbox.paystack.params import Params
from app.sandbox.paystack.routes import resolve
from app.sandbox.state import State
from app.sandbox.store import Store

_log = logging.getLogger(__name__)
_MAX_FIELDS = 200


class Api:
    """The API over one State."""

    def __init__(self, state: State, store: Store) -> None:
        self.state = state
        self.store = store
        self.faults = Faults()

    async def handle(self, request: Request) -> Response:
        """Answer one request; errors are answers too."""
        fault = None
        try:
            self._authenticate(request)
            fault = self.faults.take(request.method, request.path)
            await _strike(fault, "before")
            status, answer = self._run(request)
            await self.store.flush()
            await _strike(fault, "after")
        except PaystackError as error:
            await self.store.flush()
            status, answer = error.status, error.body()
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            broken = PaystackError(500, "The sandbox is broken; see its log.", "unknown")
            status, answer = broken.status, broken.body()
        _log.debug("%s %s -> %d", request.method, request.path, status)
        dropped = fault is not None and fault.kind == "drop"
        return Response(
            status=status, body=msgspec.json.encode(answer), headers={}, dropped=dropped
        )

    def _authenticate(self, request: Request) -> None:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not sent:
            raise PaystackError(401, "No Authorization Header was found", "missing_key")
        if not hmac.compare_digest(sent.strip().encode(), self.state.config.secret_key.encode()):
            raise PaystackError(401, "Invalid key", "invalid_key")

    def _run(self, request: Request) -> tuple[int, Any]:
        taken, operation, ids = resolve(request.method, request.path)
        given = _params(request, taken)
        answer = operation(self.state, given, *map(unquote, ids))
        body: dict[str, Any] = {"status": True, "message": answer.message}
        if answer.data is not None:
            body["data"] = answer.data
        if answer.meta is not None:
            body["meta"] = answer.meta
        return answer.status, body


async def _strike(fault: Fault | None, moment: str) -> None:
    """Let a fault strike before or after the operation. Raises PaystackError."""
    if fault is None or fault.moment != moment:
        return
    if fault.kind == "hang":
        await hang(fault, moment)
    elif fault.kind == "error" or moment == "before":
        raise fault_error(fault)


def _params(request: Request, taken: type[Params]) -> Params:
    """The parameters of a request. Raises PaystackError for those that it does not take."""
    try:
        values: Any
        if request.method in ("GET", "DELETE"):
            values = _form(request.query)
        elif "json" in request.headers.get("content-type", ""):
            values = msgspec.json.decode(request.body or b"{}")
        else:
            values = _form(request.body)
        return msgspec.convert(values, taken, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(str(error)) from error


def _form(encoded: bytes) -> dict[str, str]:
    try:
        text = encoded.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise invalid(f"At most {_MAX_FIELDS} parameters are allowed.") from error
