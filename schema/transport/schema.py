"""The Strawberry schema that the transport serves: its documents, deadline and errors."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, ClassVar, cast

import graphql
import strawberry
from graphql import ExecutionResult, GraphQLError
from graphql.execution import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext
from strawberry.types import ExecutionResult as Result
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from schema.engine import Engine, EngineExecutor, as_plain
from schema.transport.documents import Document, Documents, Operation
from schema.transport.errors import DEADLINE_EXCEEDED, Refused, log, present, refusal
from schema.transport.limits import Limits


class Schema(strawberry.Schema):
    """A Strawberry schema with bounded, cached documents, a deadline and masked errors.

    Takes what `strawberry.Schema` takes, and `limits` and `introspection`: without the latter
    `__schema` and `__type` are refused, and no error says "Did you mean". `engine` answers what it
    can by compiled plans (see schema.engine); without, graphql-core answers everything.
    """

    documents: Documents
    engine: Engine | None

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        limits: Limits | None = None,
        introspection: bool = False,
        engine: bool = True,
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
        **options: Any,
    ) -> None:
        self.limits = limits or Limits()
        self.introspection = introspection
        self._executor = executor = _executor_with(self.limits.deadline_seconds)
        super().__init__(
            query,
            mutation,
            subscription,
            extensions=[lambda: _PreparedDocument(self.documents), *extensions],
            execution_context_class=executor,
            **options,
        )
        self.documents = Documents(self._schema, self.limits, introspection=introspection)
        self.engine = executor.engine = Engine(self._schema) if engine else None

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Result:
        """Run a query or a mutation, as Strawberry would."""
        if allowed_operation_types is None and self.runs_directly:
            try:
                operation = self.documents.prepare(query or "").operation(operation_name)
                variables = self.documents.check(operation, variable_values)
            except Refused as refused:
                errors = list[GraphQLError](refused.errors)
                self._present(errors, operation_name)
                return PreExecutionError(data=None, errors=errors)
            if operation.type is not graphql.OperationType.SUBSCRIPTION:
                result = await self.run(
                    operation, variables, context_value, root_value, operation_extensions
                )
                result.data = as_plain(result.data)
                return result
        return await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )

    @property
    def runs_directly(self) -> bool:
        """Whether no extension but our own takes part, and `run` does all there is to do."""
        return len(self.extensions) == 1

    async def run(
        self,
        operation: Operation,
        variables: VariableValues,
        context_value: Any,
        root_value: Any = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Result:
        """Run a query or a mutation that `documents` has prepared and checked.

        The data is what msgspec encodes as the response; `as_plain` makes dicts of it. Leaves
        out what Strawberry does around every operation for extensions that are not there.
        """

        def executor() -> _DeadlineExecutor:
            return self._executor(
                self._schema,
                operation.fragments,
                operation.fragment_details,
                root_value,
                context_value,
                operation.node,
                variables,
                default_field_resolver,
                default_type_resolver,
                default_field_resolver,
                is_awaitable=optimized_is_awaitable,
                operation_extensions=operation_extensions,
            )

        try:
            if self.engine is None or operation.type is not graphql.OperationType.QUERY:
                result = executor().execute_operation()
            else:
                result = self._query(
                    self.engine, operation, variables, context_value, root_value, executor
                )
            if optimized_is_awaitable(result):
                result = await result
        except Exception as error:
            errors: list[GraphQLError] = [GraphQLError(str(error), original_error=error)]
            self._present(errors, operation.name)
            return PreExecutionError(data=None, errors=errors)
        if result.errors:
            self._present(result.errors, operation.name)
        return Result(data=result.data, errors=result.errors)

    def _query(
        self,
        engine: Engine,
        operation: Operation,
        variables: VariableValues,
        context_value: Any,
        root_value: Any,
        executor: Callable[[], "_DeadlineExecutor"],
    ) -> Any:
        """By a plan, or else by graphql-core."""
        run = engine.begin(operation.node, variables, context_value, root_value, executor)
        if run is not None and not run.waiting:
            return ExecutionResult(run.answer, None)

        async def finished() -> ExecutionResult:
            if run is not None and await engine.finish(run):
                return ExecutionResult(run.answer, None)
            result = executor().execute_without_plan()
            return cast(
                "ExecutionResult", await result if optimized_is_awaitable(result) else result
            )

        return within(self.limits.deadline_seconds, finished())

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Replace `errors` by what the client may see.

        Strawberry calls this once with every list of errors that leaves by any transport,
        before it is formatted; its own version only logs them, and logs client errors as errors.
        """
        self._present(errors, execution_context.operation_name if execution_context else None)

    def _present(self, errors: list[GraphQLError], operation: str | None) -> None:
        errors[:] = [present(error, operation) for error in errors]
        codes = sorted({str((error.extensions or {}).get("code")) for error in errors})
        log.info("graphql.errors", codes=codes, operation=operation and operation[:100])


class _PreparedDocument(SchemaExtension):
    """Takes the parsed and validated document from the schema's `Documents`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._document: Document | Refused

    def on_parse(self) -> Iterator[None]:
        try:
            self._document = self._documents.prepare(self.execution_context.query or "")
            self.execution_context.graphql_document = self._document.ast
        except Refused as refused:
            # Without a document Strawberry parses the text itself. The transport never comes
            # here: it asks `Documents` first and refuses such a text before.
            self._document = refused
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        context.pre_execution_errors = []
        try:
            if isinstance(self._document, Refused):
                raise self._document
            # Strawberry would run the first of several operations; the client has to name one.
            operation = self._document.operation(context._provided_operation_name)
            self._documents.check(operation, context.variables)
        except Refused as refused:
            context.pre_execution_errors = list[GraphQLError](refused.errors)
        yield


async def within(seconds: float, result: Awaitable[ExecutionResult]) -> ExecutionResult:
    """The result, or an error when that takes too long."""
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await result
    except TimeoutError:
        if not deadline.expired():
            raise
        message = f"The operation took longer than {seconds:g} s and was stopped."
        return ExecutionResult(None, [refusal(DEADLINE_EXCEEDED, message)])


class _DeadlineExecutor(EngineExecutor):
    """Executes a query, a mutation or one event of a subscription, for a limited time."""

    seconds: ClassVar[float]

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        if not self.is_awaitable(result):
            return result
        return within(self.seconds, cast("Awaitable[ExecutionResult]", result))


def _executor_with(seconds: float) -> type[_DeadlineExecutor]:
    return type("DeadlineExecutor", (_DeadlineExecutor,), {"seconds": seconds})
