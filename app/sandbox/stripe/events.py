"""Events and the webhook deliveries that each of them causes."""

import copy
import random
import time
from fnmatch import fnmatchcase

from app.sandbox.stripe import API_VERSION
from app.sandbox.stripe.state import Obj, State, new_id


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
        _schedule(state, event, endpoint)


def _wants(endpoint: Obj, event: Obj) -> bool:
    if endpoint["connect"] is not None and endpoint["connect"] != ("account" in event):
        return False
    return any(fnmatchcase(event["type"], pattern) for pattern in endpoint["enabled_events"])


def _schedule(state: State, event: Obj, endpoint: Obj) -> None:
    mood = state.mood
    if any(fnmatchcase(event["type"], pattern) for pattern in mood.drop):
        _deliver(state, event, endpoint, time.time(), "dropped")
        return
    for _ in range(mood.duplicate):
        due = time.time() + mood.delay_seconds + random.uniform(0, mood.shuffle_seconds)
        _deliver(state, event, endpoint, due, "pending")


def _deliver(state: State, event: Obj, endpoint: Obj, due: float, status: str) -> None:
    delivery: Obj = {
        "id": new_id("whd"),
        "event": event["id"],
        "type": event["type"],
        "endpoint": endpoint["id"],
        "due": due,
        "attempts": 0,
        "status": status,
        "last_response": None,
    }
    state.put("delivery", delivery)
    if status == "pending":
        state.on_delivery(delivery)


def resend(state: State, event: Obj, times: int) -> int:
    """Send an event again to every endpoint that wants it; returns how many deliveries that is."""
    endpoints = [row for row in state.table("endpoint_secret").values() if _wants(row, event)]
    for endpoint in endpoints * times:
        _deliver(state, event, endpoint, time.time(), "pending")
    return len(endpoints) * times
