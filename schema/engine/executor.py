"""graphql-core's executor with the engine before it."""

from typing import Any, ClassVar, cast

from graphql import ExecutionResult, OperationType, get_named_type, is_leaf_type
from graphql.execution import default_type_resolver
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.engine.objects import as_plain
from schema.engine.plans import Engine
from schema.engine.run import Run


class EngineExecutor(StrawberryGraphQLCoreExecutionContext):
    """Answers by a plan where it can, and as graphql-core everywhere else.

    Queries and events of subscriptions are tried as a whole; when the attempt is abandoned,
    graphql-core executes them from the start. A mutation's fields are resolved by graphql-core,
    once each and one after the other; a plan completes what they return.
    """

    engine: ClassVar[Engine | None] = None

    def execute_operation(self, serially: bool | None = None) -> Any:
        engine = self.engine
        if engine is None or self._is_mutation() or not self._may_be_planned():
            return super().execute_operation(serially)
        run = engine.begin(
            self.operation,
            self.variable_values,
            self.context_value,
            self.root_value,
            lambda: self,
        )
        if run is None:
            return super().execute_operation(serially)
        if run.waiting:
            return self._finish(engine, run, serially)
        return self.build_response(as_plain(run.answer))

    def execute_without_plan(self) -> Any:
        """As graphql-core, whatever the operation."""
        return super().execute_operation()

    async def _finish(self, engine: Engine, run: Run, serially: bool | None) -> ExecutionResult:
        if await engine.finish(run):
            return cast("ExecutionResult", self.build_response(as_plain(run.answer)))
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            result = await result
        return cast("ExecutionResult", result)

    def complete_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a value; what a mutation's field returned by a plan, if there is one."""
        engine = self.engine
        if (
            engine is not None
            and path.prev is None
            # Within a type that may not be null this is called again for what is in it.
            and return_type is info.return_type
            and self._is_mutation()
            and result is not None
            and not isinstance(result, Exception)
            and not is_leaf_type(get_named_type(return_type))
            and self._may_be_planned()
        ):
            return self._complete_by(
                engine, return_type, field_details_list, info, path, result, position_context
            )
        return super().complete_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def _complete_by(self, engine: Engine, *value: Any) -> Any:
        _, details, info, _, result, _ = value
        run = engine.begin_field(self, info.parent_type, details, result)
        if run is None:
            return super().complete_value(*value)
        if run.waiting:
            return self._finish_value(engine, run, value)
        return as_plain(run.answer)

    async def _finish_value(self, engine: Engine, run: Run, value: tuple[Any, ...]) -> Any:
        if await engine.finish(run):
            return as_plain(run.answer)
        completed = super().complete_value(*value)
        if self.is_awaitable(completed):
            completed = await completed
        return completed

    def _is_mutation(self) -> bool:
        """Whether it may not be run twice."""
        return self.operation.operation is OperationType.MUTATION

    def _may_be_planned(self) -> bool:
        """Whether nothing takes part in the execution that plans do not know."""
        middleware = self.middleware_manager
        return (
            self.abort_signal is None
            and self.type_resolver is default_type_resolver
            and (middleware is None or not middleware.middlewares)
        )
