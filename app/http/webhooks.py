"""Where payment providers tell what has happened."""

from typing import Any

from litestar import Request, Response, post

from app.http.problems import documented
from app.http.state import runtime_of
from app.payments import inbox
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
    runtime = runtime_of(request)
    raw = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    await inbox.receive(runtime.db, runtime.providers[PaymentProvider.STRIPE], raw, headers)
    return Response(None)
