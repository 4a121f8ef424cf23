"""Who may call each route, at a glance. A test fails for a route that is not in this table."""

from collections.abc import Mapping
from enum import StrEnum


class RoutePolicy(StrEnum):
    """What a caller must have."""

    ANYBODY = "ANYBODY"
    # The refresh token, in the body or as a cookie from a page of ours.
    REFRESH_TOKEN = "REFRESH_TOKEN"
    # The code of a link that was mailed to an address.
    MAILED_CODE = "MAILED_CODE"
    # A challenge that was handed out moments ago to the same client.
    CHALLENGE = "CHALLENGE"
    # The state that a provider was gone to with, in the browser that was sent there.
    RETURNING = "RETURNING"
    # The code that was come back with, and the verifier of whoever began.
    RETURN_CODE = "RETURN_CODE"
    # The address itself, which only those have whom its owner told.
    SECRET_ADDRESS = "SECRET_ADDRESS"
    # The address again, which we have signed for who was shown it, for some minutes.
    SIGNED_ADDRESS = "SIGNED_ADDRESS"
    # An access token; what changes an account wants its session to be open, too.
    SIGNED_IN = "SIGNED_IN"
    # The provider's signature over the body.
    SIGNATURE = "SIGNATURE"
    # Anybody; each field has a policy of its own (schema.policies).
    PER_FIELD = "PER_FIELD"


ROUTES: Mapping[str, RoutePolicy] = {
    "POST /auth/register": RoutePolicy.ANYBODY,
    "POST /auth/login": RoutePolicy.ANYBODY,
    "POST /auth/second-factor": RoutePolicy.CHALLENGE,
    "POST /auth/passkey-sign-in-options": RoutePolicy.ANYBODY,
    "POST /auth/passkey-sign-in": RoutePolicy.CHALLENGE,
    "POST /auth/refresh": RoutePolicy.REFRESH_TOKEN,
    # There is nothing to end without one of the tokens.
    "POST /auth/logout": RoutePolicy.ANYBODY,
    "POST /auth/verify-email": RoutePolicy.MAILED_CODE,
    "POST /auth/resend-verification": RoutePolicy.SIGNED_IN,
    "POST /auth/forgot-password": RoutePolicy.ANYBODY,
    "POST /auth/reset-password": RoutePolicy.MAILED_CODE,
    "POST /auth/change-password": RoutePolicy.SIGNED_IN,
    "POST /auth/change-email": RoutePolicy.SIGNED_IN,
    "POST /auth/confirm-email-change": RoutePolicy.MAILED_CODE,
    # What proves the caller anew, and what then takes the proof.
    "POST /auth/proof-options": RoutePolicy.SIGNED_IN,
    "POST /auth/proof": RoutePolicy.SIGNED_IN,
    "POST /auth/enroll-totp": RoutePolicy.SIGNED_IN,
    "POST /auth/confirm-totp": RoutePolicy.SIGNED_IN,
    "POST /auth/disable-totp": RoutePolicy.SIGNED_IN,
    "POST /auth/recovery-codes": RoutePolicy.SIGNED_IN,
    "POST /auth/passkey-options": RoutePolicy.SIGNED_IN,
    "POST /auth/add-passkey": RoutePolicy.SIGNED_IN,
    "PUT /me/picture": RoutePolicy.SIGNED_IN,
    "DELETE /me/picture": RoutePolicy.SIGNED_IN,
    # Where there is no web app. The pages themselves hold nothing.
    "GET /verify-email": RoutePolicy.ANYBODY,
    "GET /confirm-email-change": RoutePolicy.ANYBODY,
    "GET /reset-password": RoutePolicy.ANYBODY,
    "GET /forgot-password": RoutePolicy.ANYBODY,
    "GET /auth/oidc": RoutePolicy.ANYBODY,
    "GET /auth/oidc/{provider}/start": RoutePolicy.ANYBODY,
    "GET /auth/oidc/{provider}/callback": RoutePolicy.RETURNING,
    "POST /auth/oidc/{provider}/callback": RoutePolicy.RETURNING,
    "POST /auth/oidc/exchange": RoutePolicy.RETURN_CODE,
    "GET /privacy/exports/{code}": RoutePolicy.MAILED_CODE,
    "GET /downloads/{code}": RoutePolicy.SIGNED_ADDRESS,
    # The page holds nothing; what it posts is what the code is for.
    "GET /saved-searches/unsubscribe/{code}": RoutePolicy.ANYBODY,
    "POST /saved-searches/unsubscribe/{code}": RoutePolicy.MAILED_CODE,
    "POST /webhooks/stripe": RoutePolicy.SIGNATURE,
    "POST /webhooks/paystack": RoutePolicy.SIGNATURE,
    "GET /health/live": RoutePolicy.ANYBODY,
    "GET /health/ready": RoutePolicy.ANYBODY,
    "GET /calendars/{file}": RoutePolicy.SECRET_ADDRESS,
    "PUT /uploads/{name}": RoutePolicy.SECRET_ADDRESS,
    "GET /media/{path}": RoutePolicy.ANYBODY,
    "HEAD /media/{path}": RoutePolicy.ANYBODY,
    "GET /openapi.json": RoutePolicy.ANYBODY,
    "GET /docs": RoutePolicy.ANYBODY,
    "GET /docs/{path}": RoutePolicy.ANYBODY,
    "GET /docs/openapi.json": RoutePolicy.ANYBODY,
    "GET /.well-known/jwks.json": RoutePolicy.ANYBODY,
    "GET /metrics": RoutePolicy.ANYBODY,
    "GET /graphql": RoutePolicy.PER_FIELD,
    "POST /graphql": RoutePolicy.PER_FIELD,
    "WEBSOCKET /graphql": RoutePolicy.PER_FIELD,
}
