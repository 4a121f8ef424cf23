"""Arguments, and inputs within them, of literals and variables: as graphql-core makes them."""

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import FieldNode
from graphql.execution.collect_fields import FieldDetails

from schema.engine.argument_values import arguments_of
from schema.transport import Schema


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.input
class Size:
    wide: int
    high: int | None = 7
    colour: Colour = Colour.RED


@strawberry.input
class Wish:
    size: Size
    other: Size | None = None
    sizes: list[Size] | None = None
    names: list[str | None] = strawberry.field(default_factory=list)
    colours: list[Colour] | None = None
    text: str | None = strawberry.UNSET


def wish(of: Wish | None = None, number: int = 3, ids: list[int] | None = None) -> str:
    return repr((of, number, ids))


@strawberry.type
class Query:
    wish = strawberry.field(resolver=wish, graphql_type=str)


SCHEMAS = [Schema(Query, engine=engine) for engine in (True, False)]
SIZE = {"wide": 1, "high": 2}

CASES: list[tuple[str, list[dict[str, Any]]]] = [
    ("query ($a: Int) { wish(number: $a) }", [{}, {"a": 1}, {"a": None}]),
    ("query ($a: Int!) { wish(of: {size: {wide: $a}}) }", [{"a": 1}, {"a": 2}]),
    ("query ($a: Int!, $b: Int) { wish(of: {size: {wide: $a, high: $b}}) }",
     [{"a": 1}, {"a": 1, "b": None}, {"a": 1, "b": 5}]),
    ("query ($c: Colour! = BLUE) { wish(of: {size: {wide: 1, colour: $c}}) }",
     [{}, {"c": "RED"}]),
    ("query ($s: Size!) { wish(of: {size: $s, other: $s, sizes: [$s, {wide: 3}]}) }",
     [{"s": SIZE}]),
    ("query ($s: Size) { wish(of: {size: {wide: 1}, other: $s}, number: 4) }",
     [{"s": SIZE}, {"s": None}, {}]),
    ("query ($n: String) { wish(of: {size: {wide: 1}, names: [$n, \"x\", null]}) }",
     [{"n": "y"}, {"n": None}, {}]),
    ("query ($n: [String]!) { wish(of: {size: {wide: 1}, names: $n, text: null}) }",
     [{"n": ["y", None]}, {"n": []}]),
    ("query ($t: String) { wish(of: {size: {wide: 1}, text: $t, colours: [RED, BLUE]}) }",
     [{"t": "y"}, {"t": None}, {}]),
    ("query ($i: Int!) { wish(ids: [1, $i]) a: wish(ids: 2) b: wish(ids: []) }", [{"i": 4}]),
    ("query ($i: Int) { wish(ids: [1, $i]) }", [{"i": 4}]),
    ("query ($w: Wish) { wish(of: $w) }", [{}, {"w": {"size": SIZE}}, {"w": None}]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "variables"), [(text, each) for text, several in CASES for each in several]
)
async def test_resolvers_are_given_what_graphql_core_would_give(
    text: str, variables: dict[str, Any]
) -> None:
    fast, core = [await schema.execute(text, variables) for schema in SCHEMAS]
    assert fast.data == core.data
    assert [error.message for error in fast.errors or ()] == [
        error.message for error in core.errors or ()
    ]


async def test_requests_share_no_list_and_no_input() -> None:
    seen: list[Any] = []

    def kept(ids: list[int]) -> int:
        seen.append(ids)
        ids.append(9)
        return len(ids)

    @strawberry.type
    class Keeps:
        keep = strawberry.field(resolver=kept, graphql_type=int)

    schema = Schema(Keeps)
    for _ in range(2):
        result = await schema.execute("query ($i: Int!) { keep(ids: [1, $i]) }", {"i": 2})
        assert result.data == {"keep": 3}
    assert seen[0] is not seen[1]


def test_the_short_way_is_taken() -> None:
    """Objects and lists with variables in them are made here, not by graphql-core."""
    schema = SCHEMAS[0]
    text = "query ($a: Int!) { wish(of: {size: {wide: $a}, sizes: [{wide: $a}]}, ids: [$a]) }"
    operation = schema.documents.prepare(text).operation(None)
    (node,) = operation.node.selection_set.selections
    assert isinstance(node, FieldNode)
    query = schema._schema.query_type
    assert query is not None
    make = arguments_of(query.fields["wish"], FieldDetails(node, None))
    assert make is not None
    size = {"wide": 4, "high": 7, "colour": Colour.RED}
    first, second = make({"a": 4}), make({"a": 4})
    assert first == {
        "of": {"size": size, "other": None, "sizes": [size], "names": [], "colours": None},
        "number": 3,
        "ids": [4],
    }
    assert first["of"]["names"] is not second["of"]["names"]
