"""Where payment providers tell what has happened."""

from typing import Any

from litestar import Request, Response, post

from app.http.problems import documented
from app.http.state import runtime_of
from app.payments import inbox
from app.payments.errors import InvalidWebhook
from db.enums import PaymentProvider

MAX_BODY = 256 * 1024


@post(
    "/webhooks/stripe",
    status_code=200,
    tags=["Webhooks"],
    summary="Stripe's webhook",
    description=(
        "Takes the raw body under the header `Stripe-Signature`. Answered as soon as the event is "
        "stored; one that came before is answered the same way."
    ),
    response_description="Stored.",
    responses=documented(400, 413),
    request_max_body_size=MAX_BODY,
)
async def stripe_webhook(request: Request[Any, Any, Any]) -> Response[None]:
    return await _receive(request, PaymentProvider.STRIPE)


@post(
    "/webhooks/paystack",
    status_code=200,
    tags=["Webhooks"],
    summary="Paystack's webhook",
    description=(
        "Takes the raw body under the header `x-paystack-signature`. Answered as soon as the event "
        "is stored; one that came before is answered the same way."
    ),
    response_description="Stored.",
    responses=documented(400, 413),
    request_max_body_size=MAX_BODY,
)
async def paystack_webhook(request: Request[Any, Any, Any]) -> Response[None]:
    return await _receive(request, PaymentProvider.PAYSTACK)


async def _receive(request: Request[Any, Any, Any], name: PaymentProvider) -> Response[None]:
    """Keep a webhook. Raises InvalidWebhook."""
    runtime = runtime_of(request)
    provider = runtime.providers.get(name)
    if provider is None:
        raise InvalidWebhook("This provider is not in use here: no signature of it can be right.")
    raw = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    await inbox.receive(runtime.db, provider, raw, headers)
    return Response(None)
