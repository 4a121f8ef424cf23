"""Everything that anybody may try, legal or not, as a table: a name, its draws, what it does.

A further action is one function in `people` or `surroundings`. It raises a DomainError when it is
refused, and is told in numbers who does what to which booking, so that a run of them can be
repeated and made shorter.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import select

from db.models import Payment
from tests.lifecycle.stage import Stage

Do = Callable[..., Awaitable[None]]


class Action(msgspec.Struct, frozen=True):
    """What to draw for it, and what it does with that."""

    draws: dict[str, st.SearchStrategy[Any]]
    do: Do
    # How often it is drawn, compared with the others.
    weight: int = 1

    @property
    def of_booking(self) -> bool:
        """There is nothing to do it to before somebody has booked."""
        return "booking" in self.draws


ACTIONS: dict[str, Action] = {}
# The latest booking first: most of what is interesting happens to it.
RECENT = st.integers(0, 5)
ANY = st.integers(0, 9)


def action(weight: int = 1, **draws: st.SearchStrategy[Any]) -> Callable[[Do], Do]:
    """Put a function into the table, with what is drawn for it."""

    def register(do: Do) -> Do:
        ACTIONS[do.__name__] = Action(draws, do, weight)
        return do

    return register


def booking_of(stage: Stage, which: int, *likely: str) -> Any:
    """The booking that a step is about, the latest being 0.

    Mostly one in a `likely` state, if there is any: what is refused is tried often enough.
    """
    found = [row for row in stage.bookings if row.status in likely]
    among = found if found and which < 4 else stage.bookings
    return among[-1 - which % len(among)]


async def payment_of(stage: Stage, which: int) -> Any:
    """Its latest payment; None: it has none."""
    table = Payment.__table__
    async with stage.db.read() as connection:
        query = select(table).where(table.c.booking_id == booking_of(stage, which).id)
        return (await connection.execute(query.order_by(table.c.attempt.desc()))).first()
