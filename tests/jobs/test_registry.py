"""What events name is what workers know."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import app
from app.outbox import Event
from app.runtime import Runtime
from jobs import tasks
from jobs.registry import LONGEST_SECONDS, SWEEPS, TASKS, sweep, task
from tests.jobs.process import Noted


def events_of(base: type[Event]) -> Iterator[type[Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from events_of(kind)


def load_events() -> dict[str, list[type[Event]]]:
    """Task name → the events that name it, of every `events` module of the product."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.endswith(".events") and not module.name.startswith("app.sandbox"):
            importlib.import_module(module.name)
    named: dict[str, list[type[Event]]] = {}
    for event in events_of(Event):
        if event.__module__.startswith("app."):
            for name in event.tasks:
                named.setdefault(name, []).append(event)
    return named


def test_every_task_that_an_event_names_is_registered_and_every_task_is_named() -> None:
    tasks.load()

    assert load_events().keys() == {name for name in TASKS if not name.startswith("tests.")}


def test_a_task_takes_every_event_that_names_it() -> None:
    tasks.load()

    for name, events in load_events().items():
        for event in events:
            assert issubclass(event, TASKS[name].event), f"{name} does not take {event.__name__}"


def test_tasks_and_sweeps_are_called_feature_verb() -> None:
    tasks.load()

    for name in [*TASKS, *SWEEPS]:
        assert name.count(".") == 1
        assert name.replace(".", "").replace("_", "").islower(), name


async def annotated(runtime: Runtime, event: Noted) -> None: ...


async def not_an_event(runtime: Runtime, event: int) -> None: ...


async def sweeping(runtime: Runtime) -> None: ...


def test_a_task_learns_its_event_from_the_annotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.registry.TASKS", registered := dict[str, Any]())

    task("tests.annotated")(annotated)

    assert registered["tests.annotated"].event is Noted
    with pytest.raises(AssertionError, match="two tasks"):
        task("tests.annotated")(annotated)


def test_what_could_not_keep_its_promise_is_refused() -> None:
    with pytest.raises(AssertionError, match="not an Event"):
        task("tests.wrong")(not_an_event)  # type: ignore[type-var]
    with pytest.raises(AssertionError):
        task("tests.slow", timeout_seconds=LONGEST_SECONDS + 1)


def test_two_sweeps_cannot_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.registry.SWEEPS", dict[str, Any]())
    sweep("tests.sweep")(sweeping)

    with pytest.raises(AssertionError, match="two sweeps"):
        sweep("tests.sweep")(sweeping)
