"""Anything may happen to bookings and their money, in any order, and the rules hold.

Hypothesis draws the steps from the table of actions, and makes a run that fails as short as it
can: it ends with the steps to repeat. MACHINE_STEPS says how many steps there are to be (2,000 by
default), `--hypothesis-seed` which.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from app.errors import DomainError, Unavailable
from app.payments.errors import PaymentUnavailable
from tests.lifecycle import checks, people, surroundings
from tests.lifecycle.conftest import Opener
from tests.lifecycle.snapshot import Snapshot
from tests.lifecycle.stage import Stage
from tests.lifecycle.table import ACTIONS, Action
from tests.support.mortal import Killed

T = TypeVar("T")
# Whoever fills the table.
FILLED_BY = (people, surroundings)
STEPS = int(os.environ.get("MACHINE_STEPS", "2000"))
# A run of so many steps has some twenty bookings, of which most reach an end.
OF_A_RUN = 100
Call = Callable[[Coroutine[Any, Any, T]], T]


class Watched:
    """A stage on which every step is held against the rules."""

    def __init__(self, stage: Stage, close: Callable[[], Any]) -> None:
        self.stage = stage
        self.close = close
        self.now: Snapshot | None = None

    async def begin(self) -> None:
        """What there is before anything happens."""
        await self._look()

    async def step(self, action: Action, drawn: dict[str, Any]) -> str:
        """Do it, and see that all is well after it; returns how it ended."""
        stage = self.stage
        stage.fate.steps.clear()
        try:
            await stage.live(lambda: action.do(stage, **drawn))
            outcome = "done"
        except Killed:
            outcome = "killed"
        except (PaymentUnavailable, Unavailable):
            # What was begun goes on by itself.
            outcome = "unavailable"
        except DomainError as error:
            outcome = f"refused: {error.code}"
        if any(step != "commit" for step in stage.fate.steps):
            stage.shown = {}
            assert not outcome.startswith("refused"), f"refused, and yet: {stage.fate.steps}"
        before = self.now
        now = await self._look()
        if outcome.startswith("refused") and before is not None:
            checks.assert_same(before, now)
        if action is ACTIONS["settle"]:
            await checks.assert_settled(stage)
        return outcome

    async def _look(self) -> Snapshot:
        self.now = await checks.assert_sound(self.stage, self.now)
        self.stage.bookings = self.now.bookings
        return self.now

    async def end(self, *, settle: bool) -> None:
        """Whatever has happened comes to rest."""
        try:
            if settle:
                await self.step(ACTIONS["settle"], {})
        finally:
            await self.close()


# A name as often as its weight, then what its action draws.
STEP = st.sampled_from(
    [name for name, each in ACTIONS.items() for _ in range(each.weight)]
).flatmap(lambda name: st.tuples(st.just(name), st.fixed_dictionaries(ACTIONS[name].draws)))


def make_machine(
    open_stage: Opener, call: Call[Any], seen: Counter[str]
) -> type[RuleBasedStateMachine]:
    """The state machine. `seen` counts how the steps of each kind ended."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.is_well = True
            self.watched: Watched = call(self.open())

        async def open(self) -> Watched:
            watched = Watched(*await open_stage())
            try:
                await watched.begin()
            except BaseException:
                await watched.close()
                raise
            return watched

        @rule(step=STEP)
        def then(self, step: tuple[str, dict[str, Any]]) -> None:
            name, drawn = step
            if ACTIONS[name].of_booking and not self.watched.stage.bookings:
                name, drawn = "no_more_trouble", {}
            self.is_well = False
            outcome = call(self.watched.step(ACTIONS[name], drawn))
            self.is_well = True
            seen[f"{name} {outcome}"] += 1

        def teardown(self) -> None:
            call(self.watched.end(settle=self.is_well))

    return Machine


@pytest.mark.slow
async def test_whatever_happens_the_rules_hold(open_stage: Opener) -> None:
    loop = asyncio.get_running_loop()
    seen: Counter[str] = Counter()

    def call(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    await asyncio.to_thread(
        run_state_machine_as_test,
        make_machine(open_stage, call, seen),
        settings=settings(
            max_examples=-(-STEPS // OF_A_RUN),
            stateful_step_count=OF_A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    for line, count in sorted(seen.items()):
        print(f"{count:7,} {line}")
    assert sum(seen.values()) >= STEPS * 0.9, "fewer steps than were asked for"
