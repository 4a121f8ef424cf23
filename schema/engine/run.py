"""One execution of a plan: what is to be called next, and what is waited for."""

import asyncio
from asyncio import Future
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from schema.engine.abandon import Abandoned, is_awaitable

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import FieldNode
    from graphql.execution import Executor

    from schema.engine.ahead import Selection
    from schema.engine.fields import Field
    from schema.engine.plans import Engine, Plan


class RawInfo:
    """graphql-core's info, one for all parents of a level: only the path is not known.

    Asking for the path abandons the attempt, whatever the resolver makes of the exception.
    """

    __slots__ = ("_field", "_run", "context")

    def __init__(self, run: "Run", field: "Field") -> None:
        self.context = run.executor.context_value
        self._field = field
        self._run = run

    @property
    def selection(self) -> "Selection | None":
        """What is asked of the objects that the field returns: see `schema.engine.ahead`."""
        return self._field.selection

    @property
    def field_name(self) -> str:
        return self._field.node.name.value

    @property
    def parent_type(self) -> Any:
        return self._field.parent_type

    @property
    def return_type(self) -> Any:
        return self._field.definition.type

    @property
    def field_nodes(self) -> "list[FieldNode]":
        return [details.node for details in self._field.details]

    @property
    def path(self) -> Any:
        self._run.abandoned = True
        raise Abandoned("path")

    @property
    def schema(self) -> Any:
        return self._run.executor.schema

    @property
    def fragments(self) -> Any:
        return self._run.executor.fragment_definitions

    @property
    def root_value(self) -> Any:
        return self._run.executor.root_value

    @property
    def operation(self) -> Any:
        return self._run.executor.operation

    @property
    def variable_values(self) -> Any:
        return self._run.executor.variable_values.coerced

    @property
    def is_awaitable(self) -> Any:
        return self._run.executor.is_awaitable

    @property
    def abort_signal(self) -> Any:
        return self._run.executor.abort_signal

    @property
    def async_helpers(self) -> Any:
        return self._run.executor.async_helpers

    @property
    def operation_extensions(self) -> Any:
        return getattr(self._run.executor, "operation_extensions", None)


class Waiting:
    """A step whose resolvers have been called: `values` holds what they returned."""

    __slots__ = ("awaited", "step", "targets", "values")

    def __init__(
        self, step: "Field", values: list[Any], targets: list[dict[str, Any]], awaited: list[int]
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


def _as_many(values: list[Any], targets: list[dict[str, Any]]) -> list[Any]:
    """The values of a batch. Raises Abandoned unless there is one for each parent."""
    if len(values) != len(targets):
        raise Abandoned("a batch of the wrong length")
    return values


class Run:
    """One request's. Nothing in it outlives the request, and the plan is only read."""

    __slots__ = ("_infos", "_raw_infos", "_steps", "abandoned", "engine", "executor", "waiting")

    def __init__(self, engine: "Engine", executor: "Executor[Any]") -> None:
        self.engine = engine
        self.executor = executor
        self.abandoned = False
        self.waiting: list[Waiting] = []
        self._steps: dict[Field, tuple[list[Any], list[dict[str, Any]]]] = {}
        self._infos: dict[Field, Any] = {}
        self._raw_infos: dict[Field, RawInfo] = {}

    # What compiled plans call.

    def step(self, field: "Field") -> "tuple[Callable[[Any], None], Callable[[Any], None]]":
        """Two functions that take a parent of `field`, and the dict that its value goes to."""
        lists = self._steps.get(field)
        if lists is None:
            lists = self._steps[field] = [], []
        return lists[0].append, lists[1].append

    def raw_info(self, field: "Field") -> RawInfo:
        info = self._raw_infos.get(field)
        if info is None:
            info = self._raw_infos[field] = RawInfo(self, field)
        return info

    def info(self, field: "Field") -> Any:
        """Strawberry's info."""
        info = self._infos.get(field)
        if info is None:
            info = self.engine.info_class(_raw_info=self.raw_info(field), _field=field.direct)
            self._infos[field] = info
        return info

    # What executes them.

    def begin(self, plan: "Plan", value: Any) -> dict[str, Any]:
        """Do all that needs no waiting. The dict gets the result as `plan.key` in the end.

        When `waiting` is not empty, `finish` has to be awaited. Raises what resolvers raise, and
        Abandoned; nothing of what was begun is then left.
        """
        target: dict[str, Any] = {}
        try:
            plan.complete([value], [target], self)
            self._sweep()
        except BaseException:
            self._drop()
            raise
        self._check()
        return target

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
                if not parents:
                    continue
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
        # One coroutine needs no task of its own, it runs in this one.
        own: list[tuple[list[Any], int]] = []
        others: list[tuple[list[Any], int]] = []
        for level in waiting:
            values = level.values
            for index in level.awaited:
                if isinstance(values[index], Future):
                    others.append((values, index))
                elif own:
                    values[index] = asyncio.ensure_future(values[index])
                    others.append((values, index))
                else:
                    own.append((values, index))
        failure: Exception | None = None
        for values, index in own + others:
            try:
                values[index] = await values[index]
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _drop(self) -> "list[asyncio.Task[Any]]":
        """Leave nothing running that only this attempt waited for; the tasks that now end."""
        tasks = []
        for level in self.waiting:
            for index in level.awaited:
                value = level.values[index]
                if isinstance(value, asyncio.Task):
                    value.cancel()
                    tasks.append(value)
                elif isinstance(value, CoroutineType):
                    value.close()
        self.waiting = []
        return tasks
