"""Webhook endpoints, and the secrets with which what they receive is signed."""

import secrets
from urllib.parse import urlsplit

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import API_VERSION
from app.sandbox.stripe.errors import bad_param, missing
from app.sandbox.stripe.params import Params

CONFIGURED = "we_configured"


def find(state: State, endpoint_id: str) -> Obj:
    """The endpoint, or Stripe's 404."""
    endpoint = state.get("webhook_endpoint", endpoint_id)
    if endpoint is None:
        raise missing("webhook endpoint", endpoint_id)
    return endpoint


def configure(state: State) -> None:
    """The endpoint named at the start: all events, the platform's and its accounts'."""
    if state.config.webhook_url is None:
        delete_row(state, CONFIGURED)
        return
    secret = state.config.webhook_secret
    endpoint = _endpoint(state, CONFIGURED, state.config.webhook_url, ["*"])
    _save(state, endpoint, secret, None)


def create(state: State, params: Params) -> Obj:
    """A further endpoint; only this answer tells its secret."""
    params.only("url", "enabled_events", "connect", "description", "metadata", "api_version")
    url, wanted = params.required("url"), params.strings("enabled_events")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise bad_param("Invalid URL", "url", "url_invalid")
    if not wanted:
        raise bad_param("Missing required param: enabled_events.", "enabled_events")
    endpoint = _endpoint(state, new_id("we"), url, wanted)
    endpoint["description"] = params.string("description")
    endpoint["metadata"] = params.metadata()
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    _save(state, endpoint, secret, params.boolean("connect"))
    return {**endpoint, "secret": secret}


def delete(state: State, endpoint_id: str) -> Obj:
    """Stop sending to an endpoint."""
    find(state, endpoint_id)
    delete_row(state, endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def delete_row(state: State, endpoint_id: str) -> None:
    """Forget an endpoint, if it is there."""
    state.remove("webhook_endpoint", endpoint_id)
    state.remove("endpoint_secret", endpoint_id)


def _endpoint(state: State, endpoint_id: str, url: str, wanted: list[str]) -> Obj:
    return {
        "id": endpoint_id,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": state.now(),
        "description": None,
        "enabled_events": wanted,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


def _save(state: State, endpoint: Obj, secret: str, connect: bool | None) -> None:
    state.put("webhook_endpoint", endpoint)
    state.put(
        "endpoint_secret",
        {
            "id": endpoint["id"],
            "url": endpoint["url"],
            "enabled_events": endpoint["enabled_events"],
            "secret": secret,
            # True: events of connected accounts only; False: ours only; None: all.
            "connect": connect,
        },
    )
