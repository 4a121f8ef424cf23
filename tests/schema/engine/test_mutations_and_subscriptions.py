"""A mutation's resolvers run once each, in order, whatever becomes of what they return."""

from typing import Any

import pytest

from tests.schema.engine.toy import BROKEN, Context, engine_of, make, times_run

fast, core = make(engine=True), make(engine=False)

ANIMAL = "name legs shout slowName keeper { name boss { name } } friends { name legs shout }"
THREE = """mutation {
  a: change(note: "a") { note animals { ANIMAL } }
  b: changeAtOnce(note: "b") { note x: animals { name keeper { badge } } }
  number
  c: change(note: "c") { ...C }
  things { __typename ... on Stone { name heavy } ... on Cat { purr keeper { name } } }
} fragment C on Changed { note }""".replace("ANIMAL", ANIMAL)


async def run(schema: Any, text: str) -> tuple[Any, Any, list[str]]:
    times_run.clear()
    result = await schema.execute(text, context_value=Context())
    errors = [error.formatted for error in result.errors or ()]
    data = None if result.data is None else repr(result.data)
    return data, errors, list(times_run)


async def same(text: str) -> tuple[Any, Any, list[str]]:
    expected = await run(core, text)
    for _ in range(3):
        assert await run(fast, text) == expected
    return expected


async def test_each_runs_once_and_in_order() -> None:
    _, errors, ran = await same(THREE)
    assert not errors
    assert ran == ["a", "b", "number", "c", "things"]
    before = engine_of(fast).counts.copy()
    await run(fast, THREE)
    # Four fields have a selection.
    assert engine_of(fast).counts - before == {"fast": 4}


@pytest.mark.parametrize("how", BROKEN)
async def test_each_runs_once_when_completing_it_falls_back(how: str) -> None:
    text = f"""mutation {{
      a: change(note: "a") {{ note broken(how: "{how}") {{ {ANIMAL} }} }}
      b: changeAtOnce(note: "b") {{ note broken(how: "{how}") {{ {ANIMAL} mustShout }} }}
      c: change(note: "c") {{ broken(how: "{how}") {{ mustSlowName mood }} }} }}"""
    _, _, ran = await same(text)
    assert ran == ["a", "b", "c"]
    assert engine_of(fast).counts["abandoned"]


async def test_failures_of_the_mutation_itself() -> None:
    _, errors, ran = await same('mutation { fail { note } b: change(note: "b") { note } }')
    assert [error["path"] for error in errors] == [["fail"]]
    assert ran == ["fail", "b"]


async def test_mutations_that_no_plan_is_made_for() -> None:
    text = 'mutation { change(note: "a") { note animals { path } } }'
    _, errors, ran = await same(text)
    assert not errors
    assert ran == ["a"]


async def events(schema: Any, text: str) -> list[tuple[str, Any]]:
    source = await schema.subscribe(text, context_value=Context())
    return [
        (repr(result.data), [error.formatted for error in result.errors or ()])
        async for result in source
    ]


@pytest.mark.parametrize(
    "text",
    [
        "subscription { visitors { name mood keeper { name } slowName } }",
        "subscription { v: visitors { __typename mustSlowName ... on Cat { purr } } }",
        "subscription { ticks }",
    ],
)
async def test_events_are_the_same(text: str) -> None:
    expected = await events(core, text)
    engine_of(fast).counts.clear()
    for _ in range(3):
        assert await events(fast, text) == expected
    assert engine_of(fast).counts["fast"] > engine_of(fast).counts["abandoned"]
