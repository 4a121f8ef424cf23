"""What happens by itself after a while: refunds arrive, transfers land, phones answer."""

import asyncio
import time
from collections.abc import Callable, Mapping

from app.sandbox.state import Obj, State, new_id
from app.sandbox.store import Store

Step = Callable[[State, str], None]


def later(state: State, step: str, subject: str, seconds: float | None = None) -> None:
    """Take a step about `subject` after so many seconds, by default the configured ones."""
    if state.past is not None:
        return
    wait = state.config.settle_seconds if seconds is None else seconds
    due = time.time() + state.clock_offset + wait
    state.put("later", {"id": new_id("step"), "step": step, "subject": subject, "due": due})


class Clockwork:
    """Takes the steps whose time has come, unless it is told to hold still."""

    def __init__(self, state: State, store: Store, steps: Mapping[str, Step]) -> None:
        self._state = state
        self._store = store
        self._steps = steps
        self.is_held = False

    def due(self, now: float) -> list[Obj]:
        """The steps to take, oldest first."""
        waiting = self._state.table("later").values()
        return sorted((row for row in waiting if row["due"] <= now), key=lambda row: row["due"])

    def take(self, rows: list[Obj]) -> int:
        """Take these steps; returns how many."""
        for row in rows:
            self._state.remove("later", row["id"])
            self._steps[row["step"]](self._state, row["subject"])
        return len(rows)

    async def run(self) -> None:
        """Take steps until cancelled."""
        while True:
            now = time.time() + self._state.clock_offset
            if not self.is_held and self.take(self.due(now)):
                await self._store.flush()
            await asyncio.sleep(min(0.05, self._state.config.settle_seconds or 0.05))
