"""Deliveries: one row for each time that an event goes to an endpoint."""

import random
import time
from fnmatch import fnmatchcase

from app.sandbox.state import Obj, State, new_id


def schedule(state: State, event: Obj, endpoint: Obj) -> None:
    """Send an event, as badly as the control calls have told."""
    mood = state.mood
    if any(fnmatchcase(event["type"], pattern) for pattern in mood.drop):
        deliver(state, event, endpoint, time.time(), "dropped")
        return
    for _ in range(mood.duplicate):
        due = time.time() + mood.delay_seconds + random.uniform(0, mood.shuffle_seconds)
        deliver(state, event, endpoint, due)


def deliver(
    state: State, event: Obj, endpoint: Obj, due: float | None = None, status: str = "pending"
) -> None:
    """Send an event once, at `due` (seconds since 1970), by default now."""
    delivery: Obj = {
        "id": new_id("whd"),
        "event": event["id"],
        "type": event["type"],
        "endpoint": endpoint["id"],
        "due": time.time() if due is None else due,
        "attempts": 0,
        "status": status,
        "last_response": None,
    }
    state.put("delivery", delivery)
    if status == "pending":
        state.on_delivery(delivery)
