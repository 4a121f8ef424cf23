"""One API request from its bytes to its reply: key, fault, idempotency, operation."""

import base64
import binascii
import hmac
import logging

import msgspec

from app.sandbox.api import Request, Response, hang
from app.sandbox.faults import Fault, Faults
from app.sandbox.state import Obj, State, new_id
from app.sandbox.store import Store
from app.sandbox.stripe import API_VERSION, listing
from app.sandbox.stripe.errors import (
    StripeError,
    fault_error,
    invalid,
    secret_key_required,
    unauthorized,
)
from app.sandbox.stripe.idempotency import Keys, Reply
from app.sandbox.stripe.params import Params, nest, pairs
from app.sandbox.stripe.routes import Call, Operation, for_browsers, resolve

_log = logging.getLogger(__name__)

# What Stripe tells of a PaymentIntent to those who only have the publishable key.
_PUBLIC_FIELDS = (
    *("id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at"),
    *("cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created"),
    *("currency", "description", "last_payment_error", "livemode", "next_action"),
    *("payment_method", "payment_method_configuration_details", "payment_method_types"),
    *("processing", "receipt_email", "setup_future_usage", "shipping", "source", "status"),
)


class Api:
    """The API over one State."""

    def __init__(self, state: State, store: Store) -> None:
        self.state = state
        self.store = store
        self.faults = Faults()
        self.keys = Keys(state)

    async def handle(self, request: Request) -> Response:
        """Answer one request; errors are answers too."""
        request_id = new_id("req")
        try:
            response = await self._answer(request, request_id)
        except StripeError as error:
            response = _response(_error_reply(error, request_id), {})
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            broken = StripeError(500, "api_error", "The sandbox is broken; see its log.")
            response = _response(_error_reply(broken, request_id), {})
        _log.debug("%s %s -> %d", request.method, request.path, response.status)
        return response

    async def _answer(self, request: Request, request_id: str) -> Response:
        parameters = pairs(request.query) + pairs(request.body)
        publishable = self._authenticate(request, parameters)
        operation, ids = resolve(request.method, request.path)
        if publishable and not for_browsers(operation):
            raise secret_key_required()
        if "stripe-account" in request.headers:
            message = "The sandbox does not act for connected accounts (Stripe-Account header)."
            raise invalid(message, executed=False)
        parameters = [pair for pair in parameters if pair[0] != "key"]
        params = Params(nest(parameters))
        call = Call(request.path, ids, params, publishable)
        fault = self.faults.take(request.method, request.path)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            reply = await self._carry_out(operation, call, fault, request_id, None)
            return await self._send(reply, fault, {})
        echo = {"Idempotency-Key": key}
        kept = self.keys.begin(key, request.method, request.path, parameters)
        if kept is not None:
            echo |= {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
            return await self._send(await _before(fault, request_id) or kept, fault, echo)
        made: Reply | None = None
        try:
            made = await self._carry_out(operation, call, fault, request_id, key)
        finally:
            self.keys.finish(key, request.method, request.path, parameters, made)
        return await self._send(made, fault, echo | {"Original-Request": request_id})

    async def _carry_out(
        self,
        operation: Operation,
        call: Call,
        fault: Fault | None,
        request_id: str,
        key: str | None,
    ) -> Reply:
        trouble = await _before(fault, request_id)
        if trouble is not None:
            return trouble
        reply = self._run(operation, call, request_id, key)
        if fault is not None and fault.kind == "error" and fault.moment == "after":
            return _error_reply(fault_error(fault), request_id)
        return reply

    def _run(self, operation: Operation, call: Call, request_id: str, key: str | None) -> Reply:
        paths = call.params.strings("expand")
        call.params.drop("expand")
        self.state.request = {"id": request_id, "idempotency_key": key}
        try:
            answer = operation(self.state, call)
            answer = listing.expand(self.state, answer, paths)
            if call.publishable and answer["object"] == "payment_intent":
                answer = _public(answer)
            return Reply(200, msgspec.json.encode(answer), request_id)
        except StripeError as error:
            if call.publishable and "payment_intent" in error.fields:
                error.fields["payment_intent"] = _public(error.fields["payment_intent"])
            return _error_reply(error, request_id)
        finally:
            self.state.request = {"id": None, "idempotency_key": None}

    async def _send(self, reply: Reply, fault: Fault | None, headers: dict[str, str]) -> Response:
        await self.store.flush()
        await hang(fault, "after")
        response = _response(reply, headers)
        response.dropped = fault is not None and fault.kind == "drop"
        return response

    def _authenticate(self, request: Request, parameters: list[tuple[str, str]]) -> bool:
        """Whether it is the publishable key that was sent.

        Raises:
            StripeError: 401, no key or an unknown one.
        """
        sent = _sent_key(request.headers.get("authorization", "")) or dict(parameters).get("key")
        config = self.state.config
        if not sent:
            raise unauthorized(
                "You did not provide an API key. You need to provide your API key in the"
                " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer"
                " YOUR_SECRET_KEY')."
            )
        if hmac.compare_digest(sent.encode(), config.secret_key.encode()):
            return False
        if hmac.compare_digest(sent.encode(), config.publishable_key.encode()):
            return True
        hidden = f"{sent[:8]}{'*' * 12}{sent[-4:]}" if len(sent) > 16 else "****"
        raise unauthorized(f"Invalid API Key provided: {hidden}")


async def _before(fault: Fault | None, request_id: str) -> Reply | None:
    """Let a fault strike before the operation; the reply, where that is the end of it."""
    if fault is None or fault.moment != "before":
        return None
    if fault.kind == "hang":
        await hang(fault, "before")
        return None
    return _error_reply(fault_error(fault), request_id)


def _sent_key(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _public(intent: Obj) -> Obj:
    return {name: intent[name] for name in _PUBLIC_FIELDS if name in intent}


def _error_reply(error: StripeError, request_id: str) -> Reply:
    body = msgspec.json.encode(error.body(request_id))
    return Reply(error.status, body, request_id, began=error.executed)


def _response(reply: Reply, headers: dict[str, str]) -> Response:
    headers = {
        "Request-Id": reply.request_id,
        "Stripe-Version": API_VERSION,
        **headers,
    }
    if reply.status >= 500 and reply.began and "Idempotency-Key" in headers:
        # Asking again under the same key would only replay it.
        headers["Stripe-Should-Retry"] = "false"
    return Response(status=reply.status, body=reply.body, headers=headers)
