"""Asking the real schema, on a real database, as anybody."""

import inspect
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from graphql.execution.executor import CollectedErrors
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult

from app.actor import ANONYMOUS, Actor, Role
from app.runtime import Runtime
from schema import ids
from schema.context import Context
from schema.engine import Engine, EngineExecutor
from schema.loaders import Loaders
from schema.transport.schema import Schema

# How many answers of the engine were held against graphql-core's.
compared: Counter[str] = Counter()


class Face:
    """The schema over one runtime.

    With a `reference`, the same schema without the engine, each query is put to both, and their
    answers have to be the same: whatever a test asks tests the engine too. What has no errors has
    to be answered by its plan.
    """

    def __init__(self, schema: Schema, runtime: Runtime, reference: Schema | None = None) -> None:
        self.schema = schema
        self.reference = reference
        self.runtime = runtime
        self.db = runtime.db

    async def run(self, query: str, actor: Actor = ANONYMOUS, **variables: Any) -> ExecutionResult:
        """The whole result of a query or mutation."""
        context = Context(self.runtime, actor, takes_json=True)
        now = context.now
        engine = self.schema.engine
        before = _learned(engine)
        result = await self.schema.execute(query, variable_values=variables, context_value=context)
        assert isinstance(result, ExecutionResult)
        failed, learned = (now - then for now, then in zip(_learned(engine), before, strict=True))
        # Such an answer is right, but graphql-core's, at more than the work that was to be spared.
        assert result.errors or learned or not failed, f"its plan failed: {query}"
        if result.data is not None:
            # As a client has it: what PostgreSQL wrote is only JSON until then.
            result.data = msgspec.json.decode(msgspec.json.encode(result.data))
        if self.reference is not None and only_reads(query):
            context = Context(self.runtime, actor)
            context.now = now
            context.loaders = Loaders(self.db, actor, now)
            expected = await self.reference.execute(
                query, variable_values=variables, context_value=context
            )
            assert _encoded(result) == _encoded(expected), query
            compared["queries"] += 1
        return result

    async def ask(self, query: str, actor: Actor = ANONYMOUS, **variables: Any) -> dict[str, Any]:
        """The data; AssertionError when there are errors."""
        result = await self.run(query, actor, **variables)
        assert not result.errors, result.errors
        assert result.data is not None
        return result.data

    async def codes(self, query: str, actor: Actor = ANONYMOUS, **variables: Any) -> list[Any]:
        """The codes of the errors; AssertionError when there are none."""
        result = await self.run(query, actor, **variables)
        assert result.errors
        return [(error.extensions or {}).get("code") for error in result.errors]

    async def watch(
        self, query: str, actor: Actor = ANONYMOUS, **variables: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """What a subscription sends; AssertionError when it sends an error."""
        source: Any = await self.schema.subscribe(
            query, variable_values=variables, context_value=Context(self.runtime, actor)
        )
        assert not isinstance(source, ExecutionResult), source
        async with aclosing(source):
            async for result in source:
                assert not result.errors, result.errors
                yield result.data


def _learned(engine: Engine | None) -> tuple[int, int]:
    """How many plans have failed, and how often that was how a resolver was found out about."""
    return (
        (engine.counts["abandoned"], len(engine.slow_resolvers)) if engine is not None else (0, 0)
    )


def compare_completions(schema: Schema) -> Schema:
    """Let graphql-core, too, complete what a mutation returned after a plan has.

    AssertionError, as a fault of the mutation, when it makes something else of it.
    """
    executor: Any = schema._executor

    async def both(self: Any, engine: Any, *value: Any) -> Any:
        before = len(self.collected_errors.errors)
        found = EngineExecutor._complete_by(self, engine, *value)
        if inspect.isawaitable(found):
            found = await found
        ours, self.collected_errors = self.collected_errors, CollectedErrors()
        expected = StrawberryGraphQLCoreExecutionContext.complete_value(self, *value)
        if inspect.isawaitable(expected):
            expected = await expected
        theirs, self.collected_errors = self.collected_errors, ours
        assert msgspec.json.encode(found) == msgspec.json.encode(expected), (found, expected)
        assert [error.formatted for error in ours.errors[before:]] == [
            error.formatted for error in theirs.errors
        ]
        compared["completions"] += 1
        return found

    executor._complete_by = both
    return schema


def only_reads(text: str) -> bool:
    """Whether it is all queries, which may be asked twice."""
    try:
        definitions = parse(text).definitions
    except GraphQLError:
        return False
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return all(each.operation is OperationType.QUERY for each in operations)


def _encoded(result: ExecutionResult) -> tuple[bytes, list[Any]]:
    """An answer to compare: the order of keys matters, the id in the log does not."""
    errors: list[Any] = [error.formatted for error in result.errors or ()]
    for error in errors:
        error.get("extensions", {}).pop("errorId", None)
    return msgspec.json.encode(result.data), errors


def person(user_id: UUID, role: Role = Role.USER, **more: Any) -> Actor:
    return Actor(user_id=user_id, role=role, **more)


def gid(kind: str, key: UUID) -> str:
    return ids.encode(kind, key)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
