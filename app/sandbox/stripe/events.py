"""Events and the webhook deliveries that each of them causes."""

import copy
from fnmatch import fnmatchcase

from app.sandbox import deliveries
from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import API_VERSION


def emit(state: State, type_: str, subject: Obj, before: Obj | None = None) -> None:
    """Record that something happened to `subject` and schedule its webhooks.

    `before` is the object's earlier state; what differs becomes `data.previous_attributes`.
    History that is being imported makes no events.
    """
    if state.past is not None:
        return
    event: Obj = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": state.now(),
        "data": {"object": copy.deepcopy(subject)},
        "livemode": False,
        "pending_webhooks": 0,
        "request": dict(state.request),
        "type": type_,
    }
    if before is not None:
        event["data"]["previous_attributes"] = {
            name: value for name, value in before.items() if value != subject.get(name)
        }
    if subject["object"] == "account":
        # Only events of a connected account carry its id.
        event["account"] = subject["id"]
    endpoints = [row for row in state.table("endpoint_secret").values() if _wants(row, event)]
    event["pending_webhooks"] = len(endpoints)
    state.put("event", event)
    for endpoint in endpoints:
        deliveries.schedule(state, event, endpoint)


def _wants(endpoint: Obj, event: Obj) -> bool:
    if endpoint["connect"] is not None and endpoint["connect"] != ("account" in event):
        return False
    return any(fnmatchcase(event["type"], pattern) for pattern in endpoint["enabled_events"])


def resend(state: State, event: Obj, times: int) -> int:
    """Send an event again to every endpoint that wants it; returns how many deliveries that is."""
    endpoints = [row for row in state.table("endpoint_secret").values() if _wants(row, event)]
    for endpoint in endpoints * times:
        deliveries.deliver(state, event, endpoint)
    return len(endpoints) * times
