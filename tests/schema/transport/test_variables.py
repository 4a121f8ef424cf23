"""Variables are coerced as graphql-core would, or left to it."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import VariableValues, get_variable_values

from schema.transport.variables import coercion

SCHEMA = build_schema(
    """
    enum Colour { RED GREEN }
    input Point { x: Int!, y: Int = 3, tags: [String!], colour: Colour }
    input Tree { name: String, below: [Tree!] }
    input Either @oneOf { a: Int, b: Int }
    type Query {
      one(point: Point, list: [Int], tree: Tree, either: Either, id: ID, is: Boolean): Float
    }
    """
)

QUICK = [
    ("$i: Int", {"i": 1}),
    ("$i: Int", {"i": None}),
    ("$i: Int", {}),
    ("$i: Int", {"i": 1, "unknown": 2}),
    ("$i: Int = 5", {}),
    ("$i: Int = 5", {"i": None}),
    ("$i: Int! = 5", {}),
    ("$i: Int!, $s: String, $b: Boolean, $f: Float", {"i": 1, "s": "", "b": False, "f": 1}),
    ("$id: ID!", {"id": 7}),
    ("$c: Colour!", {"c": "RED"}),
    ("$p: Point", {"p": {"x": 1}}),
    ("$p: Point!", {"p": {"x": 1, "y": None, "tags": ["a", "b"], "colour": "GREEN"}}),
    ("$l: [Int]", {"l": [1, None, 2]}),
    ("$l: [[Int!]!]", {"l": [[1], []]}),
]
LEFT = [
    ("$i: Int!", {}),
    ("$i: Int!", {"i": None}),
    ("$i: Int", {"i": "1"}),
    ("$i: Int", {"i": True}),
    ("$i: Int", {"i": 2**31}),
    ("$i: Int! = 5", {"i": None}),
    ("$c: Colour", {"c": "BLUE"}),
    ("$c: Colour", {"c": []}),
    ("$p: Point", {"p": {}}),
    ("$p: Point", {"p": {"x": 1, "z": 2}}),
    ("$p: Point", {"p": {"x": None}}),
    ("$p: Point", {"p": [{"x": 1}]}),
    ("$l: [Int]", {"l": 1}),
    ("$l: [Int!]", {"l": [None]}),
    ("$t: Tree", {"t": {"name": "a", "below": [{"name": "b"}]}}),
    ("$e: Either", {"e": {"a": 1}}),
    ("$e: Either", {"e": {"a": 1, "b": 2}}),
    ("$n: Nothing", {"n": 1}),
]


def operation(variables: str) -> OperationDefinitionNode:
    (node,) = parse(f"query ({variables}) {{ one }}").definitions
    assert isinstance(node, OperationDefinitionNode)
    return node


@pytest.mark.parametrize(("variables", "given"), QUICK)
def test_what_fits_is_coerced_as_graphql_core_would(variables: str, given: dict[str, Any]) -> None:
    node = operation(variables)
    expected = get_variable_values(SCHEMA, node.variable_definitions or (), given)
    assert isinstance(expected, VariableValues)
    coerce = coercion(SCHEMA, node)
    assert coerce is not None
    found = coerce(given)
    assert found is not None
    assert found.coerced == expected.coerced
    assert list(found.coerced) == list(expected.coerced)
    assert {name: source.value for name, source in found.sources.items()} == {
        name: source.value for name, source in expected.sources.items()
    }


@pytest.mark.parametrize(("variables", "given"), LEFT)
def test_anything_else_is_left_to_graphql_core(variables: str, given: dict[str, Any]) -> None:
    coerce = coercion(SCHEMA, operation(variables))
    assert coerce is None or coerce(given) is None
