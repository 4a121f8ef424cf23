"""One execution of a plan: what is to be called next, and what is waited for."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeAlias

from schema.engine.abandon import Abandoned, is_awaitable
from schema.engine.infos import RawInfo
from schema.engine.loader import Batch, Loading
from schema.engine.objects import TOP, Top

if TYPE_CHECKING:
    from graphql.execution import Executor
    from graphql.execution.values import VariableValues

    from schema.engine.fields import Field
    from schema.engine.plans import Engine, Plan

MakeExecutor: TypeAlias = "Callable[[], Executor[Any]]"


class Waiting:
    """A step whose resolvers have been called: `values` holds what they returned."""

    __slots__ = ("awaited", "step", "targets", "values")

    def __init__(
        self, step: "Field", values: list[Any], targets: list[Any], awaited: list[int]
    ) -> None:
        self.step = step
        self.values = values
        self.targets = targets
        self.awaited = awaited

    def results(self) -> list[Any]:
        """A value for each parent, when all is settled."""
        if self.step.batch is None:
            return self.values
        return _as_many(list(self.values[0]), self.targets)


def _as_many(values: list[Any], targets: list[Any]) -> list[Any]:
    """The values of a batch. Raises Abandoned unless there is one for each parent."""
    if len(values) != len(targets):
        raise Abandoned("a batch of the wrong length")
    return values


class Run:
    """One request's. Nothing in it outlives the request, and the plan is only read."""

    __slots__ = (
        "_executor",
        "_infos",
        "_loads",
        "_make_executor",
        "_raw_infos",
        "_steps",
        "_top",
        "abandoned",
        "context",
        "engine",
        "plan",
        "variables",
        "waiting",
    )

    def __init__(
        self,
        engine: "Engine",
        plan: "Plan",
        variables: "VariableValues",
        context: Any,
        executor: MakeExecutor,
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.variables = variables
        self.context = context
        self.abandoned = False
        self.waiting: list[Waiting] = []
        self._top = Top(None)
        self._make_executor = executor
        self._executor: Executor[Any] | None = None
        self._loads: list[asyncio.Task[None]] = []
        self._steps: dict[Field, tuple[list[Any], list[Any]]] = {}
        self._infos: dict[Field, Any] = {}
        self._raw_infos: dict[Field, RawInfo] = {}

    @property
    def answer(self) -> Any:
        """What msgspec encodes as the response: see `schema.engine.objects`."""
        return getattr(self._top, TOP)

    @property
    def executor(self) -> "Executor[Any]":
        """graphql-core's, of the same request."""
        if self._executor is None:
            self._executor = self._make_executor()
        return self._executor

    # What compiled plans call.

    def later(self, field: "Field", parents: list[Any], targets: list[Any]) -> None:
        """Resolve `field` of these parents on the next level, for the structs beside them."""
        others = self._steps.get(field)
        if others is None:
            self._steps[field] = parents, targets
        else:
            others[0].extend(parents)
            others[1].extend(targets)

    def raw_info(self, field: "Field") -> RawInfo:
        info = self._raw_infos.get(field)
        if info is None:
            info = self._raw_infos[field] = RawInfo(self, field)
        return info

    def info(self, field: "Field") -> Any:
        """Strawberry's info."""
        info = self._infos.get(field)
        if info is None:
            info = self._infos[field] = self.engine.make_info(self, field)
        return info

    # What executes them.

    def begin(self, value: Any) -> None:
        """Do all that needs no waiting.

        When `waiting` is not empty, `finish` has to be awaited; then the `answer` is whole.
        Raises what resolvers raise, and Abandoned; nothing of what was begun is then left.
        """
        try:
            self.plan.complete([value], [self._top], self)
            self._sweep()
        except BaseException:
            self._drop()
            raise
        self._check()
        if not self.waiting:
            self._end()

    async def finish(self) -> None:
        """Wait, level by level, for what resolvers have promised. Raises as `begin` does."""
        try:
            while self.waiting:
                waiting = self.waiting
                await self._settle(waiting)
                self.waiting = []
                for level in waiting:
                    level.step.complete(level.results(), level.targets, self)
                self._sweep()
        except Exception:
            await asyncio.gather(*self._drop(), return_exceptions=True)
            raise
        except BaseException:
            # Cancelled: nobody wants the loads either.
            for level in self.waiting:
                for index in level.awaited:
                    if isinstance(level.values[index], Future):
                        level.values[index].cancel()
            await asyncio.gather(*self._drop(), return_exceptions=True)
            raise
        self._check()
        self._end()

    def _check(self) -> None:
        if self.abandoned:
            self._drop()
            raise Abandoned

    def _sweep(self) -> None:
        """Call the resolvers of every step that has parents, until all that is left is awaited."""
        plain = self.engine.plain.classes
        while self._steps:
            steps, self._steps = self._steps, {}
            for step, (parents, targets) in steps.items():
                values = step.call(parents, self)
                if step.batch is not None and values.__class__ is list:
                    step.complete(_as_many(values, targets), targets, self)
                    continue
                if step.batch is not None:
                    self.waiting.append(Waiting(step, [values], targets, [0]))
                    continue
                awaited = [
                    index
                    for index, value in enumerate(values)
                    if value.__class__ not in plain and is_awaitable(value)
                ]
                if awaited:
                    self.waiting.append(Waiting(step, values, targets, awaited))
                else:
                    step.complete(values, targets, self)

    async def _settle(self, waiting: list[Waiting]) -> None:
        """Wait for everything, also after a failure: nothing may go on behind graphql-core."""
        failure: Exception | None = None
        for values, index in self._started(waiting):
            try:
                values[index] = await values[index]
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _started(self, waiting: list[Waiting]) -> list[tuple[list[Any], int]]:
        """Where to wait, in order: one thing runs in this task, all others in tasks of theirs."""
        own: list[tuple[list[Any], int]] = []
        others: list[tuple[list[Any], int]] = []
        batches: set[Batch[Any, Any]] = set()
        for level in waiting:
            values = level.values
            for index in level.awaited:
                value = values[index]
                if value.__class__ is Loading:
                    goes_on = value.batch.done or value.batch in batches
                    batches.add(value.batch)
                else:
                    goes_on = isinstance(value, Future)
                if not (goes_on or own):
                    own.append((values, index))
                    continue
                others.append((values, index))
                if value.__class__ is Loading and not goes_on:
                    self._loads.append(asyncio.ensure_future(value.batch.load()))
                elif not goes_on:
                    values[index] = asyncio.ensure_future(value)
        return own + others

    def _end(self) -> None:
        """Let go of what refers to the run, so that all of it is freed at once.

        Else it stays, answer and rows included, until the garbage collector comes by; memory that
        was just used is the fastest for the next request.
        """
        self._infos = {}
        self._raw_infos = {}
        self._steps = {}

    def _drop(self) -> "list[asyncio.Task[Any]]":
        """Leave nothing running that only this attempt waited for; the tasks that now end."""
        tasks, self._loads = self._loads, []
        for task in tasks:
            task.cancel()
        for level in self.waiting:
            for index in level.awaited:
                value = level.values[index]
                if isinstance(value, asyncio.Task):
                    value.cancel()
                    tasks.append(value)
                elif isinstance(value, CoroutineType):
                    value.close()
        self.waiting = []
        self._end()
        return tasks
