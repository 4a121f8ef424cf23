"""Plans: kept while they are used, shared by everybody, and holding nothing of anybody."""

import asyncio
import gc
import itertools
import tracemalloc
import weakref
from typing import Any

import pytest
from graphql import parse
from graphql.execution import execute
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from schema.engine import Engine, EngineExecutor
from schema.transport.documents import Documents
from tests.schema.engine.toy import Context, engine_of, make
from tests.schema.transport.toy import make_schema


async def test_variables_make_no_new_plans() -> None:
    schema = make(engine=True)
    for a in range(20):
        result = await schema.execute(
            "query ($a: Int!, $b: Int! = 1) { add(a: $a, b: $b) }", {"a": a, "b": a}
        )
        assert result.data == {"add": f"{a} {a} None"}
    assert len(engine_of(schema)) == 1
    assert engine_of(schema).counts == {"fast": 20}


async def test_conditions_make_plans_of_their_own() -> None:
    schema = make(engine=True)
    text = "query ($name: Boolean!) { cat { name @include(if: $name) mood } }"
    for name in (True, False, True, False):
        result = await schema.execute(text, {"name": name})
        assert set((result.data or {})["cat"]) == ({"name", "mood"} if name else {"mood"})
    assert len(engine_of(schema)) == 2


async def test_no_more_plans_than_fit() -> None:
    schema = make(engine=True)._schema
    executor = type("Executor", (EngineExecutor,), {"engine": Engine(schema, size=10)})
    for number in range(200):
        document = parse(f"query ($yes: Boolean!) {{ n{number}: __typename @include(if: $yes) }}")
        for yes in (True, False):
            execute(schema, document, variable_values={"yes": yes}, executor_class=executor)
    assert len(executor.engine) == 20  # type: ignore[attr-defined]


async def test_ever_different_documents_take_no_more_memory() -> None:
    schema = make_schema()
    # Smaller than they are, to be full soon.
    schema.documents = Documents(schema._schema, schema.limits, introspection=False, size=10)
    schema.engine = schema._executor.engine = Engine(schema._schema, size=10)
    numbers = itertools.count()

    async def ask(times: int) -> int:
        """Bytes in use after so many documents that nobody has sent before."""
        for number in itertools.islice(numbers, times):
            text = f"{{ books(first: 2) {{ edges {{ node {{ t{number}: title }} }} }} }}"
            assert (await schema.execute(text, context_value=None)).data
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        full = await ask(20)
        later = await ask(80)
    finally:
        tracemalloc.stop()
    assert schema.engine.counts == {"fast": 100}
    assert len(schema.engine) == 10
    # What 10 documents and plans take is most of it; 80 would be eight times that.
    assert later < full * 1.25


async def test_no_more_choices_of_one_document_than_fit() -> None:
    schema = make(engine=True)
    names = "abcdefgh"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @include(if: ${name})" for name in names)
    for number in range(2 ** len(names)):
        variables = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        result = await schema.execute(f"query ({declared}) {{ {fields} }}", variables)
        assert list(result.data or {}) == [name for name in names if variables[name]]
    assert len(engine_of(schema)) <= 8


async def test_no_plan_for_very_long_documents() -> None:
    schema = make(engine=True)
    text = "{ " + " ".join(f"a{number}: __typename" for number in range(2_000)) + " }"
    result = await schema.execute(text)
    assert len(result.data or {}) == 2_000
    assert len(engine_of(schema)) == 0
    assert engine_of(schema).counts == {"unsupported": 1}


async def test_a_plan_holds_nothing_of_the_request_that_it_was_made_for() -> None:
    schema = make(engine=True)
    text = """query ($s: String!) {
        animals { name keeper { name } together(suffix: $s) } things { __typename } }"""

    class Secret(str):
        __slots__ = ("__weakref__",)

    async def once() -> Any:
        context = Context("ann")
        await schema.execute(text, {"s": Secret("!")}, context_value=context)
        return weakref.ref(context)

    await once()
    context = await once()
    assert engine_of(schema).counts["fast"]
    # The loader's tasks end on the loop's next turns.
    await asyncio.sleep(0.01)
    gc.collect()
    assert context() is None


async def test_interleaved_requests_share_nothing_but_the_plan() -> None:
    schema = make(engine=True)
    text = """query ($s: String!) {
        user animals { keeper { name boss { name } } together(suffix: $s) } }"""

    async def ask(number: int) -> tuple[Context, ExecutionResult]:
        context = Context(f"user {number}")
        await asyncio.sleep(0.001 * (number % 5))
        return context, await schema.execute(text, {"s": f" {number}"}, context_value=context)

    await ask(0)
    await ask(0)
    engine_of(schema).counts.clear()
    for number, (context, result) in enumerate(await asyncio.gather(*map(ask, range(50)))):
        data: Any = result.data
        assert not result.errors
        assert data["user"] == f"user {number}"
        keepers = [animal["keeper"] for animal in data["animals"]]
        assert {keeper["boss"]["name"] for keeper in keepers} == {f"boss of user {number}"}
        assert [keeper["name"] for keeper in keepers] == [
            f"{name} of user {number}" for name in ("kim", "kim", "lou")
        ]
        assert all(animal["together"].endswith(f" {number}") for animal in data["animals"])
        assert context.batches == [["kim", "lou"], ["boss"]]
    assert engine_of(schema).counts == {"fast": 50}
    assert len(engine_of(schema)) == 1


class Watches(SchemaExtension):
    """Middleware: takes part in every field."""

    seen = 0

    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        Watches.seen += 1
        return _next(root, info, *args, **kwargs)


async def test_middleware_is_never_left_out() -> None:
    schema = make(engine=True)
    schema.extensions = (*schema.extensions, Watches)
    result = await schema.execute("{ cat { name mood } }")
    assert result.data
    assert Watches.seen == 3
    assert engine_of(schema).counts == {}


@pytest.mark.parametrize("text", ["{ animals { slowName } }", "{ animals { keeper { name } } }"])
async def test_cancelled_requests_leave_nothing_running(text: str) -> None:
    schema = make(engine=True)
    await schema.execute(text, context_value=Context())
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(schema.execute(text, context_value=Context()))
    for _ in range(2):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)
    # What the first had left to do may be done by now.
    assert asyncio.all_tasks() <= before
