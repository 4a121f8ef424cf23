"""Limits, deadlines, masking, permissions, tracing, contexts: the same with plans and without."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest
import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.permission import BasePermission
from structlog.testing import capture_logs

from schema.transport import Limits, Schema
from tests.schema.transport import toy
from tests.schema.transport.serving import Served, eventually, serving

GRAPHQL = "application/graphql-response+json"
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "data": ("{ hello books(first: 2) { edges { node { title author { name } } } } }", {}),
    "masked": ("query Q { broken hello }", {}),
    "not serialisable": ("{ unserialisable hello }", {}),
    "public": ("{ empty hello }", {}),
    "bad variable": ("query ($d: Day!) { echo(day: $d) }", {"d": "never"}),
    "null after all": ("query ($s: Float = 0.0) { slow(seconds: $s) }", {"s": None}),
    "no such field": ("{ nope }", {}),
    "no document": ("{", {}),
    "page too large": ("query ($n: Int!) { books(first: $n) { totalCount } }", {"n": 51}),
    "too deep": ("{ books { edges { node { " + "similar { " * 9 + "id" + " }" * 13, {}),
    "too many fields": ("{" + " ".join(f"a{n}: hello" for n in range(11)) + "}", {}),
    "too slow": ("{ hello slow(seconds: 30) }", {}),
    "introspection": ("{ __schema { queryType { name } } }", {}),
    "mutation": ('mutation { rename(title: "Ada") }', {}),
}


@pytest.fixture(scope="module")
async def both() -> AsyncIterator[list[Served]]:
    """The library, served with plans and without."""
    limits = Limits(deadline_seconds=0.3)
    async with (
        serving(limits=limits, introspection=False, engine=True) as fast,
        serving(limits=limits, introspection=False, engine=False) as core,
    ):
        yield [fast, core]


async def treated(served: Served, text: str, variables: dict[str, Any]) -> Any:
    """Status, headers, body and log lines, without the ids that are new each time."""
    toy.cancelled.clear()
    with capture_logs() as logs:
        answer = await served.post(
            {"query": text, "variables": variables}, accept=GRAPHQL, authorization="Bearer ada"
        )
    if "slow(seconds: 30)" in text:
        await eventually(lambda: toy.cancelled == ["slow"])
    body = answer.json()
    ids = [error.get("extensions", {}).pop("errorId", None) for error in body.get("errors", ())]
    noted = [(line["event"], line["log_level"], line.get("operation")) for line in logs]
    assert [line["error_id"] for line in logs if "error_id" in line] == [id for id in ids if id]
    return answer.status_code, answer.headers["content-type"], list(body), body, noted


@pytest.mark.parametrize(("text", "variables"), REQUESTS.values(), ids=REQUESTS)
async def test_requests_are_treated_the_same(
    both: list[Served], text: str, variables: dict[str, Any]
) -> None:
    fast, core = both
    expected = await treated(core, text, variables)
    for _ in range(2):
        assert await treated(fast, text, variables) == expected


async def test_each_operation_has_a_context_of_its_own(both: list[Served]) -> None:
    assert both[0].schema.engine is not None
    assert both[1].schema.engine is None
    for served in both:
        before = len(served.door.made)
        seen = [
            (await served.query("{ a: contextNumber b: contextNumber }"))["data"] for _ in range(3)
        ]
        assert all(each["a"] == each["b"] for each in seen)
        assert len({each["a"] for each in seen}) == 3
        assert len(served.door.made) == before + 3
    # By plans, where there are some.
    assert both[0].schema.engine.counts["fast"] >= 3


asked: list[str] = []


class IsAda(BasePermission):
    message = "Only Ada."
    error_extensions = {"code": "FORBIDDEN"}  # noqa: RUF012

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        asked.append(info.field_name)
        return bool(info.context.user == "ada")


@strawberry.type
class Diary:
    title: str
    secret: str = strawberry.field(permission_classes=[IsAda])


@strawberry.type
class Query:
    @strawberry.field
    def diaries(self) -> list[Diary]:
        return [Diary(title="1842", secret="steam"), Diary(title="1843", secret="notes")]

    own: Diary | None = strawberry.field(
        resolver=lambda: Diary(title="mine", secret="steam"),
        graphql_type=Diary | None,
        permission_classes=[IsAda],
    )


class Trace(SchemaExtension):
    """What a tracer hears of an operation."""

    heard: ClassVar[list[str]] = []

    def _note(self, what: str) -> Iterator[None]:
        self.heard.append(f"{what} begins")
        yield
        self.heard.append(f"{what} ends")

    def on_operation(self) -> Iterator[None]:
        yield from self._note(f"operation {self.execution_context.operation_name}")

    def on_parse(self) -> Iterator[None]:
        yield from self._note("parse")

    def on_validate(self) -> Iterator[None]:
        yield from self._note("validate")

    def on_execute(self) -> Iterator[None]:
        yield from self._note("execute")


SCHEMAS = [
    Schema(Query, engine=engine, extensions=extensions)
    for extensions in ((), (Trace,))
    for engine in (True, False)
]


@pytest.mark.parametrize("user", ["ada", "bob"])
@pytest.mark.parametrize(
    "text",
    [
        "query Q { diaries { title secret } own { title secret } }",
        "query Q { diaries { title } }",
        "query Q { own { title } nope }",
    ],
)
async def test_permissions_and_tracing(user: str, text: str) -> None:
    found = []
    for schema in SCHEMAS:
        for _ in range(2):
            asked.clear()
            Trace.heard.clear()
            result = await schema.execute(text, context_value=toy.Context(user), operation_name="Q")
            errors = [error.formatted for error in result.errors or ()]
            found.append((result.data, errors, set(asked), list(Trace.heard)))
    plain, traced = found[:4], found[4:]
    assert all(each == plain[-1] for each in plain)
    assert all(each == traced[-1] for each in traced)
    assert traced[0][:3] == plain[0][:3]
    assert not plain[0][3]
    assert traced[0][3][0] == "operation Q begins"
    assert ("FORBIDDEN" in str(plain[0][1])) == (user == "bob" and "secret" in text)
