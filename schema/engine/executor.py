"""graphql-core's executor with the engine before it."""

from typing import Any, ClassVar, cast

from graphql import ExecutionResult, get_named_type, is_leaf_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.engine.plans import Engine, Plan, is_query
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
        if engine is None or not is_query(self) or not self._may_be_planned():
            return super().execute_operation(serially)
        plan = engine.plan(self)
        if plan is None:
            engine.counts["unsupported"] += 1
            return super().execute_operation(serially)
        run = Run(engine, self)
        try:
            target = run.begin(plan, self.root_value)
        except Exception:
            engine.abandon(plan, run)
            return super().execute_operation(serially)
        if run.waiting:
            return self._finish(engine, plan, run, target, serially)
        engine.counts["fast"] += 1
        return self.build_response(target["data"])

    async def _finish(
        self,
        engine: Engine,
        plan: Plan,
        run: Run,
        target: dict[str, Any],
        serially: bool | None,
    ) -> ExecutionResult:
        try:
            await run.finish()
        except Exception:
            engine.abandon(plan, run)
            result = super().execute_operation(serially)
            if self.is_awaitable(result):
                result = await result
            return cast("ExecutionResult", result)
        engine.counts["fast"] += 1
        return cast("ExecutionResult", self.build_response(target["data"]))

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
        if path.prev is None and not is_query(self):
            plan = self._plan_for_result(return_type, field_details_list, info, result)
            if plan is not None:
                return self._complete_by(
                    plan, return_type, field_details_list, info, path, result, position_context
                )
        return super().complete_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def _plan_for_result(
        self, return_type: Any, details: Any, info: Any, result: Any
    ) -> Plan | None:
        engine = self.engine
        if (
            engine is None
            # Within a type that may not be null this is called again for what is in it.
            or return_type is not info.return_type
            or result is None
            or isinstance(result, Exception)
            or is_leaf_type(get_named_type(return_type))
            or not self._may_be_planned()
        ):
            return None
        plan = engine.plan_field(self, info.parent_type, details)
        if plan is None:
            engine.counts["unsupported"] += 1
        return plan

    def _complete_by(self, plan: Plan, *value: Any) -> Any:
        engine = cast("Engine", self.engine)
        result = value[4]
        run = Run(engine, self)
        try:
            target = run.begin(plan, result)
        except Exception:
            engine.abandon(plan, run)
            return super().complete_value(*value)
        if run.waiting:
            return self._finish_value(engine, run, target, plan, value)
        engine.counts["fast"] += 1
        return target[plan.key]

    async def _finish_value(
        self, engine: Engine, run: Run, target: dict[str, Any], plan: Plan, value: tuple[Any, ...]
    ) -> Any:
        try:
            await run.finish()
        except Exception:
            engine.abandon(plan, run)
            completed = super().complete_value(*value)
            if self.is_awaitable(completed):
                completed = await completed
            return completed
        engine.counts["fast"] += 1
        return target[plan.key]

    def _may_be_planned(self) -> bool:
        """Whether nothing takes part in the execution that plans do not know."""
        middleware = self.middleware_manager
        return self.abort_signal is None and (middleware is None or not middleware.middlewares)
