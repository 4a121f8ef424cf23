"""What graphql-core would have answered: each query of a journey is put to it, too."""

import asyncio
import json
from collections import Counter
from functools import cache
from typing import Any

import httpx2
import msgspec

from app import clock
from app.config import Settings
from app.identity import tokens
from app.runtime import Runtime
from schema.build import build_schema
from schema.context import Context
from schema.transport.schema import Schema
from schema.transport.streaming import formatted
from tests.schema.face import only_reads
from tests.support.client import Client

# Of the thousand that ask the same at once, so many are looked at.
MOST_PER_OPERATION = 20
SECONDS = 20.0


@cache
def core_schema() -> Schema:
    return build_schema(engine=False)


class Reference:
    """The schema without the engine, on the journey's own database, in the test's process."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self.schema = core_schema()
        self.keys = tokens.load_keys(settings)
        self.runtime = runtime
        self.compared: Counter[str] = Counter()

    def wants(self, query: str) -> bool:
        """Whether an answer to it is still to be compared."""
        return self.compared[query] < MOST_PER_OPERATION and only_reads(query)

    async def answer(self, authorization: str | None, query: str, variables: Any) -> bytes:
        """The body of the response."""
        actor = tokens.authenticate(authorization, self.keys, clock.now())
        result = await self.schema.execute(
            query, variable_values=variables, context_value=Context(self.runtime, actor)
        )
        return msgspec.json.encode(formatted(result))


def _read(raw: bytes) -> Any:
    """What an answer says, in its order; PostgreSQL's own JSON has blanks where ours has none."""
    return json.loads(raw, object_pairs_hook=list)


class ComparedClient(Client):
    """A client that believes no answer that graphql-core does not give as well."""

    def __init__(self, url: str, reference: Reference) -> None:
        super().__init__(url)
        self._reference = reference

    async def send(self, query: str, **variables: Any) -> httpx2.Response:
        """One operation, as it is answered. AssertionError when graphql-core answers otherwise."""
        answer = await super().send(query, **variables)
        if not self._reference.wants(query):
            return answer
        self._reference.compared[query] += 1
        deadline = asyncio.get_running_loop().time() + SECONDS
        while True:
            token = self.headers.get("authorization")
            expected = await self._reference.answer(token, query, variables)
            if _read(answer.content) == _read(expected):
                return answer
            # Something may have happened between the two.
            late = asyncio.get_running_loop().time() > deadline
            assert not late, (query, answer.content, expected)
            answer = await super().send(query, **variables)
