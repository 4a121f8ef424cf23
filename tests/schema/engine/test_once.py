"""An object that several parents share is completed once, where it has nothing but attributes."""

from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from schema.engine import as_plain
from schema.transport import Schema


@dataclass
class Sum:
    amount: int
    asked: int = 0


@dataclass
class Priced:
    price: Sum
    maybe: Sum | None


def again(value: strawberry.Parent[Sum]) -> int:
    value.asked += 1
    return value.asked


@strawberry.type
class Amount:
    amount: int
    again = strawberry.field(resolver=again, graphql_type=int)


@strawberry.type
class Thing:
    price: Amount
    maybe: Amount | None


def things() -> list[Priced]:
    one, other = Sum(1), Sum(2)
    return [
        Priced(one, one),
        Priced(one, None),
        Priced(other, one),
        Priced(one, one),
        Priced(one, other),
    ]


@strawberry.type
class Query:
    things = strawberry.field(resolver=things, graphql_type=list[Thing])


async def ask(text: str, engine: bool) -> Any:
    result = await Schema(Query, engine=engine).execute(text)
    assert result.errors is None
    assert result.data is not None
    return result.data["things"]


@pytest.mark.parametrize(
    "text",
    [
        "{ things { price { amount } maybe { amount } } }",
        "{ things { price { amount again } maybe { amount } } }",
        "{ things { maybe { amount again } price { __typename x: amount amount } } }",
    ],
)
async def test_the_answer_is_the_same(text: str) -> None:
    assert await ask(text, True) == await ask(text, False)


async def test_neighbours_share_what_was_completed() -> None:
    schema = Schema(Query)
    operation = schema.documents.prepare("{ things { price { amount } } }").operation(None)
    result = await schema.run(operation, schema.documents.check(operation, None), None)
    data: Any = result.data
    first, second, third, fourth, _ = (thing.v0 for thing in data.v0)
    assert first is second
    assert third is not fourth
    assert as_plain([third, fourth]) == [{"amount": 2}, {"amount": 1}]
