"""Whatever is asked, the answer is graphql-core's: data, order of keys, errors, paths."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import strawberry

from tests.schema.engine.toy import BROKEN, Context, engine_of, make

ALL = """
  __typename name legs diet mood age height tame code tags maybeTags grid looseGrid weight
  shout slowName chosen extended together
"""
EVERYTHING = (
    ALL
    + """
  cub { name legs } body { weight height } keeper { name badge boss { name } }
  friends { name mood ... on Snake { hiss } friends { name legs shout slowName } }
"""
)
NEVER_NULL = """
  name legs mood cub { name mood } mustCub { name legs mustSlowName } mustKeeper { name }
  mustFriends { name mood mustShout mustSlowName mustFriends { legs mustShout mustSlowName } }
  mustShout mustSlowName
"""

FAST = {
    "plain fields": "{ cat { name legs diet mood age height tame code } }",
    "lists": "{ cat { tags maybeTags grid looseGrid } animals { tags } slowAnimals { grid } }",
    "everything": f"{{ animals {{ {EVERYTHING} }} slowAnimals {{ {ALL} }} }}",
    "never null": "{ cat { name mustKeeper { name boss { name boss { badge } } } } }",
    "typename": "{ __typename a: __typename cat { __typename b: name } things { __typename } }",
    "aliases": "{ one: cat { n: name m: mood } two: cat { n: mood m: name k: keeper { name } } }",
    "merged fields": """{
        cat { name keeper { name } } cat { keeper { badge } mood friends { name } }
        ... { cat { friends { mood } legs } } }""",
    "named fragments": """{ animals { ...A ...B } cat { ...A } }
        fragment A on Named { name }
        fragment B on Animal { name mood ...A keeper { ...A ... on Keeper { badge } } }""",
    "inline fragments": """{ animals { ... on Cat { purr name } ... on Snake { name hiss }
        ... on Named { name } ... { legs } } }""",
    "unions": """{ things { ... on Named { name } ... on Stone { name heavy }
        ... on Cat { purr cub { name } keeper { name } } } thing { ... on Stone { name } } }""",
    "fragments that miss": "{ things { ... on Snake { hiss } } thing { ...on Cat { purr } } }",
    "constant conditions": """{ cat { name @include(if: true) mood @include(if: false)
        legs @skip(if: true) age @skip(if: false) ... @include(if: false) { tame }
        ...F @skip(if: true) keeper { name @skip(if: true) badge } } }
        fragment F on Cat { code }""",
    "arguments": """{ a: add(a: 1) b: add(a: 1, b: 5) c: add(a: -3, c: 4) d: add(a: 1, c: null)
        cat { chosen(filter: {prefix: "x", diets: [MEAT]}) slowName(times: 3) }
        animals { together(suffix: "?") chosen(filter: {most: 3}) } }""",
    "defaults": '{ default(filter: {}) again: default(filter: {prefix: "p"}, moods: []) }',
    "extensions on a field": "{ animals { extended name } }",
    "selected fields": "{ animals { fields name } }",
    "a resolver for all": '{ animals { together x: together(suffix: "-") keeper { name } } }',
    "unannounced awaitable, once known": "{ unannounced user }",
}
SLOW = {
    "introspection": "{ __schema { queryType { name } } cat { name } }",
    "introspection of a type": '{ __type(name: "Cat") { fields { name } } }',
    "path": "{ animals { name path friends { path } } }",
}


async def ask(schema: strawberry.Schema, text: str, variables: Mapping[str, Any]) -> Any:
    """The answer as it would be encoded, and what was done for it."""
    context = Context("ann")
    result = await schema.execute(text, dict(variables), context_value=context)
    errors = [
        (error.formatted, type(error.original_error), str(error.original_error))
        for error in result.errors or ()
    ]
    return msgspec.json.encode(result.data), errors, context


fast, core = make(engine=True), make(engine=False)


async def same(text: str, variables: Mapping[str, Any] | None = None) -> list[Any]:
    """Asked twice, first to make the plan: both as graphql-core answers. Its errors."""
    expected_errors: list[Any]
    expected, expected_errors, _ = await ask(core, text, variables or {})
    for _ in range(2):
        data, errors, _ = await ask(fast, text, variables or {})
        assert data == expected
        assert errors == expected_errors
    return expected_errors


@pytest.mark.parametrize("text", FAST.values(), ids=FAST)
async def test_on_the_fast_path(text: str) -> None:
    engine = engine_of(fast)
    for _ in range(3):
        # Resolvers that return awaitables unannounced are found out one by one.
        await ask(fast, text, {})
    before = engine.counts.copy()
    assert not await same(text)
    assert engine.counts - before == {"fast": 2}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
async def test_off_the_fast_path(text: str) -> None:
    await same(text)
    before = engine_of(fast).counts.copy()
    assert not await same(text)
    # What no plan can do is not even tried again.
    assert engine_of(fast).counts - before == {"unsupported": 2}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("fields", [EVERYTHING, NEVER_NULL, ALL], ids=["all", "non-null", "flat"])
@pytest.mark.parametrize("root", ["broken", "mustBroken", "brokenCats", "brokenCatsOrNone"])
async def test_errors_at_every_depth(how: str, fields: str, root: str) -> None:
    await same(f'{{ before: user {root}(how: "{how}") {{ {fields} }} after: cat {{ name }} }}')


@pytest.mark.parametrize("how", BROKEN)
async def test_one_wrong_field_in_a_deep_place(how: str) -> None:
    for name in ("legs", "mood", "age mustAge", "mustWeigh", "mustCub { legs }", "tags", "grid"):
        await same(f'{{ cat {{ keeper {{ name }} }} broken(how: "{how}") {{ name {name} }} }}')


async def test_most_broken_animals_have_errors() -> None:
    """The cases above find something."""
    found = [
        how
        for how in BROKEN
        if await same(f'{{ brokenCats(how: "{how}") {{ {NEVER_NULL} {EVERYTHING} }} }}')
    ]
    assert len(found) > len(BROKEN) * 2 / 3


CONDITIONS = """query ($yes: Boolean!, $no: Boolean = false, $maybe: Boolean) {
  cat { name @include(if: $yes) mood @skip(if: $yes) legs @include(if: $no)
    keeper @skip(if: $no) { name badge @include(if: $yes) @skip(if: $no) }
    ...F @include(if: $yes) ... on Cat @skip(if: $yes) { purr } }
  things { ... on Cat { name purr @include(if: $yes) } ... @skip(if: $yes) { __typename } }
} fragment F on Cat { code tame @skip(if: $no) }"""


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("no", [True, False, None])
async def test_conditions_with_variables(yes: bool, no: bool | None) -> None:
    text = CONDITIONS.replace(", $maybe: Boolean", "")
    variables = {"yes": yes} if no is None else {"yes": yes, "no": no}
    before = engine_of(fast).counts.copy()
    assert not await same(text, variables)
    assert engine_of(fast).counts - before == {"fast": 2}


VARIABLES: list[tuple[str, dict[str, Any]]] = [
    ("query ($a: Int!) { add(a: $a) }", {"a": 3}),
    ("query ($a: Int!) { add(a: $a) }", {"a": "3"}),
    ("query ($a: Int!) { add(a: $a) }", {"a": None}),
    ("query ($a: Int!) { add(a: $a) }", {}),
    ("query ($a: Int! = 4, $b: Int! = 7) { add(a: $a, b: $b) }", {}),
    ("query ($a: Int! = 4, $b: Int! = 7) { add(a: $a, b: $b) }", {"b": 1}),
    ("query ($c: Int) { add(a: 1, c: $c) }", {}),
    ("query ($c: Int) { add(a: 1, c: $c) }", {"c": None}),
    ("query ($c: Int) { add(a: 1, c: $c) }", {"c": 9}),
    ("query ($b: Int = 2) { add(a: 1, b: $b) }", {"b": None}),
    ("query ($b: Int = 2) { add(a: 1, b: $b) }", {}),
    ("query ($f: Filter!) { default(filter: $f) }", {"f": {}}),
    ("query ($f: Filter!) { default(filter: $f) }", {"f": {"diets": ["MEAT"], "most": None}}),
    ("query ($f: Filter!) { default(filter: $f) }", {"f": {"diets": ["STONES"]}}),
    ("query ($f: Filter!) { default(filter: $f) }", {"f": {"unknown": 1}}),
    ("query ($d: [Diet!]!) { default(filter: {diets: $d}) }", {"d": "PLANTS"}),
    ("query ($m: [Mood!]! = [WILD]) { default(filter: {}, moods: $m) }", {}),
    ("query ($m: [Mood!]!) { default(filter: {}, moods: $m) }", {"m": ["CALM", "CALM"]}),
    ("query ($f: Filter) { animals { chosen(filter: $f) } }", {"f": {"most": 2}}),
    ("query ($f: Filter) { animals { chosen(filter: $f) } }", {}),
    ("query ($n: Int = 2) { animals { slowName(times: $n) friends { slowName(times: $n) } } }", {}),
    ("query ($s: String!) { animals { together(suffix: $s) } }", {"s": "~"}),
]


@pytest.mark.parametrize(("text", "variables"), VARIABLES)
async def test_variables(text: str, variables: dict[str, Any]) -> None:
    await same(text, variables)


@pytest.mark.parametrize("kind", ["stone", "cat", "number", "missing"])
async def test_unions_whose_type_cannot_be_told(kind: str) -> None:
    await same(f'{{ thing(kind: "{kind}") {{ __typename ... on Cat {{ purr }} }} user }}')


async def test_lists_nested_deeper_than_python_nests_loops() -> None:
    selection = "name"
    for _ in range(30):
        selection = f"name friends {{ {selection} }}"
    await same(f"{{ animals {{ {selection} }} }}")


async def test_resolvers_are_called_as_often_and_loads_are_batched_as_well() -> None:
    text = "{ animals { keeper { name badge boss { name } } together } }"
    _, _, core_context = await ask(core, text, {})
    for _ in range(2):
        _, _, context = await ask(fast, text, {})
        assert context.calls.count("badge") == core_context.calls.count("badge") == 3
        assert context.batches == core_context.batches == [["kim", "lou"], ["boss"]]
        # One call for each type, where graphql-core needs one for each animal.
        assert [call for call in context.calls if "together" in call] == [
            "together 2",
            "together 1",
        ]


def test_without_an_event_loop() -> None:
    text = "{ cat { name cub { name } } things { __typename } }"
    before = engine_of(fast).counts.copy()
    results = [schema.execute_sync(text, context_value=Context()) for schema in (core, fast)]
    assert results[0].data == results[1].data
    assert results[0].data is not None
    assert engine_of(fast).counts - before == {"fast": 1}
