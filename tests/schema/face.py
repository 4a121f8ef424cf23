"""Asking the real schema, on a real database, as anybody."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

from strawberry.types import ExecutionResult

from app.actor import ANONYMOUS, Actor, Role
from app.runtime import Runtime
from schema import ids
from schema.context import Context
from schema.transport.schema import Schema


class Face:
    """The schema over one runtime."""

    def __init__(self, schema: Schema, runtime: Runtime) -> None:
        self.schema = schema
        self.runtime = runtime
        self.db = runtime.db

    async def run(self, query: str, actor: Actor = ANONYMOUS, **variables: Any) -> ExecutionResult:
        """The whole result of a query or mutation."""
        result = await self.schema.execute(
            query, variable_values=variables, context_value=Context(self.runtime, actor)
        )
        assert isinstance(result, ExecutionResult)
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


def person(user_id: UUID, role: Role = Role.USER, **more: Any) -> Actor:
    return Actor(user_id=user_id, role=role, **more)


def gid(kind: str, key: UUID) -> str:
    return ids.encode(kind, key)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
