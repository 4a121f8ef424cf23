"""What HTTP and websockets share: one schema, and everything that its operations need."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

from graphql import OperationType
from graphql.execution.values import VariableValues
from litestar import Request, WebSocket
from strawberry.types.execution import ExecutionResult, PreExecutionError

from schema.transport.documents import Operation
from schema.transport.errors import UNAUTHENTICATED, refusal
from schema.transport.lifetime import Draining, End, WatchSession, first, session_end
from schema.transport.persisted import PersistedQueries, find_text, requested_hash
from schema.transport.requests import GraphQLRequest
from schema.transport.schema import Schema

Connection = Request[Any, Any, Any] | WebSocket[Any, Any, Any]
ContextFactory = Callable[[Connection, Mapping[str, Any] | None], Awaitable[Any]]
"""Makes the context of one operation from its connection and, on a websocket, the payload of
`connection_init`. Raises ConnectionRejected, or any public error, to refuse it."""


class Ready(NamedTuple):
    """A request that may be run: its text, the operation of it, and the variables' values."""

    request: GraphQLRequest
    text: str
    operation: Operation
    variables: VariableValues


class Service(NamedTuple):
    """A schema and how it is served."""

    schema: Schema
    context_factory: ContextFactory
    allowed_origins: frozenset[str]
    graphiql: bool
    persisted_queries: PersistedQueries | None
    trusted_documents: Mapping[str, str] | None
    watch_session: WatchSession | None
    draining: Draining

    async def resolve(self, request: GraphQLRequest) -> Ready:
        """What `request` asks for, checked with its variables.

        Raises Refused or RequestError, before anything is spent on a context.
        """
        sha256 = requested_hash(request.extensions)
        text = await find_text(
            request.query, sha256, self.persisted_queries, self.trusted_documents
        )
        documents = self.schema.documents
        operation = documents.prepare(text).operation(request.operation_name or None)
        variables = documents.check(operation, request.variables)
        if sha256 and request.query and self.persisted_queries and not self.trusted_documents:
            await self.persisted_queries.put(sha256, text)
        return Ready(request, text, operation, variables)

    async def execute(self, ready: Ready, context: Any) -> ExecutionResult:
        """Run a query or a mutation."""
        request, text, operation, variables = ready
        if self.schema.runs_directly:
            return await self.schema.run(
                operation, variables, context, operation_extensions=request.extensions
            )
        return await self.schema.execute(
            text,
            variable_values=request.variables,
            context_value=context,
            operation_name=operation.name,
            operation_extensions=request.extensions,
        )

    async def stream(self, ready: Ready, context: Any) -> AsyncGenerator[ExecutionResult, None]:
        """Run any operation; a query or a mutation gives one result."""
        request, text, operation, _ = ready
        if operation.type is not OperationType.SUBSCRIPTION:
            yield await self.execute(ready, context)
            return
        source = await self.schema.stream(
            text,
            variable_values=request.variables,
            context_value=context,
            operation_name=operation.name,
            operation_extensions=request.extensions,
        )
        async with aclosing(source):
            async for result in source:
                assert isinstance(result, ExecutionResult), "@defer is off"
                yield result

    async def end_of(self, context: Any) -> End:
        """Wait until the session of `context` ends or the server stops."""
        return await first([session_end(context, self.watch_session), self.draining.wait()])


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: the response then has no `data`."""
    return isinstance(result, PreExecutionError)


SESSION_OVER = {"errors": [refusal(UNAUTHENTICATED, "The session has ended.").formatted]}
