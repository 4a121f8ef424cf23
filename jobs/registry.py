"""What a worker can do: tasks that follow from events, and sweeps that run from time to time.

A task is at-least-once: its process may die after the effect and before the note of it, so it
finds out what is already done before doing it. A sweep may run in several workers at once.
"""

import inspect
import typing
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from app.outbox import Event
from app.runtime import Runtime

E = TypeVar("E", bound=Event)

# A task whose process was killed runs again when its lease is over, and a lease is its time-out
# and a little more: this bound is how every effect comes within 60 s after a fault has healed.
LONGEST_SECONDS = 45.0
# How often a task is tried, by default: more than an hour at short intervals, then for most of a
# day at growing ones. See jobs.messages.delay.
MAX_ATTEMPTS = 120


class Lane(StrEnum):
    """Tasks in different lanes do not wait for each other: a hung mail server delays no payment."""

    MAIN = "main"
    MAIL = "mail"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to run because of an event."""

    name: str
    run: Callable[[Runtime, Any], Awaitable[None]]
    # The struct that the outbox row's payload is converted to.
    event: type[Event]
    timeout_seconds: float
    max_attempts: int
    lane: Lane


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What to run from time to time. `every_seconds` None means `Settings.sweep_seconds`."""

    name: str
    run: Callable[[Runtime], Awaitable[None]]
    every_seconds: float | None
    timeout_seconds: float


TASKS: dict[str, Task] = {}
SWEEPS: dict[str, Sweep] = {}


def task(
    name: str,
    *,
    timeout_seconds: float = 30,
    max_attempts: int = MAX_ATTEMPTS,
    lane: Lane = Lane.MAIN,
) -> Callable[[Callable[[Runtime, E], Awaitable[None]]], Callable[[Runtime, E], Awaitable[None]]]:
    """Register `async def verb(runtime: Runtime, event: SomeEvent)` as the task `name`.

    The event's class is read from the annotation. A task that raises or takes longer than
    `timeout_seconds` (at most LONGEST_SECONDS) is tried again later, `max_attempts` times in all.
    """
    assert 0 < timeout_seconds <= LONGEST_SECONDS, f"{name}: {timeout_seconds} s"

    def register(
        function: Callable[[Runtime, E], Awaitable[None]],
    ) -> Callable[[Runtime, E], Awaitable[None]]:
        assert name not in TASKS, f"two tasks are called {name}"
        TASKS[name] = Task(
            name=name,
            run=function,
            event=_event_of(function),
            timeout_seconds=timeout_seconds,
            max_attempts=max_attempts,
            lane=lane,
        )
        return function

    return register


def sweep(
    name: str, *, every_seconds: float | None = None, timeout_seconds: float = 60
) -> Callable[[Callable[[Runtime], Awaitable[None]]], Callable[[Runtime], Awaitable[None]]]:
    """Register `async def verb(runtime: Runtime)` to run every so many seconds.

    None means `Settings.sweep_seconds`. It has to be safe when several workers run it at once.
    """

    def register(
        function: Callable[[Runtime], Awaitable[None]],
    ) -> Callable[[Runtime], Awaitable[None]]:
        assert name not in SWEEPS, f"two sweeps are called {name}"
        SWEEPS[name] = Sweep(
            name=name,
            run=function,
            every_seconds=every_seconds,
            timeout_seconds=timeout_seconds,
        )
        return function

    return register


def _event_of(function: Callable[..., Any]) -> type[Event]:
    """The class that the task's second parameter is annotated with."""
    parameter = list(inspect.signature(function).parameters)[1]
    kind = typing.get_type_hints(function)[parameter]
    assert isinstance(kind, type), f"{function}: annotate {parameter} with one Event class"
    assert issubclass(kind, Event), f"{function}: {kind} is not an Event"
    return kind
