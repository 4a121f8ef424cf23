"""What people are told that they can do is what they can do, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import strategies as st

from app import clock
from app.actor import Actor
from app.bookings import options
from app.bookings.errors import BookingNotFound, TransitionNotAllowed
from app.bookings.options import BookingAction
from app.errors import DomainError, Unauthenticated
from db.enums import BookingActor
from tests.lifecycle.stage import Stage
from tests.schema.face import gid

PARTIES = ("GUEST", "HOST", "OTHER_GUEST", "OTHER_HOST")
# Most of the time those whose booking it is.
WHO = st.sampled_from(
    [*PARTIES, *("HOST", "GUEST") * 4, "CO_HOST", "HELPER", "ADMIN", "SUPPORT", "ANONYMOUS"]
)


def caller(stage: Stage, row: Any, who: str) -> Actor:
    """Somebody, as seen from a booking."""
    match who:
        case "GUEST":
            return Actor(user_id=row.guest_id)
        case "HOST":
            return Actor(user_id=row.host_id)
        case "OTHER_GUEST":
            return next(each for each in stage.guests if each.user_id != row.guest_id)
        case "OTHER_HOST":
            return next(each for each in stage.hosts if each.user_id != row.host_id)
    return stage.others[who]


@asynccontextmanager
async def as_offered(
    stage: Stage, row: Any, who: str, wanted: BookingAction
) -> AsyncIterator[int | None]:
    """What somebody is told that they can do is what they can do, and nothing else.

    Yields what they are shown that cancelling gives back; None: they are shown nothing.
    """
    found = await _shown(stage, row, who)
    refusal: DomainError | None = None
    preview = found["cancellationPreview"] if found else None
    try:
        yield preview["refund"]["amount"] if preview else None
    except (BookingNotFound, TransitionNotAllowed, Unauthenticated) as error:
        refusal = error
    offered = {option["action"]: option for option in (found or {}).get("availableActions", ())}
    option = offered.get(wanted.value)
    if found is None:
        assert isinstance(refusal, BookingNotFound | Unauthenticated), f"{who}: {refusal!r}"
    elif option is None:
        assert refusal is not None, f"{who} is not offered to {wanted} and can"
    elif option["isAvailable"]:
        assert refusal is None, f"{who} is offered to {wanted}: {refusal!r}"
    else:
        assert isinstance(refusal, TransitionNotAllowed), f"{who} can {wanted}: {option}"
        assert refusal.reason == option["obstacle"], f"{refusal.reason}, shown was {option}"
    if refusal is not None:
        raise refusal


OPTIONS = """query ($id: ID!) { booking(id: $id) { cancellationPreview { refund { amount } }
  availableActions { action isAvailable obstacle } } }"""


async def _shown(stage: Stage, row: Any, who: str) -> dict[str, Any] | None:
    """The booking's options as somebody's app shows them; None: it shows no such booking."""
    if who not in ("ADMIN", "SUPPORT"):
        answer = await stage.face.ask(OPTIONS, caller(stage, row, who), id=gid("Booking", row.id))
        shown: dict[str, Any] | None = answer["booking"]
        return shown
    # Their looks leave lines in the trail, which a refusal must not.
    if who == "SUPPORT":
        return None
    listed = options.options(row, BookingActor.ADMIN, clock.now())
    return {
        "cancellationPreview": None,
        "availableActions": [
            {"action": one.action, "isAvailable": one.is_available, "obstacle": one.obstacle}
            for one in listed
        ],
    }
